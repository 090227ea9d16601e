package verifierlog

import (
	"reflect"
	"strings"
	"testing"
)

// structuredLog has the form that kernel/bpf/diagnostics.c of Linux 7.3 gives.
const structuredLog = `func#0 @0
0: R1=ctx() R10=fp0
; struct v *v = bpf_map_lookup_elem(&m, &k); @ prog.c:12
0: (b7) r2 = 0                        ; R2_w=0
1: (85) call bpf_map_lookup_elem#1    ; R0_w=map_value_or_null(id=1,map=m,ks=4,vs=8)
; return v->x; @ prog.c:13
2: (79) r0 = *(u64 *)(r0 +0)
R0 invalid mem access 'map_value_or_null'

Verification failed: Register Type Safety: Invalid dereference

Reason:
  R0 may be NULL here (a nullable map value pointer). The program could dereference NULL on this
  path, so the verifier cannot prove this access is safe.

At:
  count @ prog.c:13:12
  Source context:
      11 | {
      12 |   struct v *v = bpf_map_lookup_elem(&m, &k);
  >>> 13 |   return v->x;
         |   ^-- error: R0 may be NULL
      14 | }
      15 | 
  Instruction context:
      0 | (b7) r2 = 0
      1 | (85) call bpf_map_lookup_elem#1
  >>> 2 | (79) r0 = *(u64 *)(r0 +0)
      3 | (95) exit

Causal path:
  count @ prog.c:10:6
  Source context:
      8 | 
      9 | int count(void *ctx)
  >>> 10 |   if (ctx)
         |   ^-- branch: took the true branch of this conditional,
         |       goto followed
      11 | {
  Instruction context:
  >>> 0 | (b7) r2 = 0
      1 | (85) call bpf_map_lookup_elem#1

  12 intermediate causal-history events omitted

  insn 1
        | ^-- update: R0 changed from uninitialized value to nullable map value from m at offset 0
  Instruction context:
      0 | (b7) r2 = 0
  >>> 1 | (85) call bpf_map_lookup_elem#1

Suggestion:
  Check R0 for NULL before the access.

Caller passes invalid args into func#1 ('foo')
processed 3 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0
`

func TestStructured(t *testing.T) {
	l := Read(structuredLog)
	// The terse refusal stays what it was before 7.3, and so do the steps.
	if l.Reason != "R0 invalid mem access 'map_value_or_null' (Caller passes invalid args into func#1 ('foo'))" || !strings.Contains(l.Cause, "may be NULL") {
		t.Errorf("reason %q, cause %q", l.Reason, l.Cause)
	}
	if len(l.Steps) != 2 || len(l.Registers) == 0 || l.Registers[0].Name != "R0" {
		t.Errorf("steps %+v, registers %+v", l.Steps, l.Registers)
	}
	want := Log{Problem: "Register Type Safety: Invalid dereference",
		Explanation: "R0 may be NULL here (a nullable map value pointer). The program could dereference NULL on this path, so the verifier cannot prove this access is safe.",
		At:          &Note{Func: "count", File: "prog.c", Line: 13, Column: 12, Source: "return v->x;", Insn: Insn{2, "r0 = *(u64 *)(r0 +0)"}, Label: "error", Text: "R0 may be NULL"},
		Path: []Note{
			{Func: "count", File: "prog.c", Line: 10, Column: 6, Source: "if (ctx)", Insn: Insn{0, "r2 = 0"}, Label: "branch", Text: "took the true branch of this conditional, goto followed"},
			{Insn: Insn{Index: -1}, Text: "12 intermediate causal-history events omitted"},
			{Insn: Insn{1, "call bpf_map_lookup_elem#1"}, Label: "update", Text: "R0 changed from uninitialized value to nullable map value from m at offset 0"},
		},
		Suggestion: "Check R0 for NULL before the access."}
	got := *l
	got.Reason, got.Cause, got.Steps, got.Registers = "", "", nil, nil
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%+v\n%+v\nwant\n%+v\n%+v", got, got.At, want, want.At)
	}
	text := strings.Join(l.Lines(1), "\n")
	for _, want := range []string{"\n=> R0 invalid mem access", "\n   R0 may be NULL here (a nullable", "\n   R0 is map_value_or_null(",
		"\n   by prog.c:10: \"if (ctx)\": branch: took the true", "\n   by insn 1: update: R0 changed", "\n   the verifier suggests: Check R0"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
}

// A short log, as a program without line info gives it, and one whose beginning
// did not fit into the buffer.
func TestStructuredAlone(t *testing.T) {
	const report = `
Verification failed: Register Type Safety: Unreadable register

Reason:
  R0 has never been initialized on this path, so the verifier cannot use it as an input.

At:
  insn 0
        | ^-- error: R0 is not readable
  Instruction context:
  >>> 0 | (95) exit

Causal path:
  no retained diagnostic events on this path

Suggestion:
  Initialize R0 on every path before this instruction.

processed 1 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0
`
	l := Read("0: R1=ctx() R10=fp0\n0: (95) exit\nR0 !read_ok\n" + report)
	if code, _ := Cause(l.Reason); l.Reason != "R0 !read_ok" || code != "uninitialised" || len(l.Path) != 0 || l.At == nil || l.At.Text != "R0 is not readable" {
		t.Errorf("%+v", l)
	}
	l = Read(report)
	if !strings.HasPrefix(l.Reason, "R0 has never been initialized") || !reflect.DeepEqual(l.Steps, []Step{{Insns: []Insn{{0, "exit"}}}}) {
		t.Errorf("%+v", l)
	}
	for i, line := range l.Lines(0) {
		if i > 0 && strings.Contains(line, "never been initialized") && strings.HasPrefix(line, "   R0") {
			t.Errorf("the reason is told twice: %q", l.Lines(0))
		}
	}
	// Any part of it is read without a panic.
	for n := range len(structuredLog) {
		Read(structuredLog[n:]).Lines(3)
		Read(structuredLog[:n]).Lines(3)
	}
}
