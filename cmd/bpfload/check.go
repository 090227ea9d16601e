package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/bpfload/bpfload/check"
)

// checkFlags are those of `check`.
type checkFlags struct {
	loadFlags
	noKernel, require         bool
	format, config, save, out string
	strategy                  string
	vary, expectFail          []string
	guests                    guestFlags
}

func (f *checkFlags) add(fs *pflag.FlagSet) {
	var all pflag.FlagSet
	f.loadFlags.add(&all)
	all.VisitAll(func(flag *pflag.Flag) {
		switch flag.Name {
		case "pin", "bpffs", "dialect-pins", "hold", "json", "maps-only", "jobs": // nothing is pinned or held; --format says how to print
		default:
			fs.AddFlag(flag)
		}
	})
	fs.IntVar(&f.jobs, "jobs", 0, "load `N` objects side by side (0: one per CPU)")
	fs.BoolVar(&f.noKernel, "no-kernel", false, "read and plan only")
	fs.StringVar(&f.format, "format", "text", "print as `FORMAT`: "+strings.Join(check.Formats(), ", "))
	fs.StringVarP(&f.out, "output", "o", "", "write the report to `FILE` and a line to standard output")
	fs.StringVar(&f.config, "config", "", "read expectations from `FILE` (default: "+check.ConfigName+" where there is one)")
	repeatable(fs, &f.vary, "vary", "load with each of a global's values, `NAME=VALUE,VALUE…`; repeatable")
	fs.StringVar(&f.strategy, "strategy", "", "combine varied globals `HOW`: linear (default), pairwise, full")
	repeatable(fs, &f.expectFail, "expect-fail", "expect a program to fail, `PROG=STAGE[:PATTERN]`; a pass is then a failure; repeatable")
	fs.BoolVar(&f.require, "require", false, "fail for what cannot be proved here (default when CI is set)")
	fs.StringVar(&f.save, "save", "", "write the measurements to `FILE`, for bpfload compare")
	f.guests.add(fs)
}

func newCheckCmd(con *console) *cobra.Command {
	f := &checkFlags{}
	cmd := &cobra.Command{
		Use:   "check PATH…",
		Short: "load many objects, every program on its own, and report what failed",
		Long: `check reads, plans and loads objects (files, directories, globs): every map and every
program on its own, so that one failure hides no other. Everything is released, nothing
is pinned. The status is 0 only if everything held; otherwise that of the first failure.

A check that cannot be made for want of privilege, of a kernel feature or of kernel types
is unproven. It is counted apart, with the probe that shows what is missing, and is a
failure with --require, which is the default when CI is set.

` + check.ConfigName + ` says per object what to set, to vary and to expect:

    version: 1
    objects:
      - path: "bpf/*.o"
        vary: {debug: [true, false]}
        maps: {events: {max_entries: 4096}}
        expect:
          - {program: too_new, stage: program, pattern: "unknown func", kernels: ["<5.15"]}
          - {program: handler, stage: program, pattern: "too large", when: {debug: true}}

With --kernel, the same check runs under each kernel in a virtual machine, which needs
qemu-system-x86_64 and neither root nor a network nor a disk image, and the report has the
matrix of objects and kernels. A kernel is an image (vmlinuz, bzImage), a package of Debian
or Ubuntu that holds one, a pattern for such files, or "running", the one below your feet.

With --format github, annotations are printed and the summary is appended to the file
that GITHUB_STEP_SUMMARY names.
` + statusHelp,
		Example:           "  bpfload check build/*.o\n  bpfload check --format junit -o report.xml build/\n  bpfload check --vary mode=0,1,2 --vary debug=true,false --strategy pairwise filter.o\n  bpfload check --kernel running --kernel '*cloud-amd64*.deb' build/",
		ValidArgsFunction: completeObjects,
		RunE: func(cmd *cobra.Command, args []string) error {
			if !cmd.Flags().Changed("require") {
				f.require = inCI(os.Getenv)
			}
			f.guests.flags = cmd.Flags()
			return runCheck(cmd.Context(), con, args, f)
		},
	}
	f.add(cmd.Flags())
	completeFlags(con, cmd)
	cobra.CheckErr(cmd.RegisterFlagCompletionFunc("format", cobra.FixedCompletions(check.Formats(), cobra.ShellCompDirectiveNoFileComp)))
	cobra.CheckErr(cmd.RegisterFlagCompletionFunc("strategy", cobra.FixedCompletions([]string{"linear", "pairwise", "full"}, cobra.ShellCompDirectiveNoFileComp)))
	return cmd
}

// inCI tells whether CI is set to something that does not mean no.
func inCI(getenv func(string) string) bool {
	switch strings.ToLower(getenv("CI")) {
	case "", "0", "false", "no":
		return false
	}
	return true
}

