//go:build linux

package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
)

// options are the command line's.
type options struct {
	tools    string // directory of the built programs
	list     string // names of the objects that are measured
	result   string // the report, "" for standard output alone
	plot     string // the SVG file, "" for none
	table    string // each object's best values, "" for none
	note     string // a line for the report: versions
	rounds   int
	cpu      bool   // compare processor time instead of wall time
	only     string // rows that are wanted, "" for all
	scratch  string // a directory for what is made on the way
	every    int    // take every n-th object of the list
	extract  string // a directory of programs with embedded objects
	makeList bool   // write the list instead of measuring
	sets     []string
}

func main() {
	os.Exit(benchMain(os.Args[1:], os.Stdout, os.Stderr))
}

func benchMain(args []string, stdout, stderr io.Writer) int {
	var o options
	f := flag.NewFlagSet("bench", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.StringVar(&o.tools, "tools", "", "directory of own, oracle, cilium, replay and bpfload")
	f.StringVar(&o.list, "list", "bench/objects.txt", "names of the objects to measure")
	f.BoolVar(&o.makeList, "make-list", false, "write the list: the objects that every loader loads here")
	f.StringVar(&o.result, "result", "", "write the report to this file")
	f.StringVar(&o.plot, "plot", "", "write the plot to this file")
	f.StringVar(&o.table, "table", "", "write each object's best values, in µs and tab-separated, to this file")
	f.StringVar(&o.note, "note", "", "a line for the report")
	f.StringVar(&o.extract, "extract", "", "write the objects in the programs below this directory to the one given, and end")
	f.IntVar(&o.rounds, "rounds", 3, "how often each object is measured")
	f.IntVar(&o.every, "every", 1, "measure only every n-th object")
	f.BoolVar(&o.cpu, "cpu", false, "compare processor time: for a machine that is not idle")
	f.StringVar(&o.only, "only", "", "comma-separated parts: objects,check,scale,process")
	f.Usage = func() {
		_, _ = fmt.Fprintln(stderr, "usage: bench -tools DIR [flags] NAME=DIRECTORY…")
		f.PrintDefaults()
	}
	if err := f.Parse(args); err != nil || o.tools == "" && o.extract == "" || f.NArg() == 0 {
		if err == nil {
			f.Usage()
		}
		return 2
	}
	o.sets = f.Args()
	signal.Ignore(syscall.SIGPIPE)
	if o.extract != "" {
		if err := extract(o.extract, o.sets[0]); err != nil {
			_, _ = fmt.Fprintln(stderr, "bench:", err)
			return 1
		}
		return 0
	}
	if err := o.run(stdout, stderr); err != nil {
		_, _ = fmt.Fprintln(stderr, "bench:", err)
		return 1
	}
	return 0
}

func (o *options) run(stdout, stderr io.Writer) (err error) {
	if o.tools, err = filepath.Abs(o.tools); err != nil {
		return err
	}
	if o.scratch, err = os.MkdirTemp("", "bpfload-bench"); err != nil {
		return err
	}
	defer os.RemoveAll(o.scratch)
	all, err := findObjects(o.sets)
	if err != nil {
		return err
	}
	if o.makeList {
		return o.writeList(all, stderr)
	}
	b, err := newBench(o, all, stderr)
	if err != nil {
		return err
	}
	if err := b.measure(); err != nil {
		return err
	}
	text := b.markdown()
	_, _ = io.WriteString(stdout, text)
	if o.result != "" {
		if err := os.WriteFile(o.result, []byte(text), 0o644); err != nil {
			return err
		}
	}
	if o.table != "" {
		if err := os.WriteFile(o.table, []byte(b.table()), 0o644); err != nil {
			return err
		}
	}
	if o.plot != "" && len(b.loaded()) > 0 {
		return os.WriteFile(o.plot, b.svg(), 0o644)
	}
	return nil
}
