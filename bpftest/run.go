package bpftest

import (
	"testing"

	"github.com/cilium/ebpf"
)

const (
	headroom = 256 // bytes by which a program may lengthen a packet
	shortest = 14  // bytes of an Ethernet header, which the kernel insists on
)

// Run runs the program once with that packet, or that context for programs
// without packets (raw tracepoints, syscall programs), and gives back what it
// returned and the packet or context afterwards (BPF_PROG_TEST_RUN). A packet
// that is shorter than an Ethernet header is filled up with zeros.
func Run(t testing.TB, prog *ebpf.Program, input []byte) (ret uint32, out []byte) {
	t.Helper()
	if prog == nil {
		t.Fatal("there is no such program, or it was not loaded")
	}
	var o ebpf.RunOptions
	switch prog.Type() {
	case ebpf.RawTracepoint, ebpf.RawTracepointWritable, ebpf.Syscall, ebpf.SkLookup:
		if len(input) > 0 {
			o.Context = append([]byte(nil), input...)
		}
		if prog.Type() == ebpf.Syscall && len(input) > 0 {
			o.ContextOut = make([]byte, len(input))
		}
	case ebpf.Tracing, ebpf.LSM, ebpf.StructOps:
	default:
		o.Data = append(make([]byte, 0, max(len(input), shortest)), input...)
		o.Data = o.Data[:max(len(input), shortest)]
		o.DataOut = make([]byte, len(o.Data)+headroom)
	}
	ret, err := prog.Run(&o)
	if err != nil {
		t.Fatalf("%v: %v", prog, err)
	}
	if o.ContextOut != nil {
		return ret, o.ContextOut.([]byte)
	}
	return ret, o.DataOut
}
