package main

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/bpfload/bpfload/elfload"
)

// completeObject completes the one object of a command.
func completeObject(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return []string{"o"}, cobra.ShellCompDirectiveFilterFileExt
}

// completeObjects completes any number of objects.
func completeObjects(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return []string{"o"}, cobra.ShellCompDirectiveFilterFileExt
}

// completers suggest values of flags: what stands before the equals sign comes
// from the object, if the command line has one already.
var completers = []struct {
	flag  string
	words func(*elfload.Object) []string
}{
	{"var", func(o *elfload.Object) (words []string) {
		for _, g := range o.Globals() {
			words = append(words, g.Name+"=")
		}
		return words
	}},
	{"vary", func(o *elfload.Object) (words []string) {
		for _, g := range o.Globals() {
			words = append(words, g.Name+"=")
		}
		return words
	}},
	{"expect-fail", func(o *elfload.Object) (words []string) {
		for i := range o.Programs {
			words = append(words, o.Programs[i].Name+"=program:")
		}
		return words
	}},
	{"map", func(o *elfload.Object) (words []string) {
		for i := range o.Maps {
			for _, field := range elfload.MapFields() {
				words = append(words, o.Maps[i].Name+"."+field+"=")
			}
		}
		return words
	}},
	{"type", func(o *elfload.Object) (words []string) {
		for i := range o.Programs {
			words = append(words, o.Programs[i].Name+"=")
		}
		return words
	}},
	{"inner", func(o *elfload.Object) (words []string) {
		for i := range o.Maps {
			words = append(words, o.Maps[i].Name+"=")
		}
		return words
	}},
	{"read-only", func(o *elfload.Object) (words []string) {
		for i := range o.Maps {
			words = append(words, o.Maps[i].Name)
		}
		return words
	}},
	{"attach-to", func(o *elfload.Object) (words []string) {
		for i := range o.Programs {
			for _, k := range elfload.AttachKindsOf(&o.Programs[i]) {
				words = append(words, o.Programs[i].Name+"="+k.Name+":")
			}
		}
		return words
	}},
	{"autoload", func(o *elfload.Object) (words []string) {
		for i := range o.Programs {
			if !o.Programs[i].Autoload {
				words = append(words, o.Programs[i].Name)
			}
		}
		return words
	}},
}

// completeFlags registers completions for those flags that the command has.
func completeFlags(con *console, cmd *cobra.Command) {
	if !con.texts {
		return
	}
	register := func(flag string, f cobra.CompletionFunc) {
		if cmd.Flags().Lookup(flag) != nil {
			cobra.CheckErr(cmd.RegisterFlagCompletionFunc(flag, f)) // fails for unknown flags only
		}
	}
	for _, c := range completers {
		register(c.flag, func(_ *cobra.Command, args []string, prefix string) ([]string, cobra.ShellCompDirective) {
			return objectWords(args, prefix, c.words), cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
		})
	}
	register("dialect", func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		words := []string{"auto\tfind out"}
		for _, d := range elfload.Dialects() {
			words = append(words, d.Name+"\t"+d.Summary)
		}
		return words, cobra.ShellCompDirectiveNoFileComp
	})
	for _, dir := range []string{"pin", "bpffs", "token"} {
		register(dir, func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return nil, cobra.ShellCompDirectiveFilterDirs
		})
	}
}

// objectWords are the printable words that begin with the prefix, of the first
// object on the command line.
func objectWords(args []string, prefix string, words func(*elfload.Object) []string) []string {
	if len(args) == 0 {
		return nil
	}
	obj, err := elfload.Open(args[0])
	if err != nil {
		return nil
	}
	var out []string
	for _, w := range words(obj) {
		if strings.HasPrefix(w, prefix) && elfload.Printable(w) {
			out = append(out, w)
		}
	}
	return out
}
