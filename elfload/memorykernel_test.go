package elfload_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/cilium/ebpf"

	"github.com/bpfload/bpfload/elfload"
	"github.com/bpfload/bpfload/internal/kerneltest"
)

// memlock is what the kernel says that a map takes, 0 if it does not.
func memlock(t *testing.T, fd int) uint64 {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/self/fdinfo/%d", fd))
	if err != nil {
		t.Fatal(err)
	}
	for line := range bytes.Lines(text) {
		if digits, ok := strings.CutPrefix(string(line), "memlock:"); ok {
			n, err := strconv.ParseUint(strings.TrimSpace(digits), 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
	}
	return 0
}

// Estimates of array and hash kinds are within 10 % of what the kernel counts,
// but for the few words of a map's own structure.
func TestMemoryIsWhatTheKernelTakes(t *testing.T) {
	kerneltest.Require(t)
	cpus, err := ebpf.PossibleCPU()
	if err != nil {
		t.Fatal(err)
	}
	judged := map[ebpf.MapType]int{ebpf.Array: 0, ebpf.Hash: 0, ebpf.PerCPUArray: 0, ebpf.PerCPUHash: 0, ebpf.LRUHash: 0, ebpf.ProgramArray: 0}
	for _, file := range []string{"order.o", "tailcall.o", "globals.o", "maps_only.o", "legacy_ten.o", "hundred.o"} {
		c, err := elfload.Load(t.Context(), filepath.Join(objects, file), elfload.Options{MapsOnly: true})
		if err != nil {
			t.Fatal(err)
		}
		for i := range c.MapData {
			m := &c.MapData[i]
			typ := ebpf.MapType(m.Def.Type)
			n, ok := judged[typ]
			if real := memlock(t, m.FD); ok && real > 0 {
				judged[typ] = n + 1
				if got := m.Def.Memory().On(cpus); got > real+real/10+512 || got+512 < real-real/10 {
					t.Errorf("%s: map %q of type %v: %d bytes, the kernel says %d", file, m.Name, typ, got, real)
				}
			}
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
	if judged[ebpf.Array] == 0 || judged[ebpf.Hash] == 0 {
		t.Logf("the kernel (before 6.4) does not count: %v", judged)
	}
}
