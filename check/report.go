package check

import (
	"time"

	"github.com/bpfload/bpfload/elfload"
	"github.com/bpfload/bpfload/verifierlog"
)

// Schema names the form of a Report as JSON; the number changes when a field
// goes away or changes its meaning, not when one is added.
const Schema = "bpfload-check/1"

// Verdict is how a check ended.
type Verdict string

// Verdicts. Failed and Unexpected are failures; Unproven is one where proof is
// required.
const (
	Passed     Verdict = "passed"
	Failed     Verdict = "failed"
	Expected   Verdict = "expected_failure" // failed, and was to
	Unexpected Verdict = "unexpected_pass"  // passed, and was to fail
	Unproven   Verdict = "unproven"         // could not be made
	LeftOut    Verdict = "left_out"         // optional, and nobody asked for it
	NotRun     Verdict = "not_run"          // something before it failed
)

// verdicts from the least to the most telling.
var verdicts = [...]Verdict{LeftOut, NotRun, Passed, Expected, Unproven, Unexpected, Failed}

// worst is the more telling of two verdicts.
func worst(a, b Verdict) Verdict {
	for _, v := range verdicts {
		if a == v {
			return b
		}
		if b == v {
			return a
		}
	}
	return a
}

// Report is the result of a run. No list in it is null.
type Report struct {
	Schema string `json:"schema"`
	// Kernel is where the objects were loaded, empty for several.
	Kernel Kernel `json:"kernel"`
	// Kernels lists all of them where the report is merged of several.
	Kernels []Kernel `json:"kernels"`
	Require bool     `json:"require"`
	Totals  Totals   `json:"totals"`
	Objects []Object `json:"objects"`
	// Skipped are files of directories that are no BPF objects.
	Skipped []Skipped `json:"skipped"`
}

// Kernel is where objects were loaded, empty where they were not.
type Kernel struct {
	Release string `json:"release"`
	Machine string `json:"machine"`
	// Image is the file that was booted, "" for the running kernel, and Accel what
	// emulated the processor then: "kvm" or "tcg".
	Image elfload.Text `json:"image,omitempty"`
	Accel string       `json:"accel,omitempty"`
	// Name is what objects of a merged report call it: the release, behind which
	// stands the image where two have the same.
	Name string `json:"name,omitempty"`
	// Failed tells that it did not come to check anything.
	Failed bool `json:"failed,omitempty"`
}

// Totals counts checks: one for each object as a whole, one for each map and
// one for each program.
type Totals struct {
	Objects    int `json:"objects"`
	Loads      int `json:"loads"` // more than objects when globals are varied
	Maps       int `json:"maps"`
	Programs   int `json:"programs"`
	Passed     int `json:"passed"`
	Failed     int `json:"failed"`
	Expected   int `json:"expected_failures"`
	Unexpected int `json:"unexpected_passes"`
	Unproven   int `json:"unproven"`
	LeftOut    int `json:"left_out"`
	NotRun     int `json:"not_run"`
}

// Object is one load of one object.
type Object struct {
	Path elfload.Text `json:"path"`
	// Kernel is the name of the kernel, where the report is of several.
	Kernel string `json:"kernel,omitempty"`
	// Variant is the globals that this load sets because they are varied.
	Variant []Setting     `json:"variant"`
	Verdict Verdict       `json:"verdict"`
	Stages  []StageResult `json:"stages"`
	// Self is the check of the object as a whole: reading, planning, its types.
	Self     Check                     `json:"self"`
	Maps     []Check                   `json:"maps"`
	Programs []Check                   `json:"programs"`
	Warnings []elfload.DocumentWarning `json:"warnings"`
	// Time is what reading, planning and loading took.
	Time time.Duration `json:"time_ns"`
}

// StageResult is how far an object got.
type StageResult struct {
	Stage   elfload.Stage `json:"stage"`
	Verdict Verdict       `json:"verdict"`
}

// Check is one thing that passes or fails.
type Check struct {
	Kind    string       `json:"kind"` // "object", "map", "program"; "kernel" for one that did not come to check
	Name    elfload.Text `json:"name"`
	Section elfload.Text `json:"section"`
	Type    string       `json:"type"`
	Verdict Verdict      `json:"verdict"`
	Cause   *Cause       `json:"cause,omitempty"`
	// Proof is why an unproven check could not be made.
	Proof *Proof `json:"proof,omitempty"`
	// Note says in words what was expected instead.
	Note string `json:"note,omitempty"`
	// Stats is what the verifier says of a program.
	Stats *verifierlog.Stats `json:"stats,omitempty"`
	// Memory is what the kernel charges for the map or program, in bytes; 0 where
	// it does not say.
	Memory uint64 `json:"memory,omitempty"`

	err  error
	maps uint64 // of the object, for comparing
}

