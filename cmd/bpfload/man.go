package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"time"

	"github.com/spf13/cobra"
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
			return manPage(page, manDate(), con.out)
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
	return writeManTree(root, dir)
}

// writeManTree writes the page of cmd and those of its commands.
func writeManTree(cmd *cobra.Command, dir string) error {
	for _, c := range cmd.Commands() {
		if !c.IsAvailableCommand() || c.IsAdditionalHelpTopicCommand() {
			continue
		}
		if err := writeManTree(c, dir); err != nil {
			return err
		}
	}
	f, err := os.Create(filepath.Join(dir, manName(cmd)+".1"))
	if err != nil {
		return &usageError{err: err}
	}
	return errors.Join(manPage(cmd, manDate(), f), f.Close())
}

// manDate dates the pages by the commit, so that one source gives one page;
// without one SOURCE_DATE_EPOCH or today counts.
func manDate() time.Time {
	if info, ok := debug.ReadBuildInfo(); ok {
		if t, err := time.Parse(time.RFC3339, setting(info, "vcs.time")); err == nil {
			return t
		}
	}
	if n, err := strconv.ParseInt(os.Getenv("SOURCE_DATE_EPOCH"), 10, 64); err == nil {
		return time.Unix(n, 0).UTC()
	}
	return time.Now()
}
