package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/bpfload/bpfload/elfload"
)

// commands are those of bpfload but cobra's own, help and completion.
var commands = [...]struct {
	name string
	make func(*console) *cobra.Command
}{
	{"load", newLoadCmd}, {"run", newRunCmd}, {"check", newCheckCmd}, {"compare", newCompareCmd}, {"inspect", newInspectCmd},
	{"plan", newPlanCmd}, {"convert", newConvertCmd}, {"diff", newDiffCmd}, {"version", newVersionCmd}, {"man", newManCmd},
}

// newRootFor is the part of newRootCmd that these arguments need: a command that is
// named at once, or none where an object is. All of them are half the start of a
// process that loads a small object.
func newRootFor(con *console, args []string) *cobra.Command {
	if len(args) == 0 || args[0] == "man" || slices.ContainsFunc(args, asksForTexts) {
		return newRootCmd(con)
	}
	for _, c := range commands {
		if c.name == args[0] {
			root := newBareRoot(con)
			root.AddCommand(c.make(con))
			return root
		}
	}
	if looksLikeFile(args[0]) && args[0][0] != '-' {
		return newObjectRoot(con)
	}
	return newRootCmd(con)
}

// asksForTexts tells of --help, --version and their letters, beside others or not.
func asksForTexts(arg string) bool {
	if strings.HasPrefix(arg, "--") {
		return strings.HasPrefix(arg, "--help") || strings.HasPrefix(arg, "--version")
	}
	return strings.HasPrefix(arg, "-") && strings.ContainsAny(arg, "hv")
}

// newRootCmd is bpfload with all its commands.
func newRootCmd(con *console) *cobra.Command {
	con.texts = true
	cmd := newObjectRoot(con)
	for _, c := range commands {
		cmd.AddCommand(c.make(con))
	}
	refuseUnknown(cmd)
	return cmd
}

// newObjectRoot is `bpfload OBJ`, which is `bpfload load OBJ`.
func newObjectRoot(con *console) *cobra.Command {
	f := &loadFlags{}
	cmd := newBareRoot(con)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return runLoad(cmd.Context(), con, args[0], f)
	}
	f.add(cmd.Flags())
	f.addLoadOnly(cmd.Flags())
	completeFlags(con, cmd)
	return cmd
}

// newBareRoot is what all commands share.
func newBareRoot(con *console) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "bpfload OBJ",
		Short: "load BPF objects, legacy and BTF map definitions alike",
		Long: `bpfload reads a BPF ELF object as clang wrote it, creates its maps in the order of
their definitions, fills them, loads its programs and prints the map_data table.

"bpfload OBJ" is the same as "bpfload load OBJ".
` + con.lists(statusHelp+"\n", dialectHelp, attachHelp),
		Example:       "  bpfload filter.o\n  bpfload inspect filter.o\n  bpfload filter.o --pin /sys/fs/bpf/filter",
		Version:       con.lists("", buildVersion),
		SilenceErrors: true,
		SilenceUsage:  true,
		Args: func(cmd *cobra.Command, args []string) error {
			if err := oneObject(cmd, args); err != nil {
				return err
			}
			return knownWord(cmd, args[0])
		},
		PersistentPreRun: func(*cobra.Command, []string) { con.started = true },
		// Names of commands are completed too, so the shell completes all files.
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return nil, cobra.ShellCompDirectiveDefault
		},
	}
	cmd.SuggestionsMinimumDistance = 2 // for knownWord
	cmd.SetOut(con.out)
	cmd.SetErr(con.err)
	cmd.SetVersionTemplate("bpfload {{.Version}}\n")
	cmd.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return &usageError{err: err, hint: seeHelp(cmd)}
	})
	return cmd
}

// refuseUnknown makes wrong usage of what cobra's own commands answer with help
// and status 0: an unknown shell, help on an unknown command.
func refuseUnknown(root *cobra.Command) {
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	for _, cmd := range root.Commands() {
		switch cmd.Name() {
		case "completion":
			cmd.Args = cobra.ArbitraryArgs
			cmd.RunE = func(cmd *cobra.Command, args []string) error {
				return &usageError{err: fmt.Errorf("completion is for bash, zsh, fish or powershell, not %q", args), hint: seeHelp(cmd)}
			}
		case "help":
			cmd.Run = nil
			cmd.RunE = func(_ *cobra.Command, args []string) error {
				page, _, err := root.Find(args)
				if err != nil || (page == root && len(args) > 0) {
					return &usageError{err: fmt.Errorf("there is no command %q", args[0]), hint: seeHelp(root)}
				}
				page.InitDefaultHelpFlag()
				return page.Help()
			}
		}
	}
}

const statusHelp = `
Exit status:

    0  done
    1  anything else
    2  wrong usage
    3  the object is malformed, or a definition in it is not valid
    4  privilege is missing
    5  the kernel lacks a feature, or refused a map
    6  the verifier rejected a program
    7  a pinned map is not compatible`

// dialectHelp lists what --dialect takes.
func dialectHelp() string {
	var b strings.Builder
	// Four blanks make a block of it in manual pages.
	b.WriteString("\nDialects of legacy definitions, for --dialect:\n\n")
	row := func(name, summary string) { fmt.Fprintf(&b, "    %-13s %s\n", name, summary) }
	row("auto", "find out (default)")
	for _, d := range elfload.Dialects() {
		row(d.Name, d.Summary)
	}
	return strings.TrimRight(b.String(), "\n")
}

func seeHelp(cmd *cobra.Command) string {
	return fmt.Sprintf("%s --help tells what it takes", cmd.CommandPath())
}

// oneObject is the Args of commands that take one object.
func oneObject(cmd *cobra.Command, args []string) error {
	switch len(args) {
	case 0:
		return &usageError{err: errors.New("no object file given"), hint: seeHelp(cmd)}
	case 1:
		return nil
	}
	return &usageError{err: fmt.Errorf("one object file is loaded at a time, not %d", len(args)), hint: seeHelp(cmd)}
}

// knownWord refuses a word that is neither a file nor looks like one: most
// likely a command was meant.
func knownWord(cmd *cobra.Command, word string) error {
	if looksLikeFile(word) {
		return nil
	}
	hint := seeHelp(cmd)
	if like := cmd.SuggestionsFor(word); len(like) > 0 {
		hint = fmt.Sprintf("did you mean %q?", like[0])
	}
	return &usageError{err: fmt.Errorf("%q is neither a command nor a file", word), hint: hint}
}

func looksLikeFile(word string) bool {
	if strings.ContainsAny(word, "./") {
		return true
	}
	_, err := os.Stat(word)
	return !errors.Is(err, fs.ErrNotExist)
}
