package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/spf13/pflag"

	"github.com/bpfload/bpfload/check"
	"github.com/bpfload/bpfload/elfload"
	"github.com/bpfload/bpfload/internal/vm"
)

// runningKernel is the word for the kernel that is there already.
const runningKernel = "running"

// guestMemoryMiB is what a guest has unless told otherwise; the host gives only
// what it touches.
const guestMemoryMiB = 2048

// guestFlags are those of checks under other kernels.
type guestFlags struct {
	kernels, modules []string
	timeout          time.Duration
	memory           int
	flags            *pflag.FlagSet // all of the command
}

func (g *guestFlags) add(fs *pflag.FlagSet) {
	repeatable(fs, &g.kernels, "kernel", "check under `KERNEL` in a virtual machine: an image, a .deb, a pattern, or \"running\"; repeatable")
	repeatable(fs, &g.modules, "module", "load `MODULE` in virtual machines first: a .ko file, or a name that the kernel's .deb holds; repeatable")
	fs.DurationVar(&g.timeout, "kernel-timeout", vm.DefaultTimeout, "give a virtual machine `TIME` to boot and check")
	fs.IntVar(&g.memory, "kernel-memory", guestMemoryMiB, "give a virtual machine `MIB` of memory")
}

// images are the kernels in order: patterns are expanded, and what is missing is
// told before anything boots.
func (g *guestFlags) images() ([]string, error) {
	var out []string
	for _, k := range g.kernels {
		if k == runningKernel {
			out = append(out, k)
			continue
		}
		list := []string{k}
		if _, err := os.Stat(k); err != nil && strings.ContainsAny(k, "*?[") {
			if list, err = filepath.Glob(k); err != nil || len(list) == 0 {
				return nil, &usageError{err: fmt.Errorf("--kernel: nothing matches %q", k)}
			}
		} else if err != nil {
			return nil, &usageError{err: fmt.Errorf("--kernel: %w", err)}
		}
		out = append(out, list...)
	}
	return out, nil
}

// onKernels runs the check with each kernel, several side by side, and merges
// what they say.
func (f *checkFlags) onKernels(ctx context.Context, con *console, paths []string, opts check.Options) (*check.Report, error) {
	if f.noKernel {
		return nil, &usageError{err: errors.New("--no-kernel and --kernel exclude each other")}
	}
	images, err := f.guests.images()
	if err != nil {
		return nil, err
	}
	// What is wrong with the settings is told at once, and not by every guest.
	dry := opts
	dry.NoKernel, dry.Progress = true, nil
	planned, err := check.Run(ctx, paths, dry)
	if err != nil {
		return nil, err
	}
	guest, err := f.guestOptions(paths)
	if err != nil {
		return nil, err
	}
	runs := make([]check.On, len(images))
	work := make(chan int)
	bar := newProgress(con)
	var mu sync.Mutex
	done := 0
	bar.step(0, len(images), "booting")
	var wg sync.WaitGroup
	for range min(runtime.NumCPU(), len(images)) {
		wg.Go(func() {
			for i := range work {
				runs[i] = f.onKernel(ctx, images[i], paths, opts, guest)
				mu.Lock()
				done++
				bar.step(done, len(images), images[i])
				mu.Unlock()
			}
		})
	}
	for i := range images {
		work <- i
	}
	close(work)
	wg.Wait()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	for i := range runs {
		// Neither is a matter of one kernel.
		if err := runs[i].Err; errors.Is(err, vm.ErrNoQEMU) {
			return nil, &failure{err: fmt.Errorf("--kernel: %w; Debian and Ubuntu have it in the package qemu-system-x86", err)}
		} else if runs[i].Kernel.Image == "" && err != nil {
			return nil, err
		}
	}
	report := check.Merge(runs, f.require)
	report.Skipped = planned.Skipped // guests get files, not directories
	return report, nil
}

// onKernel runs the check with one of them.
func (f *checkFlags) onKernel(ctx context.Context, image string, paths []string, opts check.Options, guest vm.Options) (on check.On) {
	if image == runningKernel {
		opts.Progress, opts.Loads = nil, nil
		on.Report, on.Err = check.Run(ctx, paths, opts)
		return on
	}
	on.Kernel = check.Kernel{Image: elfload.Text(image)}
	guest.Kernel = image
	r, err := vm.Run(ctx, guest)
	if err != nil {
		var e *vm.Error
		if errors.As(err, &e) {
			on.Console = e.Console
		}
		on.Err = err
		return on
	}
	on.Kernel.Release, on.Kernel.Machine, on.Kernel.Accel = r.Release, runtime.GOARCH, r.Accel
	if on.Report, err = check.Decode(r.Stdout); err != nil {
		on.Report = nil
		on.Err = fmt.Errorf("the check in the guest ended with status %d and without a report: %w", r.ExitCode, err)
		on.Console = strings.Split(strings.TrimSpace(string(r.Stderr)), "\n")
	}
	return on
}

// hostOnly are flags that say what becomes of the report, or are about guests.
var hostOnly = map[string]bool{"kernel": true, "module": true, "kernel-timeout": true, "kernel-memory": true,
	"format": true, "output": true, "save": true, "require": true, "config": true, "verbose": true}

// guestOptions are those of a machine with the objects, and with all files that
// flags name, at the paths that they have here.
func (f *checkFlags) guestOptions(paths []string) (vm.Options, error) {
	o := vm.Options{Modules: f.guests.modules, Timeout: f.guests.timeout, MemoryMiB: f.guests.memory}
	var err error
	if o.Dir, err = os.Getwd(); err != nil {
		return o, err
	}
	found, _, err := check.Find(paths)
	if err != nil {
		return o, err
	}
	o.Args = []string{vm.Self, "check", "--format", "json", fmt.Sprintf("--require=%v", f.require)}
	files := found
	config := f.config
	if config == "" {
		if _, err := os.Stat(check.ConfigName); err == nil {
			config = check.ConfigName
		}
	}
	if config != "" {
		o.Args = append(o.Args, "--config", config)
		files = append(files[:len(files):len(files)], config)
	}
	f.guests.flags.Visit(func(flag *pflag.Flag) {
		if hostOnly[flag.Name] {
			return
		}
		values := []string{flag.Value.String()}
		if list, ok := flag.Value.(pflag.SliceValue); ok {
			values = list.GetSlice()
		}
		for _, v := range values {
			o.Args = append(o.Args, "--"+flag.Name+"="+v)
		}
	})
	files = append(files[:len(files):len(files)], f.kconfig, f.btf, f.pinTable)
	o.Args = append(append(o.Args, "--"), found...)
	seen := make(map[string]bool)
	for _, file := range files {
		if file == "" {
			continue
		}
		abs, err := filepath.Abs(file)
		if err != nil {
			return o, err
		}
		if _, err := os.Stat(abs); err != nil || seen[abs] {
			continue // the check in the guest says what is missing
		}
		seen[abs] = true
		o.Files = append(o.Files, vm.File{Host: abs, Guest: abs})
	}
	return o, nil
}
