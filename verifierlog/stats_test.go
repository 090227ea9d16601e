package verifierlog

import (
	"reflect"
	"testing"
	"time"
)

func TestReadStats(t *testing.T) {
	for _, tc := range []struct {
		name, log string
		want      *Stats
	}{
		{"Linux 6", "verification time 117 usec\nstack depth 16+0+8\nprocessed 38 insns (limit 1000000) max_states_per_insn 1 total_states 3 peak_states 2 mark_read 1\n",
			&Stats{Insns: 38, TotalStates: 3, PeakStates: 2, MaxStatesPerInsn: 1, Time: 117 * time.Microsecond, Stack: []uint64{16, 0, 8}}},
		{"Linux 4.14", "processed 7 insns\n", &Stats{Insns: 7}},
		{"Linux 4.15 to 5.1", "processed 7 insns (limit 131072), stack depth 0\n", &Stats{Insns: 7}},
		{"behind a log", "0: (b7) r0 = 0\n1: (95) exit\nprocessed 2 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0\n", &Stats{Insns: 2}},
		{"none", "0: (b7) r0 = 0\n", nil},
		{"cut off", "processed 12", nil},
		{"not numbers", "processed x insns (limit", &Stats{}},
		{"empty", "", nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, ok := ReadStats(tc.log)
			if ok != (tc.want != nil) {
				t.Fatalf("found is %v", ok)
			}
			if ok && !reflect.DeepEqual(got, tc.want) {
				t.Errorf("got %+v, want %+v", got, tc.want)
			}
		})
	}
}

func TestMaxStack(t *testing.T) {
	s := Stats{Stack: []uint64{16, 512, 8}}
	if got := s.MaxStack(); got != 512 {
		t.Errorf("the deepest frame is %d", got)
	}
}
