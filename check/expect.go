package check

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/bpfload/bpfload/elfload"
)

// Expectation says that something is to fail.
type Expectation struct {
	// Object is a glob for the object's path or its last part, "" for all.
	Object string
	// Program or Map is a glob for a name; neither means the object, of which
	// any part may fail then.
	Program, Map string
	// Stage is where it is to fail, "" for anywhere.
	Stage elfload.Stage
	// Pattern is found in the error's message, hint or log; nil for any.
	Pattern *regexp.Regexp
	// Kernels are the releases on which it is to fail; none means all. On others
	// it is to pass. "<5.15" and "5.15" (all of 5.15) are understood, with <, <=, >,
	// >=, several in one joined by commas.
	Kernels []string
	// When lists varied globals: it is to fail in variants that have these values,
	// and to pass in others; none means all.
	When []Setting
}

// stages are those that an expectation can name, in order.
var stages = [...]elfload.Stage{elfload.StageRead, elfload.StagePlan, elfload.StageMap, elfload.StageValue, elfload.StageProgram, elfload.StagePin}

// ParseExpectation reads "PROG=STAGE:PATTERN".
func ParseExpectation(s string) (Expectation, error) {
	name, rest, ok := strings.Cut(s, "=")
	stage, pattern, _ := strings.Cut(rest, ":")
	if !ok || name == "" || stage == "" {
		return Expectation{}, usage(fmt.Errorf("%q is not of the form PROG=STAGE:PATTERN", s))
	}
	e := Expectation{Program: name, Stage: elfload.Stage(stage)}
	if err := e.setPattern(pattern); err != nil {
		return e, err
	}
	return e, e.validate()
}

func (e *Expectation) setPattern(s string) error {
	if s == "" {
		return nil
	}
	re, err := regexp.Compile(s)
	if err != nil {
		return usage(fmt.Errorf("pattern %q: %w", s, err))
	}
	e.Pattern = re
	return nil
}

func (e *Expectation) validate() error {
	known := e.Stage == ""
	names := make([]string, len(stages))
	for i, s := range stages {
		known = known || s == e.Stage
		names[i] = string(s)
	}
	if !known {
		return usage(fmt.Errorf("%q is no stage: %s", e.Stage, strings.Join(names, ", ")))
	}
	for _, glob := range []string{e.Object, e.Program, e.Map} {
		if _, err := path.Match(glob, ""); err != nil {
			return usage(fmt.Errorf("pattern %q: %w", glob, err))
		}
	}
	if e.Program != "" && e.Map != "" {
		return usage(fmt.Errorf("an expectation is about program %q or map %q, not both", e.Program, e.Map))
	}
	for _, k := range e.Kernels {
		if _, err := kernelMatches(k, "0.0"); err != nil {
			return usage(err)
		}
	}
	return nil
}

// text is the expectation in words.
func (e *Expectation) text() string {
	s := "was to fail"
	if e.Stage != "" {
		s += " at stage " + string(e.Stage)
	}
	if e.Pattern != nil {
		s += fmt.Sprintf(" with %q", e.Pattern)
	}
	if len(e.Kernels) > 0 {
		s += " on kernel " + strings.Join(e.Kernels, " or ")
	}
	for _, w := range e.When {
		s += fmt.Sprintf(" with %s=%s", w.Name, w.Value)
	}
	return s
}

// needsKernel tells that reading and planning cannot show it.
func (e *Expectation) needsKernel() bool {
	return e.Stage != elfload.StageRead && e.Stage != elfload.StagePlan
}

// holds tells whether the failure is the expected one.
func (e *Expectation) holds(c *Cause) bool {
	if e.Stage != "" && string(e.Stage) != c.Stage {
		return false
	}
	return e.Pattern == nil || e.Pattern.MatchString(c.Message) || e.Pattern.MatchString(c.Hint) || e.Pattern.MatchString(c.Log)
}

// ofObject tells whether the expectation is about the object in this variant, on
// this kernel.
func (e *Expectation) ofObject(o *Object, release string) bool {
	for _, s := range e.When {
		if !slices.Contains(o.Variant, s) {
			return false
		}
	}
	file := string(o.Path)
	if e.Object != "" && !matches(e.Object, file) && !matches(e.Object, path.Base(file)) {
		return false
	}
	for _, k := range e.Kernels {
		if ok, _ := kernelMatches(k, release); ok {
			return true
		}
	}
	return len(e.Kernels) == 0
}

