package elfload

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"

	"github.com/bpfload/bpfload/internal/bpfsys"
)

// LinkPlace looks a place up on this machine.
func (host) LinkPlace(kind placeKind, place string) (uint64, error) {
	switch kind {
	case placeInterface:
		i, err := net.InterfaceByName(place)
		if err != nil {
			return 0, err
		}
		return uint64(i.Index), nil
	case placeCgroup:
		return bpfsys.CgroupID(place)
	case placeNetNS:
		return bpfsys.NetNSID(netNSFile(place))
	}
	return 0, fmt.Errorf("%q has no number", place)
}

// netNSFile is the file of a network namespace: self, a name that ip-netns(8)
// knows, or a path.
func netNSFile(place string) string {
	switch {
	case place == "self":
		return "/proc/thread-self/ns/net"
	case strings.Contains(place, "/"):
		return place
	}
	return filepath.Join("/run/netns", place)
}

// AttachLink makes a link with package link of cilium/ebpf. Attachments that are
// no links, which older kernels make instead, are refused: they could neither be
// pinned nor handed over.
func (host) AttachLink(prog int, s linkSpec) (int, error) {
	attach := attachers[s.kind]
	if attach == nil {
		return noFD, fmt.Errorf("%q: %w", s.kind, ErrNotSupported)
	}
	fd, err := bpfsys.Dup(prog)
	if err != nil {
		return noFD, err
	}
	p, err := ebpf.NewProgramFromFD(fd)
	if err != nil {
		return noFD, err
	}
	defer p.Close()
	l, err := attach(p, s)
	if err != nil {
		return noFD, attachError(err)
	}
	raw, ok := l.(interface{ FD() int })
	if !ok {
		return noFD, errors.Join(fmt.Errorf("this kernel attaches it without a link, which newer ones have: %w", ErrNotSupported), l.Close())
	}
	if fd, err = bpfsys.Dup(raw.FD()); err != nil {
		return noFD, errors.Join(err, l.Close())
	}
	// The kernel's link holds what it needs; this one was a second descriptor of it.
	if err := l.Close(); err != nil {
		return noFD, errors.Join(err, bpfsys.Close(fd))
	}
	return fd, nil
}

// attachError makes the package's own answer "not supported" ours.
func attachError(err error) error {
	if errors.Is(err, link.ErrNotSupported) && !errors.Is(err, ErrNotSupported) {
		return fmt.Errorf("%w: %w", ErrNotSupported, err)
	}
	return err
}

// attachers make links, by kind; looked up only.
var attachers = map[string]func(*ebpf.Program, linkSpec) (link.Link, error){
	"xdp":            xdpAttacher(0),
	"xdp-native":     xdpAttacher(link.XDPDriverMode),
	"xdp-generic":    xdpAttacher(link.XDPGenericMode),
	"xdp-offload":    xdpAttacher(link.XDPOffloadMode),
	"tcx-ingress":    attachTCX,
	"tcx-egress":     attachTCX,
	"netkit-primary": attachNetkit,
	"netkit-peer":    attachNetkit,
	"cgroup":         attachCgroup,
	"cgroup-ingress": attachCgroup,
	"cgroup-egress":  attachCgroup,
	"netns":          attachNetNS,
	"netfilter":      attachNetfilter,
	"sockmap": func(p *ebpf.Program, s linkSpec) (link.Link, error) {
		return link.AttachRawLink(link.RawLinkOptions{Target: s.mapFD, Program: p, Attach: ebpf.AttachType(s.attachType)})
	},
	"iter": attachIter,
	"tracepoint": func(p *ebpf.Program, s linkSpec) (link.Link, error) {
		group, event, _ := strings.Cut(s.place, "/")
		return link.Tracepoint(group, event, p, nil)
	},
	"raw_tracepoint": func(p *ebpf.Program, s linkSpec) (link.Link, error) {
		return link.AttachRawTracepoint(link.RawTracepointOptions{Name: s.place, Program: p})
	},
	"kprobe": func(p *ebpf.Program, s linkSpec) (link.Link, error) {
		function, offset, err := splitOffset(s.place)
		if err != nil {
			return nil, err
		}
		return link.Kprobe(function, p, &link.KprobeOptions{Offset: offset})
	},
	"kretprobe": func(p *ebpf.Program, s linkSpec) (link.Link, error) { return link.Kretprobe(s.place, p, nil) },
	// The package adds what this machine's kernel puts before the name.
	"ksyscall":        func(p *ebpf.Program, s linkSpec) (link.Link, error) { return link.Kprobe("sys_"+s.place, p, nil) },
	"kretsyscall":     func(p *ebpf.Program, s linkSpec) (link.Link, error) { return link.Kretprobe("sys_"+s.place, p, nil) },
	"kprobe.multi":    attachKprobes,
	"kretprobe.multi": attachKprobes,
	"kprobe.session":  attachKprobes,
	"uprobe":          attachUprobe,
	"uretprobe":       attachUprobe,
	"uprobe.multi":    attachUprobe,
	"uretprobe.multi": attachUprobe,
	"tracing": func(p *ebpf.Program, s linkSpec) (link.Link, error) {
		return link.AttachTracing(link.TracingOptions{Program: p, AttachType: ebpf.AttachType(s.attachType)})
	},
	"lsm": func(p *ebpf.Program, _ linkSpec) (link.Link, error) {
		return link.AttachLSM(link.LSMOptions{Program: p})
	},
	"freplace": func(p *ebpf.Program, _ linkSpec) (link.Link, error) { return link.AttachFreplace(nil, "", p) },
}

