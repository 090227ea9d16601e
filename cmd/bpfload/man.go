package main

import (
	"fmt"
	"os"
	"runtime/debug"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
)

func newManCmd(con *console) *cobra.Command {
	var dir string
	cmd := &cobra.Command{
		Use:     "man [COMMAND]",
		Short:   "print a manual page, or write all of them",
		Long:    `man prints the manual page of bpfload or of one of its commands, or writes all pages into a directory.`,
		Example: "  bpfload man | man -l -\n  bpfload man --dir /usr/local/share/man/man1",
		Args:    manArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			root := cmd.Root()
			if dir != "" {
				return writeManPages(root, dir)
			}
			page, _, err := root.Find(args)
			if err != nil || (len(args) == 1 && page == root) {
				return &usageError{err: fmt.Errorf("there is no command %q", args[0]), hint: seeHelp(root)}
			}
			page.InitDefaultHelpFlag()
			page.DisableAutoGenTag = true
			return doc.GenMan(page, manHeader(), con.out)
		},
	}
	cmd.Flags().StringVar(&dir, "dir", "", "write every page into directory `DIR`, which is made if it is missing")
	return cmd
}

func manArgs(cmd *cobra.Command, args []string) error {
	dir := cmd.Flags().Changed("dir")
	if len(args) > 1 || (dir && len(args) > 0) {
		return &usageError{err: fmt.Errorf("man takes one command or --dir"), hint: seeHelp(cmd)}
	}
	return nil
}

func writeManPages(root *cobra.Command, dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return &usageError{err: err}
	}
	root.DisableAutoGenTag = true
	return doc.GenManTree(root, manHeader(), dir)
}

// manHeader dates the pages by the commit, so that one source gives one page;
// without one SOURCE_DATE_EPOCH or today counts.
func manHeader() *doc.GenManHeader {
	h := &doc.GenManHeader{Section: "1", Source: "bpfload", Manual: "bpfload"}
	if info, ok := debug.ReadBuildInfo(); ok {
		if t, err := time.Parse(time.RFC3339, setting(info, "vcs.time")); err == nil {
			h.Date = &t
		}
	}
	return h
}
