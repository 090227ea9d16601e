package verifierlog

import (
	"strconv"
	"strings"
	"time"
)

// Stats is what the verifier says about its work (log level 4, BPF_LOG_STATS).
type Stats struct {
	// Insns is how many instructions it walked through, the same one many times.
	Insns uint64 `json:"instructions"`
	// TotalStates is how many states it kept, PeakStates how many at once, and
	// MaxStatesPerInsn the most at one instruction. Memory grows with them.
	TotalStates      uint64 `json:"total_states"`
	PeakStates       uint64 `json:"peak_states"`
	MaxStatesPerInsn uint64 `json:"max_states_per_instruction"`
	// Time is what it took, in the kernel alone; 0 where the kernel does not say.
	Time time.Duration `json:"time_ns"`
	// Stack is the depth in bytes of the program, then of each subprogram; none
	// before Linux 5.2.
	Stack []uint64 `json:"stack"`
}

// MaxStack is the deepest frame in bytes.
func (s *Stats) MaxStack() uint64 {
	var deepest uint64
	for _, n := range s.Stack {
		deepest = max(deepest, n)
	}
	return deepest
}

// ReadStats finds the statistics in a log; false when there are none.
func ReadStats(log string) (*Stats, bool) {
	var s Stats
	found := false
	for line := range strings.Lines(log) {
		words := strings.Fields(line)
		switch {
		case strings.HasPrefix(line, "verification time ") && len(words) >= 3:
			s.Time = time.Duration(number(words[2])) * time.Microsecond
		case strings.HasPrefix(line, "stack depth ") && len(words) >= 3:
			s.Stack = s.Stack[:0]
			for depth := range strings.SplitSeq(words[2], "+") {
				s.Stack = append(s.Stack, number(depth))
			}
		case strings.HasPrefix(line, "processed ") && len(words) >= 3 && strings.HasPrefix(words[2], "insns"):
			found = true
			s.Insns = number(words[1])
			s.read(words)
		}
	}
	return &s, found
}

// read takes the numbers that stand behind their names in "processed N insns
// (limit 1000000) max_states_per_insn 0 total_states 1 peak_states 1 mark_read 0".
func (s *Stats) read(words []string) {
	for i := 3; i+1 < len(words); i++ {
		switch words[i] {
		case "max_states_per_insn":
			s.MaxStatesPerInsn = number(words[i+1])
		case "total_states":
			s.TotalStates = number(words[i+1])
		case "peak_states":
			s.PeakStates = number(words[i+1])
		}
	}
}

// number is 0 for what is none.
func number(s string) uint64 {
	n, _ := strconv.ParseUint(strings.TrimRight(s, ","), 10, 63)
	return n
}