func xdpAttacher(flags link.XDPAttachFlags) func(*ebpf.Program, linkSpec) (link.Link, error) {
	return func(p *ebpf.Program, s linkSpec) (link.Link, error) {
		return link.AttachXDP(link.XDPOptions{Program: p, Interface: int(s.number), Flags: flags})
	}
}

func attachTCX(p *ebpf.Program, s linkSpec) (link.Link, error) {
	return link.AttachTCX(link.TCXOptions{Program: p, Interface: int(s.number), Attach: ebpf.AttachType(s.attachType)})
}

func attachNetkit(p *ebpf.Program, s linkSpec) (link.Link, error) {
	return link.AttachNetkit(link.NetkitOptions{Program: p, Interface: int(s.number), Attach: ebpf.AttachType(s.attachType)})
}

// attachCgroup is link.AttachCgroup without its fallback to what is no link.
func attachCgroup(p *ebpf.Program, s linkSpec) (link.Link, error) {
	dir, err := os.Open(s.place)
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	return link.AttachRawLink(link.RawLinkOptions{Target: int(dir.Fd()), Program: p, Attach: ebpf.AttachType(s.attachType)})
}

func attachNetNS(p *ebpf.Program, s linkSpec) (link.Link, error) {
	ns, err := os.Open(netNSFile(s.place))
	if err != nil {
		return nil, err
	}
	defer ns.Close()
	return link.AttachNetNs(int(ns.Fd()), p)
}

func attachNetfilter(p *ebpf.Program, s linkSpec) (link.Link, error) {
	n, err := parseNetfilter(s.place)
	if err != nil {
		return nil, err
	}
	return link.AttachNetfilter(link.NetfilterOptions{Program: p, ProtocolFamily: link.NetfilterProtocolFamily(n.family),
		Hook: link.NetfilterInetHook(n.hook), Priority: n.priority})
}

func attachIter(p *ebpf.Program, s linkSpec) (link.Link, error) {
	o := link.IterOptions{Program: p}
	if s.mapFD != noFD {
		fd, err := bpfsys.Dup(s.mapFD)
		if err != nil {
			return nil, err
		}
		if o.Map, err = ebpf.NewMapFromFD(fd); err != nil {
			return nil, err
		}
		defer o.Map.Close()
	}
	return link.AttachIter(o)
}

// attachKprobes attaches to all functions that the place's pattern matches.
func attachKprobes(p *ebpf.Program, s linkSpec) (link.Link, error) {
	functions := []string{s.place}
	if strings.ContainsAny(s.place, "*?") {
		list, err := os.Open("/sys/kernel/tracing/available_filter_functions")
		if err != nil {
			return nil, fmt.Errorf("the functions of a pattern: %w", err)
		}
		defer list.Close()
		if functions, err = matchingFunctions(list, s.place); err != nil {
			return nil, err
		}
	}
	o := link.KprobeMultiOptions{Symbols: functions, Session: s.kind == "kprobe.session"}
	if s.kind == "kretprobe.multi" {
		return link.KretprobeMulti(p, o)
	}
	return link.KprobeMulti(p, o)
}

func attachUprobe(p *ebpf.Program, s linkSpec) (link.Link, error) {
	file, function, offset, err := splitUserFunction(s.place)
	if err != nil {
		return nil, err
	}
	if file, err = findExecutable(file); err != nil {
		return nil, err
	}
	ex, err := link.OpenExecutable(file)
	if err != nil {
		return nil, err
	}
	o := &link.UprobeOptions{Offset: offset}
	if n, err := strconv.ParseUint(function, 0, 64); err == nil {
		o.Address, function = n, ""
	}
	switch s.kind {
	case "uprobe":
		return ex.Uprobe(function, p, o)
	case "uretprobe":
		return ex.Uretprobe(function, p, o)
	}
	multi := &link.UprobeMultiOptions{}
	symbols := []string{function}
	if o.Address != 0 {
		multi.Addresses, symbols = []uint64{o.Address + offset}, nil
	} else if offset != 0 {
		multi.Offsets = []uint64{offset}
	}
	if s.kind == "uretprobe.multi" {
		return ex.UretprobeMulti(symbols, p, multi)
	}
	return ex.UprobeMulti(symbols, p, multi)
}
