package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"
)

func newVersionCmd(con *console) *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "print the version",
		Args:  noArgs,
		RunE: func(*cobra.Command, []string) error {
			fmt.Fprintf(con.out, "bpfload %s\n", buildVersion())
			return nil
		},
	}
}

// buildVersion is the module's version, the revision where the build knows it,
// and what it was built with and for.
func buildVersion() string {
	version, revision := "(unknown)", ""
	if info, ok := debug.ReadBuildInfo(); ok {
		if info.Main.Version != "" {
			version = info.Main.Version
		}
		revision = setting(info, "vcs.revision")
		if revision != "" && setting(info, "vcs.modified") == "true" {
			revision += "+dirty"
		}
	}
	parts := []string{version}
	if revision != "" {
		parts = append(parts, revision)
	}
	return strings.Join(append(parts, runtime.Version(), runtime.GOOS+"/"+runtime.GOARCH), " ")
}

// setting is one build setting, "" if it was not recorded.
func setting(info *debug.BuildInfo, key string) string {
	for _, s := range info.Settings {
		if s.Key == key {
			return s.Value
		}
	}
	return ""
}

func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return &usageError{err: fmt.Errorf("%s takes no argument, and was given %q", cmd.Name(), args[0]), hint: seeHelp(cmd)}
}
