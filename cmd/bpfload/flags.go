package main

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"math"
	"os"
	"strconv"
	"strings"

	"github.com/cilium/ebpf/btf"
	"github.com/spf13/pflag"

	"github.com/bpfload/bpfload/elfload"
)

// readFlags are those of every command that reads an object.
type readFlags struct {
	json     bool
	dialect  string
	relaxed  bool
	pinTable string
}

func (f *readFlags) add(fs *pflag.FlagSet) {
	fs.BoolVar(&f.json, "json", false, "print one JSON document on standard output")
	f.addReading(fs)
}

// addReading adds those that say how definitions are read.
func (f *readFlags) addReading(fs *pflag.FlagSet) {
	fs.StringVar(&f.dialect, "dialect", "auto", "read legacy definitions as dialect `NAME` (listed above)")
	fs.BoolVar(&f.relaxed, "relaxed", false, "keep unknown non-zero bytes of legacy definitions instead of refusing them")
	fs.StringVar(&f.pinTable, "pin-table", "", "table `FILE` of custom pinning numbers of legacy definitions, such as iproute2's /etc/iproute2/bpf_pinning")
}

// readOptions turns the flags into elfload's; warns are of the pin table.
func (f *readFlags) readOptions() (ro elfload.ReadOptions, warns []elfload.Warning, err error) {
	ro = elfload.ReadOptions{Dialect: f.dialect, Relaxed: f.relaxed}
	if f.pinTable != "" {
		ro.Legacy.PinTable, warns, err = elfload.ReadPinTable(f.pinTable)
	}
	return ro, warns, err
}

// open reads an object.
func (f *readFlags) open(path string) (*elfload.Object, error) {
	ro, warns, err := f.readOptions()
	if err != nil {
		return nil, err
	}
	obj, err := ro.Open(path)
	if err == nil {
		obj.Warnings = append(obj.Warnings, warns...)
	}
	return obj, err
}

// planFlags are those that change a plan.
type planFlags struct {
	readFlags
	pin, bpffs                                      string
	mapsOnly, dialectPins                           bool
	maxMemory                                       string
	vars, maps, types, inner, autoload, attachProgs []string
	devices, offload                                []string
	attach                                          attachFlags
	onMismatch                                      []string
}

func (f *planFlags) add(fs *pflag.FlagSet) {
	f.readFlags.add(fs)
	fs.StringVar(&f.pin, "pin", "", "pin every map as `DIR`/maps/NAME and every program as DIR/progs/NAME; use compatible maps that are there; links of --attach as DIR/links/NAME")
	repeatable(fs, &f.onMismatch, "on-mismatch", onMismatchUsage)
	fs.StringVar(&f.bpffs, "bpffs", elfload.DefaultBPFFS, "root `DIR` for maps whose definition asks for pinning by name")
	fs.BoolVar(&f.dialectPins, "dialect-pins", false, "pin legacy maps below --bpffs where their dialect says")
	fs.BoolVar(&f.mapsOnly, "maps-only", false, "create and fill maps, load no program")
	fs.StringVar(&f.maxMemory, "max-memory", "", "refuse, before the first system call, an object whose maps take more than `SIZE` bytes of kernel memory: 4096, 64M, 2G")
	repeatable(fs, &f.vars, "var", "set a global variable or a part of it (NAME.MEMBER, NAME[INDEX]), `NAME=VALUE`: integer, bool, enumerator, string, {…} or hex:… by its type; repeatable")
	repeatable(fs, &f.maps, "map", "override a field of a map, `NAME.FIELD=VALUE`: "+strings.Join(elfload.MapFields(), ", ")+"; repeatable")
	repeatable(fs, &f.types, "type", "give a program a type, `PROG=TYPE`: xdp, sched_cls, … or a section name such as fentry/do_exit; repeatable")
	repeatable(fs, &f.inner, "inner", "give a map of maps that has no inner definition a template, `OUTER=INNER`; repeatable")
	repeatable(fs, &f.autoload, "autoload", "load the optional program, or create the optional struct_ops map, `NAME` (SEC(\"?…\")) too; repeatable")
	repeatable(fs, &f.devices, "device", "tie an XDP program to a network device, `PROG=IFACE`, so that it may read the driver's metadata; PROG * is every one; repeatable")
	repeatable(fs, &f.offload, "offload", "load a program into, or create a map on, a network card, `NAME=IFACE`; NAME * is all; repeatable")
	repeatable(fs, &f.attachProgs, "attach-prog", "attach a freplace or fentry program to another in the kernel, `PROG=TARGET`: a path on bpffs or an id, then :FUNCTION unless the section names it; repeatable")
	f.attach.add(fs)
}

// loadFlags are those of commands that load.
type loadFlags struct {
	planFlags
	btf, kconfig  string
	token         tokenFlag
	jobs          int
	hold, verbose bool
	pins          pinFlags
	handover      handoverFlags
	service       serviceFlags
	send          string // of load only
	keepGoing     bool   // of load only
}

func (f *loadFlags) add(fs *pflag.FlagSet) {
	f.planFlags.add(fs)
	fs.StringVar(&f.kconfig, "kconfig", "", "kernel configuration `FILE`, plain or gzip, that is asked before the running kernel's")
	fs.StringVar(&f.btf, "btf", "", "kernel types `FILE` (BTF, or ELF with .BTF) instead of the running kernel's")
	fs.IntVar(&f.jobs, "jobs", 0, "verify `N` programs at once (0: one per CPU)")
	fs.BoolVar(&f.hold, "hold", false, "stay alive, with everything loaded, until SIGINT or SIGTERM")
	f.token.add(fs)
	f.handover.add(fs)
	f.service.add(fs)
	f.pins.add(fs)
	fs.BoolVarP(&f.verbose, "verbose", "v", false, "print verifier logs and each system call's outcome on standard error")
}

