package check

import (
	"context"
	"os"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/bpfload/bpfload/elfload"
)

// Run checks the objects that paths (files, directories, globs) name. The error
// is about the run itself: wrong options, a path without objects, cancelling.
// What is wrong with objects stands in the Report, in the order of the paths.
//
// Nothing is left in the kernel.
func Run(ctx context.Context, paths []string, opts Options) (*Report, error) {
	files, skipped, err := Find(paths)
	if err != nil {
		return nil, err
	}
	r := &runner{opts: opts, proof: opts.proof, types: elfload.NewTypeCache(), files: make([]file, len(files))}
	if r.proof == nil {
		r.proof = newHostProver()
	}
	r.release = opts.kernel
	if r.release == "" && !opts.NoKernel {
		r.release = kernelRelease()
	}
	if err := r.expectations(); err != nil {
		return nil, err
	}
	r.each(ctx, len(files), func(i int) { r.read(&r.files[i], files[i]) })
	if err := r.expand(); err != nil {
		return nil, err
	}
	if opts.Loads != nil {
		opts.Loads(len(files), len(r.loads))
	}
	report := &Report{Schema: Schema, Require: opts.Require, Kernels: []Kernel{}, Skipped: append([]Skipped{}, skipped...), Objects: make([]Object, len(r.loads))}
	if !opts.NoKernel {
		report.Kernel = Kernel{Release: r.release, Machine: runtime.GOARCH}
	}
	var mu sync.Mutex
	done := 0
	r.each(ctx, len(r.loads), func(i int) {
		report.Objects[i] = r.check(ctx, &r.loads[i])
		if opts.Progress != nil {
			mu.Lock()
			defer mu.Unlock()
			done++
			opts.Progress(done, len(r.loads), r.loads[i].file.path)
		}
	})
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := r.apply(report); err != nil {
		return nil, err
	}
	report.count()
	return report, nil
}

// kernelRelease is the running kernel's, "" where it cannot be told.
func kernelRelease() string {
	text, err := os.ReadFile("/proc/sys/kernel/osrelease")
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(text))
}

// runner is the state of one run.
type runner struct {
	opts    Options
	release string
	proof   prover
	types   *elfload.TypeCache
	files   []file
	loads   []load
}

// file is one object as read.
type file struct {
	path     string
	settings settings
	obj      *elfload.Object
	err      error
	took     time.Duration
}

// load is one load of it.
type load struct {
	file    *file
	variant []Setting
}

// jobs is how many objects are worked on side by side.
func (r *runner) jobs() int {
	if r.opts.Jobs > 0 {
		return r.opts.Jobs
	}
	return runtime.NumCPU()
}

// each calls f for 0 to n-1, on several workers, until ctx is cancelled.
func (r *runner) each(ctx context.Context, n int, f func(int)) {
	var (
		wg   sync.WaitGroup
		mu   sync.Mutex
		next int
	)
	take := func() (int, bool) {
		mu.Lock()
		defer mu.Unlock()
		if next >= n || ctx.Err() != nil {
			return 0, false
		}
		next++
		return next - 1, true
	}
	work := func() {
		for i, ok := take(); ok; i, ok = take() {
			f(i)
		}
	}
	for range min(r.jobs(), n) - 1 {
		wg.Go(work)
	}
	work()
	wg.Wait()
}

func (r *runner) read(f *file, path string) {
	began := time.Now()
	f.path = path
	f.settings = r.settingsOf(path)
	ro := r.opts.Read
	ro.Dialect = f.settings.load.Dialect
	f.obj, f.err = ro.Open(path)
	f.took = time.Since(began)
}

// expand lists the loads: every file in every variant. What the settings name
// and an object lacks is left out for that object; what no object has is an
// error.
func (r *runner) expand() error {
	n := newNames()
	for i := range r.files {
		f := &r.files[i]
		if f.err == nil {
			n.keep(f.obj, &f.settings)
		} else {
			n.unread = true
			f.settings.vary = nil
		}
		list, err := variants(f.settings.vary, f.settings.strategy)
		if err != nil {
			return err
		}
		for _, v := range list {
			r.loads = append(r.loads, load{file: f, variant: v})
		}
	}
	return n.unknown()
}
