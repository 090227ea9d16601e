package check

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync"
	"syscall"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/btf"
	"github.com/cilium/ebpf/features"

	"github.com/bpfload/bpfload/elfload"
)

// prover finds out whether a failure is the host's and not the object's. A
// proof is a probe that knows nothing of the object.
type prover interface {
	prove(subject, error) *Proof
}

// subject is what failed. At most one of the types is not 0.
type subject struct {
	mapType  uint32
	progType uint32
	order    string // of the object
}

// hostProver asks the running kernel. Probes run once each, when first needed.
type hostProver struct {
	mu   sync.Mutex
	done map[string]*Proof
	// hasFunction looks a function up in the kernel's types.
	hasFunction func(name string) (bool, error)
}

func newHostProver() *hostProver {
	return &hostProver{done: make(map[string]*Proof), hasFunction: kernelHasFunction}
}

// once is the remembered outcome of a probe; nil when nothing is missing.
func (h *hostProver) once(name string, probe func() *Proof) *Proof {
	h.mu.Lock()
	defer h.mu.Unlock()
	p, ok := h.done[name]
	if !ok {
		p = probe()
		h.done[name] = p
	}
	return p
}

// prove tries what fits the error, in an order that names the root: no
// privilege explains everything, then the kernel's types, then one feature.
func (h *hostProver) prove(s subject, err error) *Proof {
	var e *elfload.Error
	if !errors.As(err, &e) || e.Stage == elfload.StageRead || e.Stage == elfload.StagePlan {
		return nil
	}
	if runtime.GOOS != "linux" {
		return &Proof{Missing: "system", Probe: "runtime.GOOS", Outcome: "bpf(2) exists only on linux, this is " + runtime.GOOS}
	}
	if e.Code == "byte_order" && s.order != "" {
		return foreign(s.order)
	}
	if e.Errno == syscall.EPERM || errors.Is(err, elfload.ErrPrivilege) {
		for _, p := range privilegeProbes[:] {
			if p.needed(s) {
				if proof := h.once(p.what, p.run); proof != nil {
					return proof
				}
			}
		}
	}
	if !errors.Is(err, elfload.ErrNotSupported) && !unknownHelper(e) {
		return nil
	}
	for _, probe := range []func(subject, *elfload.Error) *Proof{h.types, h.feature} {
		if proof := probe(s, e); proof != nil {
			return proof
		}
	}
	return nil
}

func foreign(order string) *Proof {
	host := "little"
	if binary.NativeEndian.Uint16([]byte{0, 1}) == 1 {
		host = "big"
	}
	if order == host {
		return nil
	}
	return &Proof{Missing: "byte_order", Probe: "byte order of this machine", Outcome: fmt.Sprintf("the object is %s endian, this machine is %s endian", order, host)}
}

// privilegeProbe is one trivial use of bpf(2) that needs one capability.
type privilegeProbe struct {
	what   string
	needed func(subject) bool
	try    func() error
}

var privilegeProbes = [...]privilegeProbe{
	{"creating an array map", func(subject) bool { return true }, func() error {
		return closed(ebpf.NewMap(&ebpf.MapSpec{Type: ebpf.Array, KeySize: 4, ValueSize: 4, MaxEntries: 1}))
	}},
	{"creating an LRU hash map (CAP_BPF)", func(subject) bool { return true }, func() error {
		return closed(ebpf.NewMap(&ebpf.MapSpec{Type: ebpf.LRUHash, KeySize: 4, ValueSize: 4, MaxEntries: 1}))
	}},
	{"loading a kprobe program (CAP_PERFMON)", func(s subject) bool { return s.progType != 0 }, func() error { return trivial(ebpf.Kprobe) }},
	{"loading an XDP program (CAP_NET_ADMIN)", func(s subject) bool { return networking(s) }, func() error { return trivial(ebpf.XDP) }},
}

// networking tells what needs CAP_NET_ADMIN: maps of devices and sockets, and
// all programs but those that trace.
func networking(s subject) bool {
	switch ebpf.MapType(s.mapType) {
	case ebpf.DevMap, ebpf.DevMapHash, ebpf.SockMap, ebpf.SockHash, ebpf.XSKMap, ebpf.CPUMap:
		return true
	}
	switch ebpf.ProgramType(s.progType) {
	case ebpf.UnspecifiedProgram, ebpf.Kprobe, ebpf.TracePoint, ebpf.PerfEvent, ebpf.RawTracepoint, ebpf.RawTracepointWritable, ebpf.Tracing, ebpf.LSM, ebpf.Syscall, ebpf.SocketFilter:
		return false
	}
	return true
}

