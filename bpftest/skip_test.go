package bpftest

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/bpfload/bpfload/check"
	"github.com/bpfload/bpfload/elfload"
)

// ending is a testing.TB that notes the end.
type ending struct {
	testing.TB
	how string
}

func (e *ending) Helper()                      {}
func (e *ending) Skip(args ...any)             { e.end("skip: " + fmt.Sprint(args...)) }
func (e *ending) Fatal(args ...any)            { e.end("fatal: " + fmt.Sprint(args...)) }
func (e *ending) Fatalf(f string, args ...any) { e.end("fatal: " + fmt.Sprintf(f, args...)) }

// end counts once: a real test does not go on.
func (e *ending) end(how string) {
	if e.how == "" {
		e.how = how
	}
}

func TestSkipsOnlyWithProof(t *testing.T) {
	proof := &check.Proof{Missing: "privilege", Probe: "a probe", ErrnoName: "EPERM", Outcome: "no"}
	for _, tc := range []struct {
		name, require, want string
		proof               *check.Proof
	}{
		{"proved", "", "skip: no privilege: a probe: no (EPERM)", proof},
		{"proved, and skipping is forbidden", "1", "fatal: " + RequireEnv + "=1 forbids skipping: no privilege: a probe: no (EPERM)", proof},
		{"not proved", "", "fatal: x", nil},
		{"not proved, and skipping is forbidden", "1", "fatal: x", nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Setenv(RequireEnv, tc.require)
			var e ending
			refused(&e, errors.New("x"), tc.proof)
			if e.how != tc.want {
				t.Errorf("%q, want %q", e.how, tc.want)
			}
		})
	}
}

func TestExplain(t *testing.T) {
	err := &elfload.Error{Symbol: "p", Err: errors.New("refused"), Hint: "do this", Log: "; x = *p; @ a.c:3\n1: (61) r0 = *(u32 *)(r1 +0)\nR1 invalid mem access 'scalar'\n"}
	text := Explain(fmt.Errorf("loading: %w", err))
	for _, part := range []string{`loading: symbol "p": refused`, "x = *p;  (a.c:3)", "=> R1 invalid mem access 'scalar'", "do this", "bpf_probe_read"} {
		if !strings.Contains(text, part) {
			t.Errorf("no %q in %q", part, text)
		}
	}
	if Explain(errors.New("x")) != "x" {
		t.Error("other errors are as they are")
	}
}
