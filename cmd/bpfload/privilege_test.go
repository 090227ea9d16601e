package main

import (
	"encoding/binary"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/bpfload/bpfload/internal/elftest"
	"github.com/bpfload/bpfload/internal/kerneltest"
)

// The least capabilities by kind of object, as SECURITY.md has them: with these
// an object loads, with any one less it does not, and the error names it.
func TestLeastCapabilities(t *testing.T) {
	kerneltest.Require(t)
	if os.Geteuid() != 0 {
		t.Skip("only root can drop capabilities one by one")
	}
	setpriv, err := exec.LookPath("setpriv")
	if err != nil {
		t.Skip("setpriv is not installed")
	}
	with := func(caps []string, args ...string) (status int, stderr string) {
		cmd := process(t, append([]string{"load"}, args...)...)
		limits := append([]string{"-all"}, caps...)
		limited := exec.CommandContext(t.Context(), setpriv, append([]string{"--bounding-set=" + strings.Join(limits, ",+"), "--inh-caps=-all", "--", cmd.Path}, cmd.Args[1:]...)...)
		limited.Env = cmd.Env
		var errs strings.Builder
		limited.Stderr = &errs
		_ = limited.Run() // the status is judged
		return limited.ProcessState.ExitCode(), errs.String()
	}
	if status, stderr := with([]string{"bpf", "perfmon", "net_admin"}, objects+"maps_only.o"); status != 0 {
		t.Skipf("setpriv cannot give CAP_BPF here: %s", stderr)
	}
	for _, row := range []struct {
		what  string
		args  []string
		needs []string
	}{
		{"plain maps", []string{objects + "maps_only.o"}, []string{"bpf"}},
		{"maps of maps", []string{"--maps-only", objects + "order.o"}, []string{"bpf"}},
		{"data sections and a socket filter", []string{objects + "globals.o"}, []string{"bpf"}},
		{"a program array of socket filters", []string{objects + "tailcall.o"}, []string{"bpf"}},
		{"XDP", []string{objects + "order.o"}, []string{"bpf", "net_admin"}},
		{"a raw tracepoint with CO-RE", []string{objects + "core.o"}, []string{"bpf", "perfmon"}},
		{"socket and device maps", []string{networkMaps(t)}, []string{"bpf", "net_admin"}},
		{"an arena", []string{"--maps-only", objects + "arena_plain.o"}, []string{"bpf"}},
		{"programs that use an arena", []string{objects + "arena_plain.o"}, []string{"bpf", "perfmon"}},
		{"a trie, a CPU map, queues, a ring buffer, a bloom filter, stack traces", []string{otherMaps(t)}, []string{"bpf"}},
		{"tracing programs", []string{tracing(t)}, []string{"bpf", "perfmon"}},
		{"networking programs", []string{networking(t)}, []string{"bpf", "net_admin"}},
		{"struct_ops", []string{objects + "struct_ops.o"}, []string{"bpf", "perfmon"}},
		{"iterators and cgroups", []string{objects + "prog_attach.o"}, []string{"bpf", "perfmon", "net_admin"}},
	} {
		t.Run(row.what, func(t *testing.T) {
			if status, stderr := with(row.needs, row.args...); status != 0 {
				t.Errorf("with %v: status %d, %s", row.needs, status, stderr)
			}
			for i := range row.needs {
				less := append(append([]string(nil), row.needs[:i]...), row.needs[i+1:]...)
				missing := "CAP_" + strings.ToUpper(row.needs[i])
				status, stderr := with(less, row.args...)
				told := strings.Contains(stderr, "hint: ") || strings.Contains(stderr, "are required to use arena") // the verifier says all
				if status != exitPrivilege || !strings.Contains(stderr, missing) || !told {
					t.Errorf("with %v: status %d, %s", less, status, stderr)
				}
			}
			if status, stderr := with([]string{"sys_admin"}, row.args...); status != 0 {
				t.Errorf("CAP_SYS_ADMIN stands for all: status %d, %s", status, stderr)
			}
		})
	}
}

// mapsOfTypes has a map of each type with those sizes and flags.
func mapsOfTypes(t *testing.T, rows [][5]uint32) string {
	t.Helper()
	m := elftest.NewMaps(nil)
	for i, r := range rows {
		fields := []elftest.Field{m.Uint("type", r[0]), m.Uint("max_entries", r[3]), m.Uint("map_flags", r[4])}
		if r[1] != 0 {
			fields = append(fields, m.Uint("key_size", r[1]))
		}
		if r[2] != 0 {
			fields = append(fields, m.Uint("value_size", r[2]))
		}
		m.Map("m"+strconv.Itoa(i), fields...)
	}
	return weaponFile(t, m.Object())
}

// networkMaps are a DEVMAP, a SOCKMAP, an XSKMAP, a SOCKHASH and a DEVMAP_HASH.
func networkMaps(t *testing.T) string {
	return mapsOfTypes(t, [][5]uint32{{14, 4, 4, 1, 0}, {15, 4, 4, 1, 0}, {17, 4, 4, 1, 0}, {18, 4, 4, 1, 0}, {25, 4, 4, 1, 0}})
}

// otherMaps are an LPM_TRIE, a CPUMAP, a QUEUE, a STACK, a RINGBUF, a BLOOM_FILTER and a STACK_TRACE.
func otherMaps(t *testing.T) string {
	return mapsOfTypes(t, [][5]uint32{{11, 8, 4, 1, 1}, {16, 4, 4, 1, 0}, {22, 0, 4, 1, 0}, {23, 0, 4, 1, 0}, {27, 0, 0, 4096, 0}, {30, 0, 4, 1, 0}, {7, 4, 8, 1, 0}})
}

// programsIn has a program in each of the sections.
func programsIn(t *testing.T, sections ...string) string {
	t.Helper()
	order := binary.ByteOrder(binary.LittleEndian)
	o := &elftest.Object{Order: order, Sections: []elftest.Section{elftest.Data("license", []byte("GPL\x00"))}}
	for i, s := range sections {
		o.Sections = append(o.Sections, elftest.Exec(s, elftest.Mov(order, elftest.R0, 0), elftest.Exit(order)))
		o.Symbols = append(o.Symbols, elftest.Func("p"+strconv.Itoa(i), s, 0, 16))
	}
	return weaponFile(t, o)
}

func tracing(t *testing.T) string {
	return programsIn(t, "kprobe/do_exit", "tracepoint/syscalls/sys_enter_openat", "perf_event", "raw_tp/sys_enter")
}

func networking(t *testing.T) string {
	return programsIn(t, "tc", "xdp", "cgroup_skb/ingress", "cgroup/dev", "lwt_in", "flow_dissector", "sk_skb/stream_verdict", "sk_msg")
}