func (p privilegeProbe) run() *Proof {
	err := p.try()
	if !errors.Is(err, syscall.EPERM) {
		return nil
	}
	return &Proof{Missing: "privilege", Probe: p.what, Errno: uint(syscall.EPERM), ErrnoName: "EPERM", Outcome: fmt.Sprintf("uid %d: operation not permitted", os.Geteuid())}
}

func closed[T interface{ Close() error }](v T, err error) error {
	if err != nil {
		return err
	}
	return v.Close()
}

func trivial(typ ebpf.ProgramType) error {
	return closed(ebpf.NewProgram(&ebpf.ProgramSpec{Type: typ, License: "GPL", Instructions: asm.Instructions{asm.Mov.Imm(asm.R0, 0), asm.Return()}}))
}

// vmlinuxBTF is where the kernel shows its types.
const vmlinuxBTF = "/sys/kernel/btf/vmlinux"

// types proves that the kernel was built without types.
func (h *hostProver) types(_ subject, e *elfload.Error) *Proof {
	if !strings.Contains(e.Error(), "types") && !strings.Contains(e.Error(), "BTF") {
		return nil
	}
	return h.once("btf", func() *Proof {
		if _, err := os.Stat(vmlinuxBTF); errors.Is(err, syscall.ENOENT) {
			return &Proof{Missing: "types", Probe: "stat " + vmlinuxBTF, Errno: uint(syscall.ENOENT), ErrnoName: "ENOENT", Outcome: "the kernel was built without CONFIG_DEBUG_INFO_BTF"}
		}
		return nil
	})
}

// feature proves that the kernel lacks a map type, program type or helper.
func (h *hostProver) feature(s subject, e *elfload.Error) *Proof {
	missing := func(what string, probe func() error) *Proof {
		return h.once(what, func() *Proof {
			if err := probe(); !errors.Is(err, ebpf.ErrNotSupported) {
				return nil
			}
			return &Proof{Missing: "feature", Probe: what, Errno: uint(syscall.EINVAL), ErrnoName: "EINVAL", Outcome: "the kernel does not know it"}
		})
	}
	if s.mapType != 0 {
		t := ebpf.MapType(s.mapType)
		return missing(fmt.Sprintf("creating a minimal map of type %v", t), func() error { return features.HaveMapType(t) })
	}
	if name, since := missingFunction(e); since != "" {
		return h.once("function "+name, func() *Proof {
			if has, err := h.hasFunction(name); has || err != nil {
				return nil
			}
			return &Proof{Missing: "feature", Probe: fmt.Sprintf("looking for the function %q in %s", name, vmlinuxBTF),
				Errno: uint(syscall.ENOENT), ErrnoName: "ENOENT", Outcome: "it is not there: it came with Linux " + since}
		})
	}
	if s.progType == 0 {
		return nil
	}
	t := ebpf.ProgramType(s.progType)
	if n, ok := helperNumber(e); ok {
		f := asm.BuiltinFunc(n)
		return missing(fmt.Sprintf("calling helper %d (%v) from a program of type %v", n, f, t), func() error { return features.HaveProgramHelper(t, f) })
	}
	return missing(fmt.Sprintf("loading a minimal program of type %v", t), func() error { return features.HaveProgramType(t) })
}

// missingFunction is the kernel function that a program calls in vain, and the release
// that brought it. One that no release is known to have is the program's own mistake.
func missingFunction(e *elfload.Error) (name, since string) {
	if e.Code != "ksym_missing" {
		return "", ""
	}
	_, rest, _ := strings.Cut(e.Err.Error(), "kernel function \"")
	name, _, ok := strings.Cut(rest, "\" is not in the types of this kernel")
	if !ok {
		return "", ""
	}
	return name, elfload.KernelFunctionSince(name)
}

func kernelHasFunction(name string) (bool, error) {
	types, err := btf.LoadKernelSpec()
	if err != nil {
		return false, err
	}
	var f *btf.Func
	if err = types.TypeByName(name, &f); errors.Is(err, btf.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

func unknownHelper(e *elfload.Error) bool {
	_, ok := helperNumber(e)
	return ok
}

// maxHelper is more than any kernel has; larger numbers mark what a loader
// poisoned.
const maxHelper = 10_000

// helperNumber finds the helper in "invalid func unknown#219", which the
// verifier says of numbers beyond those that it knows.
func helperNumber(e *elfload.Error) (int, bool) {
	_, rest, ok := strings.Cut(e.Log, "invalid func unknown#")
	var n int
	if !ok {
		return 0, false
	}
	if _, err := fmt.Sscanf(rest, "%d", &n); err != nil || n <= 0 || n >= maxHelper {
		return 0, false
	}
	return n, true
}
