// vmrun runs a static program of the host in a virtual machine with another
// kernel, and ends with its status:
//
//	CGO_ENABLED=0 go test -c -o /tmp/elfload.test ./elfload
//	CGO_ENABLED=0 go run ./internal/vm/vmtest/vmrun -kernel 6.1 -dir elfload -dir testdata /tmp/elfload.test -test.run Kernel
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path"
	"path/filepath"
	"time"

	"github.com/bpfload/bpfload/internal/vm"
	"github.com/bpfload/bpfload/internal/vm/vmtest"
)

func main() {
	vm.Main()
	code, err := run(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "vmrun:", err)
		var e *vm.Error
		if errors.As(err, &e) {
			for _, line := range e.Console {
				fmt.Fprintln(os.Stderr, "  |", line)
			}
		}
	}
	os.Exit(code)
}

// list is a flag that may stand several times.
type list []string

func (l *list) String() string     { return fmt.Sprint(*l) }
func (l *list) Set(s string) error { *l = append(*l, s); return nil }

// root is where the guest has the directories and the program.
const root = "/w"

func run(args []string) (int, error) {
	var o vm.Options
	var dirs, env, modules list
	fs := flag.NewFlagSet("vmrun", flag.ContinueOnError)
	kernel := fs.String("kernel", "", "a kernel `IMAGE` or .deb, or the version of one that scripts/kernels fetched (6.1)")
	fs.Var(&dirs, "dir", "copy this `DIR`ectory; the first is the program's working directory; repeatable")
	fs.Var(&env, "env", "set `NAME=VALUE` for the program; repeatable")
	fs.Var(&modules, "module", "load this kernel module, a file or a name in the .deb; repeatable")
	fs.DurationVar(&o.Timeout, "timeout", vm.DefaultTimeout, "end the guest after this time")
	fs.IntVar(&o.MemoryMiB, "memory", vm.DefaultMemoryMiB, "memory in `MIB`")
	fs.IntVar(&o.CPUs, "cpus", 1, "processors")
	fs.StringVar(&o.Cmdline, "cmdline", "", "append to the kernel's command line")
	console := fs.Bool("console", false, "print the kernel's console on standard error")
	if err := fs.Parse(args); err != nil {
		return 2, nil // flag has said it
	}
	if fs.NArg() == 0 || *kernel == "" {
		return 2, errors.New("want -kernel IMAGE PROGRAM ARG…")
	}
	var err error
	if o.Kernel, err = vmtest.Find(*kernel); err != nil {
		return 1, err
	}
	program := path.Join("/bin", filepath.Base(fs.Arg(0)))
	o.Args = append([]string{program}, fs.Args()[1:]...)
	o.Files = []vm.File{{Host: fs.Arg(0), Guest: program}}
	for i, d := range dirs {
		guest, err := guestPath(d)
		if err != nil {
			return 2, err
		}
		o.Files = append(o.Files, vm.File{Host: d, Guest: guest})
		if i == 0 {
			o.Dir = guest
		}
	}
	o.Env, o.Modules, o.Stdout, o.Stderr = env, modules, os.Stdout, os.Stderr
	if *console {
		o.Console = os.Stderr
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	r, err := vm.Run(ctx, o)
	if err != nil {
		return 1, err
	}
	fmt.Fprintf(os.Stderr, "vmrun: Linux %s, %s, booted in %v, ended after %v with status %d\n", r.Release, r.Accel,
		r.Boot.Round(time.Millisecond), r.Time.Round(time.Millisecond), r.ExitCode)
	return r.ExitCode, nil
}

// guestPath keeps the place of a directory below the working directory, so that
// "../testdata" of a program in it leads where it leads on the host.
func guestPath(dir string) (string, error) {
	here, err := os.Getwd()
	if err != nil {
		return "", err
	}
	abs, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	rel, err := filepath.Rel(here, abs)
	if err != nil || !filepath.IsLocal(rel) {
		return "", fmt.Errorf("directory %q is not below the working directory", dir)
	}
	return path.Join(root, filepath.ToSlash(rel)), nil
}