// stat is the statistics, zero for none.
func (c *Check) stat() verifierlog.Stats {
	if c.Stats == nil {
		return verifierlog.Stats{}
	}
	return *c.Stats
}

// Proof is a probe that has nothing to do with the object, and its outcome.
type Proof struct {
	// Missing is "privilege", "feature", "types", "byte order" or "system".
	Missing   string `json:"missing"`
	Probe     string `json:"probe"`
	Errno     uint   `json:"errno"`
	ErrnoName string `json:"errno_name"`
	Outcome   string `json:"outcome"`
}

// Cause is why a check failed, with the C line where that is known.
type Cause struct {
	elfload.DocumentError
	// Class is that of the exit status: usage, object, privilege, kernel,
	// verifier, pin, other.
	Class  string `json:"class"`
	File   string `json:"file,omitempty"`
	Line   uint32 `json:"line,omitempty"`
	Column uint32 `json:"column,omitempty"`
	Source string `json:"source,omitempty"`
}

// Skipped is a file that was not checked.
type Skipped struct {
	Path   elfload.Text `json:"path"`
	Reason string       `json:"reason"`
}

// bad tells whether the verdict is a failure.
func (r *Report) bad(v Verdict) bool {
	return v == Failed || v == Unexpected || (v == Unproven && r.Require)
}

// OK tells whether everything expected held.
func (r *Report) OK() bool {
	for i := range r.Objects {
		if r.bad(r.Objects[i].Verdict) {
			return false
		}
	}
	return true
}

// Err is the error of the first check that is a failure, nil for none or where
// it is one without an error: something passed that was to fail.
func (r *Report) Err() error {
	for i := range r.Objects {
		for c := range r.Objects[i].Checks() {
			if r.bad(c.Verdict) {
				return c.err
			}
		}
	}
	return nil
}

// Checks gives the object's own check, then those of maps, then of programs.
func (o *Object) Checks() func(yield func(*Check) bool) {
	return func(yield func(*Check) bool) {
		if !yield(&o.Self) {
			return
		}
		for _, list := range [2][]Check{o.Maps, o.Programs} {
			for i := range list {
				if !yield(&list[i]) {
					return
				}
			}
		}
	}
}

// First is the first check with the object's verdict.
func (o *Object) First() *Check {
	for c := range o.Checks() {
		if c.Verdict == o.Verdict {
			return c
		}
	}
	return &o.Self
}

// Label is the path, the variant in brackets, and the kernel where there are
// several.
func (o *Object) Label() string {
	label := string(o.Path)
	for i, s := range o.Variant {
		sep := ", "
		if i == 0 {
			sep = " ["
		}
		label += sep + string(s.Name) + "=" + string(s.Value)
	}
	if len(o.Variant) > 0 {
		label += "]"
	}
	if o.Kernel != "" {
		label += " on " + o.Kernel
	}
	return elfload.Clean(label)
}

// count fills in the totals and the objects' verdicts.
func (r *Report) count() {
	r.Totals = Totals{}
	for i := range r.Objects {
		o := &r.Objects[i]
		if o.Self.Kind != kindKernel {
			r.Totals.Loads++
			if i == 0 || o.Path != r.Objects[i-1].Path {
				r.Totals.Objects++
			}
		}
		r.Totals.Maps += len(o.Maps)
		r.Totals.Programs += len(o.Programs)
		o.Verdict = LeftOut
		for c := range o.Checks() {
			o.Verdict = worst(o.Verdict, c.Verdict)
			if n := r.Totals.of(c.Verdict); n != nil {
				*n++
			}
		}
	}
}

func (t *Totals) of(v Verdict) *int {
	switch v {
	case Passed:
		return &t.Passed
	case Failed:
		return &t.Failed
	case Expected:
		return &t.Expected
	case Unexpected:
		return &t.Unexpected
	case Unproven:
		return &t.Unproven
	case LeftOut:
		return &t.LeftOut
	case NotRun:
		return &t.NotRun
	}
	return nil
}
