package bpftest

import (
	"errors"
	"regexp"
	"testing"

	"github.com/bpfload/bpfload/check"
	"github.com/bpfload/bpfload/elfload"
)

// ExpectReject loads the object and wants the program (or map) of that name to
// fail at that stage, with a message, hint or log that the regular expression
// matches; "" as name means the object as a whole. It fails when there is no
// error, or another one. Other programs may do as they like.
func ExpectReject(t testing.TB, path, name string, stage elfload.Stage, pattern string, opts ...Option) {
	t.Helper()
	re, err := regexp.Compile(pattern)
	if err != nil {
		t.Fatalf("pattern: %v", err)
	}
	o, err := open(t, path, opts)
	var proof *check.Proof
	switch {
	case err != nil:
		proof = check.ProveMap(nil, err)
	case name != "":
		found := false
		if proof, found, err = o.errorOf(name); !found {
			t.Fatalf("%s has no program or map %q", path, name)
		}
	}
	if err == nil {
		t.Fatalf("%s: %q was to be rejected at stage %s, and was not", path, name, stage)
	}
	if proof != nil && proof.OfRun() {
		missing(t, proof.String()) // whatever the pattern: a refusal for want of privilege is none of the program
		return
	}
	var e *elfload.Error
	if errors.As(err, &e) && e.Stage == stage && (re.MatchString(e.Error()) || re.MatchString(e.Hint) || re.MatchString(e.Log)) {
		return
	}
	if proof != nil {
		missing(t, proof.String())
		return
	}
	t.Fatalf("%s: %q was to be rejected at stage %s with %q, and was otherwise: %s", path, name, stage, pattern, Explain(err))
}

// proofOf shows that the host is to blame for a program's refusal; of a program
// that lacks a map, for the map's.
func (o *Object) proofOf(p *elfload.LoadedProgram) *check.Proof {
	if proof := check.ProveProgram(p.Def, p.Err); proof != nil {
		return proof
	}
	var e *elfload.Error
	if !errors.As(p.Err, &e) || e.Code != "map_missing" {
		return nil
	}
	for _, i := range p.Def.MapRefs {
		if m := &o.MapData[i]; m.Err != nil {
			return check.ProveMap(m.Def, m.Err)
		}
	}
	return nil
}

// errorOf is why a program or map was refused, nil if it was not.
func (o *Object) errorOf(name string) (proof *check.Proof, found bool, err error) {
	for i := range o.Programs {
		if p := &o.Programs[i]; p.Name == name {
			if p.Err != nil {
				proof = o.proofOf(p)
			}
			return proof, true, p.Err
		}
	}
	if m := o.Data(name); m != nil {
		if m.Err != nil {
			proof = check.ProveMap(m.Def, m.Err)
		}
		return proof, true, m.Err
	}
	return nil, false, nil
}
