package main

import (
	"fmt"
	"strings"

	"github.com/spf13/pflag"

	"github.com/bpfload/bpfload/elfload"
)

// attachFlags say what is attached.
type attachFlags struct {
	sections bool
	to       []string
}

func (f *attachFlags) add(fs *pflag.FlagSet) {
	fs.BoolVar(&f.sections, "attach", false, "attach the programs whose section says where, and struct_ops maps; with --pin for good, else while they are held")
	repeatable(fs, &f.to, "attach-to", "attach a program, `PROG=KIND:PLACE`: xdp:eth0, tcx-ingress:eth0, cgroup:/sys/fs/cgroup/web, … (listed below); repeatable")
}

// set puts the flags into the options.
func (f *attachFlags) set(o *elfload.Options) error {
	o.Attach.Sections = f.sections
	for _, s := range f.to {
		program, target, err := pair("attach-to", "PROG=KIND:PLACE", s)
		if err != nil {
			return err
		}
		o.Attach.To = append(o.Attach.To, elfload.AttachTo{Program: program, Target: target})
	}
	return nil
}

// attachHelp lists what --attach-to takes.
func attachHelp() string {
	var b strings.Builder
	b.WriteString("\n\nPlaces of programs, for --attach-to PROG=KIND:PLACE:\n\n")
	for _, k := range elfload.AttachKinds() {
		fmt.Fprintf(&b, "    %-33s %s\n", k.Name+":"+k.Form, k.Summary)
	}
	return strings.TrimRight(b.String(), "\n")
}
