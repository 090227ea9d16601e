package check

import (
	"errors"
	"testing"

	"github.com/bpfload/bpfload/elfload"
)

// A program that is refused for want of privilege has not failed as it was to,
// whatever the pattern; one that needs what the kernel lacks has.
func TestExpectationsAreNotMetByMissingPrivilege(t *testing.T) {
	denied := func(missing string) Object {
		c := Check{Kind: "program", Name: "p"}
		c.fail(&elfload.Error{Stage: elfload.StageProgram, Kind: elfload.ErrPrivilege, Errno: 1, Err: errors.New("operation not permitted")}, elfload.SourceLine{})
		c.Verdict, c.Proof = Unproven, &Proof{Missing: missing}
		return Object{Path: "x.o", Self: Check{Kind: "object", Verdict: Passed}, Programs: []Check{c}}
	}
	for _, row := range []struct {
		missing string
		want    Verdict
	}{{"privilege", Unproven}, {"system", Unproven}, {"feature", Expected}, {"types", Expected}} {
		for name, e := range map[string]*Expectation{"program": {Program: "p", Stage: elfload.StageProgram}, "object": {Object: "x.o"}} {
			o := denied(row.missing)
			apply(&o, []*Expectation{e}, "6.1", make(map[*Expectation]bool))
			if got := o.Programs[0].Verdict; got != row.want || o.Self.Verdict != Passed {
				t.Errorf("%s, expectation about the %s: %s, want %s; the object %s", row.missing, name, got, row.want, o.Self.Verdict)
			}
		}
	}
}