func runCheck(ctx context.Context, con *console, paths []string, f *checkFlags) error {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	opts, err := f.checkOptions()
	if err != nil {
		return err
	}
	if len(paths) == 0 && opts.Config != nil {
		paths = opts.Config.Paths()
	}
	if len(paths) == 0 {
		return &usageError{err: errors.New("no object, directory or pattern given"), hint: "bpfload check --help tells what it takes"}
	}
	bar := newProgress(con)
	opts.Progress = bar.step
	opts.Loads = func(objects, loads int) {
		if loads != objects {
			fmt.Fprintf(con.err, "%d loads of %d objects\n", loads, objects)
		}
	}
	var report *check.Report
	if len(f.guests.kernels) > 0 {
		report, err = f.onKernels(ctx, con, paths, opts)
	} else {
		report, err = check.Run(ctx, paths, opts)
	}
	bar.clear()
	if err != nil {
		return err
	}
	if f.save != "" {
		if err := writeFile(f.save, func(w io.Writer) error { return report.Write(w, "json", check.WriteOptions{}) }); err != nil {
			return err
		}
	}
	if err := f.write(con, report); err != nil {
		return err
	}
	return verdict(report)
}

// checkOptions turns the flags into those of a run.
func (f *checkFlags) checkOptions() (check.Options, error) {
	o := check.Options{NoKernel: f.noKernel, Require: f.require, Jobs: f.jobs, Strategy: check.Strategy(f.strategy)}
	if !slices.Contains(check.Formats(), f.format) {
		return o, &usageError{err: fmt.Errorf("--format %q is none of %s", f.format, strings.Join(check.Formats(), ", "))}
	}
	var err error
	if o.Load, err = f.options(); err != nil {
		return o, err
	}
	if o.Read, _, err = f.readOptions(); err != nil {
		return o, err
	}
	for _, s := range f.vary {
		name, list, err := pair("vary", "NAME=VALUE,VALUE…", s)
		if err != nil {
			return o, err
		}
		o.Vary = append(o.Vary, check.Vary{Name: name, Values: strings.Split(list, ",")})
	}
	for _, s := range f.expectFail {
		e, err := check.ParseExpectation(s)
		if err != nil {
			return o, &usageError{err: fmt.Errorf("--expect-fail: %w", err)}
		}
		o.Expect = append(o.Expect, e)
	}
	file := f.config
	if file == "" {
		if _, err := os.Stat(check.ConfigName); errors.Is(err, fs.ErrNotExist) {
			return o, nil
		}
		file = check.ConfigName
	}
	o.Config, err = check.ReadConfig(file)
	return o, err
}

// write prints the report where it is wanted.
func (f *checkFlags) write(con *console, r *check.Report) error {
	o := check.WriteOptions{Colour: con.outColour, Verbose: f.verbose, Time: time.Now(), Root: os.Getenv("GITHUB_WORKSPACE")}
	if f.format == "github" {
		if file := os.Getenv("GITHUB_STEP_SUMMARY"); file != "" {
			if err := appendFile(file, func(w io.Writer) error { return r.Write(w, "markdown", o) }); err != nil {
				return err
			}
		}
	}
	if f.out == "" {
		return r.Write(con.out, f.format, o)
	}
	o.Colour = false
	if err := writeFile(f.out, func(w io.Writer) error { return r.Write(w, f.format, o) }); err != nil {
		return err
	}
	fmt.Fprintln(con.out, r.Summary())
	return nil
}

// verdict is the error of a report that has failures: that of the first one, so
// that the exit status is its class.
func verdict(r *check.Report) error {
	if r.OK() {
		return nil
	}
	return &failure{err: &checkFailed{summary: r.Summary(), first: r.Err()}, short: true}
}

// checkFailed tells the totals, and is what the first failure is.
type checkFailed struct {
	summary string
	first   error // nil where something passed that was to fail
}

func (e *checkFailed) Error() string { return e.summary }
func (e *checkFailed) Unwrap() error { return e.first }

// progress is one line on standard error that is written again and again.
type progress struct {
	con *console
	on  bool
}

func newProgress(con *console) *progress { return &progress{con: con, on: con.errColour} }

const progressWidth = 24

func (p *progress) step(done, loads int, path string) {
	if !p.on {
		return
	}
	full := progressWidth * done / max(loads, 1)
	fmt.Fprintf(p.con.err, "\r\x1b[K[%s%s] %d/%d %s", strings.Repeat("█", full), strings.Repeat("·", progressWidth-full), done, loads, quoteCell(path))
}

func (p *progress) clear() {
	if p.on {
		fmt.Fprint(p.con.err, "\r\x1b[K")
	}
}

// writeFile writes a file whole or not at all.
func writeFile(name string, write func(io.Writer) error) error {
	f, err := os.CreateTemp(dirOf(name), ".bpfload-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // nothing is there any more once it is renamed
	err = errors.Join(write(f), f.Chmod(0o644), f.Close())
	if err != nil {
		return err
	}
	return os.Rename(f.Name(), name)
}

func dirOf(name string) string {
	if i := strings.LastIndexByte(name, '/'); i >= 0 {
		return name[:i+1]
	}
	return "."
}

func appendFile(name string, write func(io.Writer) error) error {
	f, err := os.OpenFile(name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	return errors.Join(write(f), f.Close())
}