func matches(glob, name string) bool {
	ok, _ := path.Match(glob, name)
	return ok || glob == name
}

// apply turns failures into expected ones, and passes into unexpected ones.
// used is set for expectations that named something.
func apply(o *Object, list []*Expectation, release string, used map[*Expectation]bool) {
	for _, e := range list {
		if !e.ofObject(o, release) {
			continue
		}
		if e.Program == "" && e.Map == "" {
			used[e] = true
			e.whole(o)
			continue
		}
		checks, glob := o.Programs, e.Program
		if e.Map != "" {
			checks, glob = o.Maps, e.Map
		}
		for j := range checks {
			if matches(glob, string(checks[j].Name)) {
				used[e] = true
				e.one(&checks[j])
			}
		}
	}
}

// one is an expectation about a program or map.
func (e *Expectation) one(c *Check) {
	switch {
	case c.Verdict == Passed:
		c.Verdict, c.Note = Unexpected, "passed, but "+e.text()
	case c.Verdict == LeftOut:
		c.Verdict, c.Note = Unexpected, "was not loaded, being optional, but "+e.text()
	case c.Cause == nil || c.Verdict == Expected:
	case c.Verdict == Unproven && c.Proof.OfRun():
		c.Note = "the program or map " + e.text() + ", which this run cannot show"
	case e.holds(c.Cause):
		c.Verdict, c.Note = Expected, "failed as expected"
	default:
		c.Note = "failed otherwise: it " + e.text()
	}
}

// whole is an expectation about an object: some part of it fails like this.
func (e *Expectation) whole(o *Object) {
	failed, held := false, false
	for c := range o.Checks() {
		if c.Cause == nil {
			continue
		}
		failed = true
		if c.Verdict == Unproven && c.Proof.OfRun() {
			c.Note = "the object " + e.text() + ", which this run cannot show"
			continue
		}
		if e.holds(c.Cause) {
			held = true
			c.Verdict, c.Note = Expected, "failed as expected"
		}
	}
	switch {
	case held:
	case failed:
		for c := range o.Checks() {
			if c.Verdict == Failed {
				c.Note = "failed otherwise: the object " + e.text()
				break
			}
		}
	default:
		o.Self.Verdict, o.Self.Note = Unexpected, "passed, but the object "+e.text()
	}
}

// kernelMatches compares a kernel's release with conditions such as ">=5.10,<6.1".
func kernelMatches(condition, release string) (bool, error) {
	have, err := releaseNumbers(release)
	if err != nil {
		return false, err
	}
	for part := range strings.SplitSeq(condition, ",") {
		part = strings.TrimSpace(part)
		number := strings.TrimLeft(part, "<>=")
		op := part[:len(part)-len(number)]
		want, err := releaseNumbers(strings.TrimSpace(number))
		if err != nil {
			return false, fmt.Errorf("%q is no condition on a kernel: %w", condition, err)
		}
		order := 0
		for i := range want { // as far as the condition says
			if i < len(have) && have[i] != want[i] {
				order = have[i] - want[i]
				break
			} else if i >= len(have) && want[i] != 0 {
				order = -1
				break
			}
		}
		ok := false
		switch op {
		case "", "=", "==":
			ok = order == 0
		case "<":
			ok = order < 0
		case "<=":
			ok = order <= 0
		case ">":
			ok = order > 0
		case ">=":
			ok = order >= 0
		default:
			return false, fmt.Errorf("%q is no condition on a kernel", condition)
		}
		if !ok {
			return false, nil
		}
	}
	return true, nil
}

// releaseNumbers is 6, 1, 0 of "6.1.0-13-amd64".
func releaseNumbers(release string) ([]int, error) {
	end := strings.IndexFunc(release, func(r rune) bool { return r != '.' && (r < '0' || r > '9') })
	if end < 0 {
		end = len(release)
	}
	var out []int
	for part := range strings.SplitSeq(release[:end], ".") {
		n, err := strconv.ParseUint(part, 10, 16)
		if err != nil {
			return nil, fmt.Errorf("%q is no kernel release", release)
		}
		out = append(out, int(n))
	}
	return out, nil
}
