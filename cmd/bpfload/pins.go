package main

import (
	"fmt"
	"io/fs"
	"slices"
	"strconv"

	"github.com/spf13/pflag"

	"github.com/bpfload/bpfload/elfload"
)

// pinFlags say how pins are made.
type pinFlags struct{ mode, access, group string }

func (f *pinFlags) add(fs *pflag.FlagSet) {
	fs.StringVar(&f.mode, "pin-mode", string(elfload.PinReuse), "about pinned maps: reuse those that are there, create all, or all must-exist: `reuse|create|must-exist`")
	fs.StringVar(&f.access, "mode", "", "permissions of the pins that are made, `OCTAL`, and of new directories with the right to search them (default 0600 and 0700)")
	fs.StringVar(&f.group, "group", "", "group `NAME` or number that owns the pins and directories that are made")
}

// set puts the flags into the options.
func (f *pinFlags) set(o *elfload.Options) error {
	o.PinMode = elfload.PinMode(f.mode)
	if !slices.Contains(elfload.PinModes(), o.PinMode) {
		return &usageError{err: fmt.Errorf("--pin-mode %q is none of %v", f.mode, elfload.PinModes())}
	}
	if f.access != "" {
		n, err := strconv.ParseUint(f.access, 8, 32)
		if err != nil || n == 0 || n > 0o777 {
			return &usageError{err: fmt.Errorf("--mode %q is not an octal mode from 1 to 777", f.access)}
		}
		o.PinAccess.Mode = fs.FileMode(n)
	}
	if f.group != "" {
		gid, err := lookupGroup(f.group)
		if err != nil {
			return &usageError{err: fmt.Errorf("--group: %w", err)}
		}
		o.PinAccess.Group = &gid
	}
	return nil
}
