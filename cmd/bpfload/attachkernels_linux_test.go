package main

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/bpfload/bpfload/elfload"
	"github.com/bpfload/bpfload/internal/vm"
	"github.com/bpfload/bpfload/internal/vm/vmtest"
)

// Debian's kernel has what the machines of most tests lack: there every program
// that traces is linked by one command, as the kernel's own numbers of links tell.
func TestVMAttachTracing(t *testing.T) {
	r := vmtest.Run(t, vm.Options{Kernel: vmtest.Kernel(t, "6.12"), Init: vmtest.Build(t, command), Cmdline: "lsm=bpf",
		Args:  []string{vm.Self, "load", "--json", "--attach", "--attach-to", "probes_user=uprobe:" + vm.Self + ":main.main", guestObjects + "/trace_targets.o"},
		Files: []vm.File{{Host: objects + "trace_targets.o", Guest: guestObjects + "/trace_targets.o"}}})
	if r.ExitCode != 0 {
		t.Fatalf("status %d: %s", r.ExitCode, r.Stderr)
	}
	var d elfload.Document
	if err := json.Unmarshal(r.Stdout, &d); err != nil {
		t.Fatal(err)
	}
	kinds := map[string]string{}
	var ids []uint32
	for i := range d.Links {
		l := &d.Links[i]
		kinds[string(l.Name)] = string(l.Kind)
		if l.ID == nil || slices.Contains(ids, uint32(*l.ID)) {
			t.Errorf("%s: link %+v", l.Name, l)
			continue
		}
		ids = append(ids, uint32(*l.ID))
	}
	for _, row := range [...]struct{ program, kind string }{
		{"enters", "tracing"}, {"leaves", "tracing"}, {"enters_vmlinux", "tracing"}, {"changes", "tracing"}, {"switches", "tracing"},
		{"hook", "lsm"}, {"hook_sleeps", "lsm"}, {"switches_raw", "raw_tracepoint"}, {"switches_tp", "tracepoint"}, {"probes", "kprobe"},
		{"probes_return", "kretprobe"}, {"probes_many", "kprobe.multi"}, {"probes_user", "uprobe"}, {"every_task", "iter"},
	} {
		if kinds[row.program] != row.kind {
			t.Errorf("%s is linked by %q, not %q: %s", row.program, kinds[row.program], row.kind, r.Stderr)
		}
	}
}