// options turns the flags into elfload's; every error is a usage error.
func (f *planFlags) options() (elfload.Options, error) {
	o := elfload.Options{Dialect: f.dialect, PinPath: f.pin, BPFFS: f.bpffs, MapsOnly: f.mapsOnly,
		DialectPins: f.dialectPins, Autoload: f.autoload}
	if err := f.attach.set(&o); err != nil {
		return o, err
	}
	if f.maxMemory != "" {
		n, err := parseSize(f.maxMemory)
		if err != nil {
			return o, &usageError{err: fmt.Errorf("--max-memory: %w", err)}
		}
		o.MaxMemory = n
	}
	if err := setMismatch(&o, f.onMismatch); err != nil {
		return o, err
	}
	for _, s := range f.maps {
		name, value, err := pair("map", "NAME.FIELD=VALUE", s)
		dot := strings.LastIndexByte(name, '.') // map names may hold dots, fields do not
		if err == nil && (dot <= 0 || dot == len(name)-1) {
			err = badPair("map", "NAME.FIELD=VALUE", s)
		}
		if err != nil {
			return o, err
		}
		o.Maps = append(o.Maps, elfload.MapOverride{Map: name[:dot], Field: name[dot+1:], Value: value})
	}
	for _, list := range []struct {
		flag, form string
		texts      []string
		add        func(name, value string)
	}{
		{"var", "NAME=VALUE", f.vars, func(n, v string) { o.Vars = append(o.Vars, elfload.Var{Name: n, Value: v}) }},
		{"type", "PROG=TYPE", f.types, func(n, v string) { o.Types = append(o.Types, elfload.ProgramType{Program: n, Type: v}) }},
		{"inner", "OUTER=INNER", f.inner, func(n, v string) { o.Inner = append(o.Inner, elfload.InnerMap{Outer: n, Inner: v}) }},
		{"device", "PROG=IFACE", f.devices, func(n, v string) { o.Devices = append(o.Devices, elfload.Device{Name: n, Interface: v}) }},
		{"offload", "NAME=IFACE", f.offload, func(n, v string) { o.Devices = append(o.Devices, elfload.Device{Name: n, Interface: v, Offload: true}) }},
		{"attach-prog", "PROG=TARGET", f.attachProgs, func(n, v string) { o.AttachProgs = append(o.AttachProgs, elfload.AttachProg{Program: n, Target: v}) }},
	} {
		for _, s := range list.texts {
			name, value, err := pair(list.flag, list.form, s)
			if err != nil {
				return o, err
			}
			list.add(name, value)
		}
	}
	return o, nil
}

// options turns the flags into elfload's; every error is a usage error.
func (f *loadFlags) options() (elfload.Options, error) {
	o, err := f.planFlags.options()
	if err != nil {
		return o, err
	}
	if f.jobs < 0 {
		return o, &usageError{err: fmt.Errorf("--jobs is a number of programs, not %d", f.jobs)}
	}
	if err := f.pins.set(&o); err != nil {
		return o, err
	}
	o.KeepGoing, o.TokenPath = f.keepGoing, f.token.path()
	if o.Passed, err = elfload.PassedMaps(); err != nil {
		return o, err
	}
	o.Jobs, o.VerifierLog = f.jobs, f.verbose
	if f.kconfig != "" {
		if o.Kconfig, err = readKconfig(f.kconfig); err != nil {
			return o, &usageError{err: fmt.Errorf("--kconfig: %w", err)}
		}
	}
	if f.btf != "" {
		if o.KernelTypes, err = btf.LoadSpec(f.btf); err != nil {
			return o, &usageError{err: fmt.Errorf("--btf %q: %w", f.btf, err), hint: "the file is raw BTF, such as /sys/kernel/btf/vmlinux, or an ELF file with a .BTF section"}
		}
	}
	return o, nil
}

// pair splits NAME=VALUE at the first equals sign.
func pair(flag, form, s string) (name, value string, err error) {
	name, value, ok := strings.Cut(s, "=")
	if !ok || name == "" {
		return "", "", badPair(flag, form, s)
	}
	return name, value, nil
}

func badPair(flag, form, s string) error {
	return &usageError{err: fmt.Errorf("--%s %q is not of the form %s", flag, s, form)}
}

// maxKconfig bounds the size in bytes of a kernel configuration, unpacked.
const maxKconfig = 16 << 20

// readKconfig reads a configuration as /proc/config.gz or /boot/config-* have it.
func readKconfig(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxKconfig))
	if err != nil || !bytes.HasPrefix(text, []byte{0x1f, 0x8b}) {
		return text, err
	}
	z, err := gzip.NewReader(bytes.NewReader(text))
	if err != nil {
		return nil, fmt.Errorf("%q: %w", path, err)
	}
	if text, err = io.ReadAll(io.LimitReader(z, maxKconfig)); err != nil {
		return nil, fmt.Errorf("%q: %w", path, err)
	}
	return text, nil
}

// parseSize reads a number of bytes with an optional K, M, G or T, which are
// powers of 1024. It is never 0.
func parseSize(s string) (uint64, error) {
	digits, shift := s, 0
	if i := strings.IndexByte("KMGT", s[len(s)-1]); i >= 0 {
		digits, shift = s[:len(s)-1], 10*(i+1)
	}
	n, err := strconv.ParseUint(digits, 10, 64)
	if err != nil || n == 0 || n > math.MaxUint64>>shift {
		return 0, fmt.Errorf("%q is not a size such as 4096, 64M or 2G", s)
	}
	return n << shift, nil
}
