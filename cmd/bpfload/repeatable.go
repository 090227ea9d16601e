package main

import (
	"strings"

	"github.com/spf13/pflag"
)

// repeated is the value of a flag that may be given several times. pflag's own
// makes a writer of comma-separated values of 4 KiB for each flag that there is.
type repeated []string

func repeatable(fs *pflag.FlagSet, list *[]string, name, usage string) {
	fs.Var((*repeated)(list), name, usage)
}

// Set adds an occurrence.
func (r *repeated) Set(s string) error {
	*r = append(*r, s)
	return nil
}

// Type is pflag's name for it, by which cobra knows that it is offered again.
func (r *repeated) Type() string { return "stringArray" }

func (r *repeated) String() string { return strings.Join(*r, " ") }
