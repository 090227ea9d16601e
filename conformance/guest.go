//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/bpfload/bpfload/internal/vm"
)

// Where a guest has what the comparison needs. What is only needed in places of
// fixed names (/boot/config-*) is given with -file.
const (
	guestOracle  = "/w/oracle"
	guestObjects = "/w/objects"
)

// guestMemoryMiB is for a page cache of objects and for arenas.
const guestMemoryMiB = 2048

// runGuest repeats the comparison in a virtual machine with the kernel of
// -kernel. The guest's report comes back on its standard output.
func runGuest(sets []set, o *options, stderr io.Writer) (report string, code int, err error) {
	opts := vm.Options{Kernel: o.kernel, MemoryMiB: guestMemoryMiB, CPUs: max(1, o.jobs), Timeout: o.guestTimeout, Modules: o.modules,
		Stderr: stderr, Files: []vm.File{{Host: o.oracle, Guest: guestOracle}},
		Args: []string{vm.Self, "-guest", "-oracle", guestOracle, "-jobs", strconv.Itoa(max(1, o.jobs)), "-timeout", o.timeout.String()}}
	if o.verbose {
		opts.Args = append(opts.Args, "-v")
	}
	for _, f := range o.files {
		host, guest, _ := strings.Cut(f, "=")
		opts.Files = append(opts.Files, vm.File{Host: host, Guest: guest})
	}
	seen := make(map[string]bool)
	for i := range sets {
		for j := range sets[i].objects {
			obj := &sets[i].objects[j]
			guest := path.Join(guestObjects, strconv.Itoa(i), filepath.ToSlash(obj.name))
			if seen[guest] { // of another directory
				guest = path.Join(guestObjects, strconv.Itoa(i), strconv.Itoa(j), filepath.ToSlash(obj.name))
			}
			seen[guest] = true
			opts.Files = append(opts.Files, vm.File{Host: obj.path, Guest: guest})
		}
		opts.Args = append(opts.Args, sets[i].name+"="+path.Join(guestObjects, strconv.Itoa(i)))
	}
	ctx, cancel := context.WithTimeout(context.Background(), o.guestTimeout+time.Minute)
	defer cancel()
	r, err := vm.Run(ctx, opts)
	if err != nil {
		var e *vm.Error
		if errors.As(err, &e) {
			err = fmt.Errorf("%w\n%s", err, strings.Join(e.Console, "\n"))
		}
		return "", 1, err
	}
	_, _ = fmt.Fprintf(stderr, "conformance: Linux %s (%s) took %v\n", r.Release, r.Accel, r.Time.Round(time.Second))
	return string(r.Stdout), r.ExitCode, nil
}

// sectionTitle begins the section of a report about another kernel; its release
// without what a distribution puts behind it.
const sectionTitle = "## On Linux "

// release is the running kernel's.
func release() string {
	var u unix.Utsname
	if unix.Uname(&u) != nil {
		return "?"
	}
	return unix.ByteSliceToString(u.Release[:])
}

// replaceSection puts section, which begins with a line "## On Linux RELEASE", into
// a report: in the place of an older one of the same major and minor release, or at the end.
func replaceSection(text, section string) string {
	title, _, _ := strings.Cut(section, "\n")
	var out []string
	placed := false
	for i, part := range strings.SplitAfter("\n"+text, "\n"+sectionTitle) {
		if i > 0 {
			part = sectionTitle + part
		}
		part = strings.TrimSuffix(part, sectionTitle)
		first, _, _ := strings.Cut(part, "\n")
		if i > 0 && series(first) == series(title) {
			if placed {
				continue
			}
			part, placed = section, true
		}
		out = append(out, strings.Trim(part, "\n"))
	}
	if !placed {
		out = append(out, strings.Trim(section, "\n"))
	}
	return strings.TrimLeft(strings.Join(out, "\n\n")+"\n", "\n")
}

// keptSections are the sections about other kernels of an older report.
func keptSections(old string) []string {
	var out []string
	parts := strings.Split("\n"+old, "\n"+sectionTitle)
	for _, part := range parts[1:] {
		out = append(out, sectionTitle+part)
	}
	return out
}

// series is "6.1" of "## On Linux 6.1.192, …".
func series(title string) string {
	release := strings.TrimPrefix(title, sectionTitle)
	major, rest, _ := strings.Cut(release, ".")
	minor := rest
	for i, c := range rest {
		if c < '0' || c > '9' {
			minor = rest[:i]
			break
		}
	}
	return major + "." + minor
}
