// Package kerneltest decides whether a test may use the running kernel's
// bpf(2). It is for tests only.
//
// A test is skipped for one reason alone: the system call itself answered
// EPERM (or the system is not Linux), so the process lacks privilege. Every
// other answer lets the test run and fail. With BPFLOAD_REQUIRE_KERNEL=1 in the
// environment, which CI sets, lack of privilege is a failure as well.
package kerneltest

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"sync"
	"syscall"
	"testing"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/rlimit"
)

// RequireEnv is the environment variable that forbids skipping when it is "1".
const RequireEnv = "BPFLOAD_REQUIRE_KERNEL"

// Require returns when the process may create every kind of map and program,
// skips the test when bpf(2) refused that with EPERM, and fails it when
// skipping is forbidden. The kernel is asked once per test binary.
func Require(t testing.TB) {
	t.Helper()
	reason := probeOnce()
	if reason == "" {
		return
	}
	if os.Getenv(RequireEnv) == "1" {
		t.Fatalf("%s=1 forbids skipping: %s", RequireEnv, reason)
	}
	t.Skip(reason)
}

// probeOnce is the reason for skipping, "" for none.
var probeOnce = sync.OnceValue(func() string {
	if runtime.GOOS != "linux" {
		return "kernel tests need linux, this is " + runtime.GOOS
	}
	return reason(probes())
})

// probe is one attempt to use bpf(2) and what it stands for.
type probe struct {
	what string // what was tried, and the capability that it needs
	try  func() error
}

// probes lists what the tests of this module need, by capability.
func probes() []probe {
	// Before Linux 5.11 the memlock limit gives EPERM even to root.
	_ = rlimit.RemoveMemlock()
	return []probe{
		{"creating an LRU hash map (CAP_BPF)", func() error {
			m, err := ebpf.NewMap(&ebpf.MapSpec{Type: ebpf.LRUHash, KeySize: 4, ValueSize: 4, MaxEntries: 1})
			if err != nil {
				return err
			}
			return m.Close()
		}},
		{"loading a kprobe program (CAP_PERFMON)", func() error { return loadTrivial(ebpf.Kprobe) }},
		{"loading an XDP program (CAP_NET_ADMIN)", func() error { return loadTrivial(ebpf.XDP) }},
	}
}

// loadTrivial loads and closes a program that returns 0.
func loadTrivial(typ ebpf.ProgramType) error {
	p, err := ebpf.NewProgram(&ebpf.ProgramSpec{
		Type:         typ,
		License:      "GPL",
		Instructions: asm.Instructions{asm.Mov.Imm(asm.R0, 0), asm.Return()},
	})
	if err != nil {
		return err
	}
	return p.Close()
}

// reason runs the probes in order and tells the first lack of privilege. Other
// errors are left to the tests, which then fail with them.
func reason(all []probe) string {
	for _, p := range all {
		err := p.try()
		if errors.Is(err, syscall.EPERM) {
			return fmt.Sprintf("no privilege: bpf(2) answered EPERM to uid %d for %s", os.Geteuid(), p.what)
		}
	}
	return ""
}
