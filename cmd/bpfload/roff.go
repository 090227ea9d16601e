package main

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// manPage writes the manual page of a command in man(7)'s macros. cobra's own
// generator brings a Markdown parser whose tables every start of the program would
// wait for.
func manPage(cmd *cobra.Command, date time.Time, w io.Writer) error {
	cmd.InitDefaultHelpCmd()
	cmd.InitDefaultHelpFlag()
	out := bufio.NewWriter(w)
	name := manName(cmd)
	_, _ = fmt.Fprintf(out, ".TH \"%s\" \"1\" \"%s\" \"bpfload\" \"bpfload\"\n", strings.ToUpper(name), date.Format("Jan 2006"))
	_, _ = fmt.Fprintf(out, ".SH NAME\n%s \\- %s\n", roff(name), roff(cmd.Short))
	_, _ = fmt.Fprintf(out, ".SH SYNOPSIS\n.B %s\n.SH DESCRIPTION\n", roff(cmd.UseLine()))
	manText(out, cmp.Or(cmd.Long, cmd.Short))
	manFlags(out, "OPTIONS", cmd.NonInheritedFlags())
	manFlags(out, "OPTIONS INHERITED FROM PARENT COMMANDS", cmd.InheritedFlags())
	if cmd.Example != "" {
		_, _ = fmt.Fprintf(out, ".SH EXAMPLE\n.EX\n%s\n.EE\n", roff(cmd.Example))
	}
	manSeeAlso(out, cmd)
	return out.Flush()
}

// manName is "bpfload-plan" for `bpfload plan`.
func manName(cmd *cobra.Command) string { return strings.ReplaceAll(cmd.CommandPath(), " ", "-") }

// roff escapes text, so that no line of it is a request and hyphens stay what
// they are.
func roff(text string) string {
	text = strings.NewReplacer(`\`, `\e`, "-", `\-`).Replace(text)
	lines := strings.Split(text, "\n")
	for i, l := range lines {
		if strings.HasPrefix(l, ".") || strings.HasPrefix(l, "'") {
			lines[i] = `\&` + l
		}
	}
	return strings.Join(lines, "\n")
}

// manText writes paragraphs; lines that begin with a blank are kept as they are.
func manText(out io.Writer, text string) {
	verbatim := false
	for line := range strings.Lines(strings.TrimSpace(text)) {
		line = strings.TrimRight(line, "\n")
		switch indented := strings.HasPrefix(line, " "); {
		case line == "" && verbatim:
			_, _ = fmt.Fprintln(out)
			continue
		case line == "":
			_, _ = fmt.Fprintln(out, ".PP")
			continue
		case indented != verbatim:
			verbatim = indented
			request := ".EE"
			if verbatim {
				request = ".EX"
			}
			_, _ = fmt.Fprintln(out, request)
		}
		_, _ = fmt.Fprintln(out, roff(line))
	}
	if verbatim {
		_, _ = fmt.Fprintln(out, ".EE")
	}
}

func manFlags(out io.Writer, title string, flags *pflag.FlagSet) {
	if !flags.HasAvailableFlags() {
		return
	}
	_, _ = fmt.Fprintf(out, ".SH %s\n", title)
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Hidden || f.Deprecated != "" {
			return
		}
		value, usage := pflag.UnquoteUsage(f)
		name := "--" + f.Name
		if f.Shorthand != "" {
			name = "-" + f.Shorthand + ", " + name
		}
		if value != "" {
			name += " " + value
		}
		_, _ = fmt.Fprintf(out, ".TP\n.B %s\n%s", roff(name), roff(usage))
		if d := f.DefValue; d != "" && d != "[]" && d != "false" && d != "0" {
			_, _ = fmt.Fprintf(out, " (default %s)", roff(d))
		}
		_, _ = fmt.Fprintln(out)
	})
}

func manSeeAlso(out io.Writer, cmd *cobra.Command) {
	var pages []string
	if cmd.HasParent() {
		pages = append(pages, manName(cmd.Parent()))
	}
	for _, c := range cmd.Commands() { // cobra keeps them sorted
		if c.IsAvailableCommand() && !c.IsAdditionalHelpTopicCommand() {
			pages = append(pages, manName(c))
		}
	}
	if len(pages) == 0 {
		return
	}
	for i, p := range pages {
		pages[i] = fmt.Sprintf(".BR %s (1)", roff(p))
	}
	_, _ = fmt.Fprintf(out, ".SH SEE ALSO\n%s\n", strings.Join(pages, ",\n"))
}
