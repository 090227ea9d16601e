package verifierlog

import (
	"os"
	"reflect"
	"strings"
	"testing"
)

const refused = `func#0 @0
0: R1=ctx() R10=fp0
; struct v *v = bpf_map_lookup_elem(&m, &k); @ prog.c:12
0: (b7) r2 = 0                        ; R2_w=0
1: (85) call bpf_map_lookup_elem#1    ; R0_w=map_value_or_null(id=1,map=m,ks=4,vs=8)
; return v->x; @ prog.c:13
2: (79) r0 = *(u64 *)(r0 +0)
R0 invalid mem access 'map_value_or_null'
verification time 40 usec
stack depth 0
processed 3 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0
`

func TestRead(t *testing.T) {
	l := Read(refused)
	want := []Step{
		{Source: "struct v *v = bpf_map_lookup_elem(&m, &k);", File: "prog.c", Line: 12,
			Insns: []Insn{{0, "r2 = 0"}, {1, "call bpf_map_lookup_elem#1"}}},
		{Source: "return v->x;", File: "prog.c", Line: 13, Insns: []Insn{{2, "r0 = *(u64 *)(r0 +0)"}}},
	}
	if !reflect.DeepEqual(l.Steps, want) {
		t.Errorf("steps are %+v", l.Steps)
	}
	if l.Reason != "R0 invalid mem access 'map_value_or_null'" {
		t.Errorf("reason is %q", l.Reason)
	}
	if !strings.Contains(l.Cause, "may be NULL") {
		t.Errorf("cause is %q", l.Cause)
	}
	regs := []Register{{Name: "R0", State: "map_value_or_null(id=1,map=m,ks=4,vs=8)", SetAt: 1, Source: "struct v *v = bpf_map_lookup_elem(&m, &k);"}}
	if !reflect.DeepEqual(l.Registers, regs) {
		t.Errorf("registers are %+v", l.Registers)
	}
}

func TestReadForms(t *testing.T) {
	for _, tc := range []struct {
		name, log, reason, code string
		steps                   int
	}{
		{"empty", "", "", "", 0},
		{"accepted", "0: (b7) r0 = 0\n1: (95) exit\nprocessed 2 insns (limit 1000000)\n", "", "", 1},
		{"without source lines", "0: (79) r1 = *(u64 *)(r1 +0)\nR1 !read_ok\n", "R1 !read_ok", "uninitialised", 1},
		{"source without a place (before Linux 6.9)", "; x = 1;\n0: (b7) r0 = 1\nunreachable insn 3\n", "unreachable insn 3", "unreachable", 1},
		{"before any instruction", "func#0 @0\nback-edge from insn 7 to 2\n", "back-edge from insn 7 to 2", "loop", 0},
		{"another path begins", "0: (b7) r0 = 0\nfrom 3 to 5: R0=0 R10=fp0\n5: (95) exit\nAt program exit the register R0 has smin=2 smax=2 should have been in [0, 1]\n",
			"At program exit the register R0 has smin=2 smax=2 should have been in [0, 1]", "return_value", 1},
		{"a refusal and what it led to", "4: (85) call pc+1\ninvalid read from stack R1 off=-8 size=16\nCaller passes invalid args into func#1 ('foo')\n",
			"invalid read from stack R1 off=-8 size=16 (Caller passes invalid args into func#1 ('foo'))", "stack_uninitialised", 1},
		{"states behind the refusal", "6: (05) goto pc-1\ninfinite loop detected at insn 6\ncur state: R0=1 R10=fp0\nold state: R0=1 R10=fp0\n", "infinite loop detected at insn 6", "loop", 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			l := Read(tc.log)
			code, words := Cause(l.Reason)
			if l.Reason != tc.reason || code != tc.code || words != l.Cause || len(l.Steps) != tc.steps {
				t.Errorf("reason %q, code %q, %d steps", l.Reason, code, len(l.Steps))
			}
		})
	}
}

func TestLines(t *testing.T) {
	got := strings.Join(Read(refused).Lines(2), "\n")
	want := `…
; return v->x;  (prog.c:13)
      2: r0 = *(u64 *)(r0 +0)
=> R0 invalid mem access 'map_value_or_null'
   R0 is map_value_or_null(id=1,map=m,ks=4,vs=8) since instruction 1, "struct v *v = bpf_map_lookup_elem(&m, &k);"`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// Refusals as kernels print them: each has its own words.
func TestCauses(t *testing.T) {
	text, err := os.ReadFile("testdata/refusals.txt")
	if err != nil {
		t.Fatal(err)
	}
	codes := make(map[string]bool)
	for line := range strings.Lines(string(text)) {
		code, reason, ok := strings.Cut(strings.TrimRight(line, "\n"), "\t")
		if !ok {
			t.Fatalf("line %q", line)
		}
		codes[code] = true
		if got, _ := Cause(reason); got != code {
			t.Errorf("%q is %q, want %q", reason, got, code)
		}
	}
	for _, c := range causes {
		if !codes[c.code] {
			t.Errorf("no example of %q", c.code)
		}
	}
	if code, words := Cause("something that nobody has seen"); code+words != "" {
		t.Errorf("an unknown refusal is %q", code)
	}
}

func FuzzRead(f *testing.F) {
	f.Add(refused)
	f.Add(structuredLog)
	f.Add("Reason:\n  a\nAt:\n  b @ c:1:2\n  >>> 1 | x")
	f.Add("0: (b7) r0 = ((( ; R0=((")
	f.Fuzz(func(t *testing.T, log string) {
		a, b := Read(log), Read(log)
		if !reflect.DeepEqual(a, b) {
			t.Error("two readings differ")
		}
		a.Lines(3)
	})
}
