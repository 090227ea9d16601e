//go:build linux

package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/bpfload/bpfload/internal/vm"
)

// options are the command line's.
type options struct {
	oracle  string        // the program of oracle/oracle.c
	result  string        // where the report is written, "" for standard output alone
	note    string        // a line for the report: versions
	jobs    int           // objects at once
	timeout time.Duration // per loader, object and stage
	verbose bool          // every difference, not only those that fail
	sets    []string      // NAME=DIRECTORY or NAME=FILE…

	// Of a comparison in a virtual machine:
	kernel       string        // the image or package, "" for the running kernel
	modules      list          // of the kernel's package, to be loaded
	files        list          // HOST=GUEST
	guestTimeout time.Duration // of the whole
	guest        bool          // this is the guest: the report is a section
}

// list is a flag that may stand several times.
type list []string

func (l *list) String() string     { return strings.Join(*l, " ") }
func (l *list) Set(s string) error { *l = append(*l, s); return nil }

func main() {
	vm.Main()
	if len(os.Args) == 4 && os.Args[1] == "child" {
		os.Exit(childMain(os.Args[2], os.Args[3], os.Stdin, os.Stdout, os.Stderr))
	}
	os.Exit(driverMain(os.Args[1:], os.Stdout, os.Stderr))
}

func driverMain(args []string, stdout, stderr io.Writer) int {
	var o options
	f := flag.NewFlagSet("conformance", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.StringVar(&o.oracle, "oracle", "", "the compiled oracle/oracle.c")
	f.StringVar(&o.result, "result", "", "write the report to this file")
	f.StringVar(&o.note, "note", "", "a line for the report")
	f.IntVar(&o.jobs, "jobs", runtime.NumCPU(), "objects at once")
	f.DurationVar(&o.timeout, "timeout", 5*time.Minute, "for one stage of one object")
	f.BoolVar(&o.verbose, "v", false, "print every difference")
	f.StringVar(&o.kernel, "kernel", "", "compare in a virtual machine with this kernel, a bzImage or a package")
	f.Var(&o.modules, "module", "load this kernel module of the package; repeatable")
	f.Var(&o.files, "file", "give the virtual machine this file, HOST=GUEST; repeatable")
	f.DurationVar(&o.guestTimeout, "guest-timeout", 20*time.Minute, "for the virtual machine")
	f.BoolVar(&o.guest, "guest", false, "write the report as a section (in the virtual machine)")
	f.Usage = func() {
		_, _ = fmt.Fprintln(stderr, "usage: conformance -oracle PROGRAM [flags] NAME=DIRECTORY|NAME=FILE…")
		f.PrintDefaults()
	}
	if err := f.Parse(args); err != nil || o.oracle == "" || f.NArg() == 0 {
		if err == nil {
			f.Usage()
		}
		return 2
	}
	o.sets = f.Args()
	sets, err := findSets(o.sets)
	if err != nil {
		_, _ = fmt.Fprintln(stderr, "conformance:", err)
		return 2
	}
	signal.Ignore(syscall.SIGPIPE)
	if o.kernel != "" {
		return guestReport(sets, &o, stdout, stderr)
	}
	r := run(sets, &o, stderr)
	text := r.markdown(o.note)
	if o.guest {
		text = r.section(release())
	}
	_, _ = io.WriteString(stdout, text)
	if w := stdout; o.verbose {
		if o.guest {
			w = stderr
		}
		r.writeDifferences(w)
	}
	if o.result != "" {
		if err := writeResult(o.result, text); err != nil {
			_, _ = fmt.Fprintln(stderr, "conformance:", err)
			return 1
		}
	}
	if r.writeFailures(stderr) > 0 {
		return 1
	}
	return 0
}

// guestReport runs the comparison in a guest and keeps its report as a section.
func guestReport(sets []set, o *options, stdout, stderr io.Writer) int {
	section, code, err := runGuest(sets, o, stderr)
	if err == nil {
		_, err = io.WriteString(stdout, section)
	}
	if err == nil && o.result != "" {
		var old []byte
		if old, err = os.ReadFile(o.result); err == nil {
			err = os.WriteFile(o.result, []byte(replaceSection(string(old), section)), 0o644)
		}
	}
	if err != nil {
		_, _ = fmt.Fprintln(stderr, "conformance:", err)
		return 1
	}
	return code
}

// writeResult writes a report, and behind it the sections of the older one.
func writeResult(path, text string) error {
	old, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, section := range keptSections(string(old)) {
		text = replaceSection(text, section)
	}
	return os.WriteFile(path, []byte(text), 0o644)
}

// set is a group of objects that is reported together.
type set struct {
	name    string
	objects []object
	broken  []string // sources that did not compile, with the compiler's reason
}

type object struct{ name, path string }

// findSets reads NAME=PATH arguments. Several of one name are one set. A
// directory stands for the objects below it; a file "failed" in it lists what
// did not compile.
func findSets(args []string) ([]set, error) {
	var sets []set
	for _, arg := range args {
		name, path, ok := strings.Cut(arg, "=")
		if !ok {
			return nil, fmt.Errorf("%q is not NAME=PATH", arg)
		}
		i := slices.IndexFunc(sets, func(s set) bool { return s.name == name })
		if i < 0 {
			i = len(sets)
			sets = append(sets, set{name: name})
		}
		if err := sets[i].add(path); err != nil {
			return nil, err
		}
	}
	return sets, nil
}

func (s *set) add(root string) error {
	root, err := filepath.Abs(root)
	if err != nil {
		return err
	}
	err = filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, _ := filepath.Rel(root, path)
		if path == root {
			name = filepath.Base(path)
		}
		if ext := filepath.Ext(path); d.Type().IsRegular() && (ext == ".o" || ext == ".elf") {
			s.objects = append(s.objects, object{name, path})
		}
		return nil
	})
	if text, e := os.ReadFile(filepath.Join(root, "failed")); e == nil && err == nil {
		s.broken = strings.Split(strings.TrimSpace(string(text)), "\n")
		if s.broken[0] == "" {
			s.broken = nil
		}
	}
	return err
}
