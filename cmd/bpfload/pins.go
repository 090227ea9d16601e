package main

import (
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/pflag"

	"github.com/bpfload/bpfload/elfload"
)

// pinFlags say how pins are made.
type pinFlags struct{ mode, access, group string }

func (f *pinFlags) add(fs *pflag.FlagSet) {
	addPinMode(fs, &f.mode)
	fs.StringVar(&f.access, "mode", "", "permissions of the pins that are made, `OCTAL`, and of new directories with the right to search them (default 0600 and 0700)")
	fs.StringVar(&f.group, "group", "", "group `NAME` or number that owns the pins and directories that are made")
}

func addPinMode(fs *pflag.FlagSet, mode *string) {
	fs.StringVar(mode, "pin-mode", string(elfload.PinReuse), "about pinned maps: reuse those that are there, create all, or all must-exist: `reuse|create|must-exist`")
}

// pinMode is --pin-mode.
func pinMode(mode string) (elfload.PinMode, error) {
	if !slices.Contains(elfload.PinModes(), elfload.PinMode(mode)) {
		return "", &usageError{err: fmt.Errorf("--pin-mode %q is none of %v", mode, elfload.PinModes())}
	}
	return elfload.PinMode(mode), nil
}

// set puts the flags into the options.
func (f *pinFlags) set(o *elfload.Options) error {
	var err error
	if o.PinMode, err = pinMode(f.mode); err != nil {
		return err
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

const onMismatchUsage = "about a pinned map that is not compatible: fail (default), replace it, or migrate its entries to the new map; `[MAP=]fail|replace|migrate`; repeatable"

// setMismatch puts --on-mismatch into the options.
func setMismatch(o *elfload.Options, texts []string) error {
	for _, s := range texts {
		name, what := "", s
		if i := strings.LastIndexByte(s, '='); i >= 0 {
			name, what = s[:i], s[i+1:]
		}
		m := elfload.Mismatch(what)
		if !slices.Contains(elfload.Mismatches(), m) || (name == "" && what != s) {
			return &usageError{err: fmt.Errorf("--on-mismatch %q is not of the form [MAP=]fail|replace|migrate", s)}
		}
		if name == "" {
			o.OnMismatch = m
		} else {
			o.OnMismatchOf = append(o.OnMismatchOf, elfload.MapMismatch{Map: name, OnMismatch: m})
		}
	}
	return nil
}

// migration draws how far the copying of a map's entries has come, where standard
// error is a terminal.
func (c *console) migration() func(elfload.Progress) {
	if !c.errColour {
		return nil
	}
	return func(p elfload.Progress) {
		if p.Part >= 1 {
			fmt.Fprint(c.err, "\r\x1b[K")
			return
		}
		full := int(progressWidth * p.Part)
		fmt.Fprintf(c.err, "\r\x1b[Kmigrating %s [%s%s] %3.0f%% %d entries", quoteCell(p.Map),
			strings.Repeat("█", full), strings.Repeat("·", progressWidth-full), 100*p.Part, p.Entries)
	}
}
