package elfload

import (
	"fmt"
	"slices"
)

// Mismatch says what a load does with a pinned map that is not compatible with
// its definition. Whatever it does, the old map's pin stays until everything else
// has succeeded, and is then replaced in one step.
type Mismatch string

// What to do with incompatible maps. MismatchFail is what "" means.
const (
	// MismatchFail ends the load with ErrIncompatiblePin.
	MismatchFail Mismatch = "fail"
	// MismatchReplace makes a new map; what the old one held is gone.
	MismatchReplace Mismatch = "replace"
	// MismatchMigrate makes a new map and copies the old one's entries to it,
	// values member by member where their type has changed; a map for which that is
	// not possible, or would lose something, ends the load.
	//
	// Entries are copied once, after all programs are verified and right before
	// the new map takes the pin. Those that nobody writes meanwhile arrive as they
	// are. What programs or processes write to the old map after an entry has been
	// read, until they use the new map, stays behind in the old one: the kernel
	// cannot hold up programs. Whoever must not lose such writes detaches the
	// programs, or stops the traffic, first.
	MismatchMigrate Mismatch = "migrate"
)

// Mismatches are the values of Options.OnMismatch.
func Mismatches() []Mismatch { return []Mismatch{MismatchFail, MismatchReplace, MismatchMigrate} }

// MapMismatch is a Mismatch for one map.
type MapMismatch struct {
	Map        string
	OnMismatch Mismatch
}

// ReplacedMap is a map whose pin another has taken, or that was passed to this process
// and is not used.
type ReplacedMap struct {
	// ID is the old map's id in the kernel.
	ID uint32
	// By is how it was replaced.
	By Mismatch
	// Fields are those in which it was not compatible.
	Fields []FieldDiff
	// Entries is how many entries were copied to the new map.
	Entries uint64
	// Passed tells that the process was started with the old map (Options.Passed).
	Passed bool
}

// document is nil for nil.
func (r *ReplacedMap) document() *DocumentReplaced {
	if r == nil {
		return nil
	}
	return &DocumentReplaced{ID: r.ID, By: string(r.By), Fields: fieldDocuments(r.Fields), Entries: r.Entries, Passed: r.Passed}
}

// fieldDocuments is never nil.
func fieldDocuments(diffs []FieldDiff) []DocumentFieldDiff {
	out := make([]DocumentFieldDiff, len(diffs))
	for i, d := range diffs {
		out[i] = DocumentFieldDiff{Text(d.Field), Text(d.Old), Text(d.New)}
	}
	return out
}

// Progress is how far the copying of a map's entries has come.
type Progress struct {
	Map     string
	Entries uint64  // copied so far
	Part    float64 // of the whole, from 0 to 1, by the place in the old map
}

// planMismatch refuses values that are none, and maps that are not there.
func (p *Plan) planMismatch() error {
	bad := func(format string, args ...any) error {
		return &Error{Stage: StagePlan, Kind: ErrUsage, Code: "on_mismatch", Err: fmt.Errorf(format, args...)}
	}
	known := func(m Mismatch) bool { return m == "" || slices.Contains(Mismatches(), m) }
	if !known(p.opts.OnMismatch) {
		return bad("on-mismatch %q is none of %v", p.opts.OnMismatch, Mismatches())
	}
	p.mismatches = make([]Mismatch, len(p.Maps))
	for i := range p.mismatches {
		p.mismatches[i] = p.opts.OnMismatch
	}
	for _, o := range p.opts.OnMismatchOf {
		if !known(o.OnMismatch) {
			return bad("on-mismatch %q of map %q is none of %v", o.OnMismatch, o.Map, Mismatches())
		}
		i := slices.IndexFunc(p.Maps, func(m PlannedMap) bool { return m.Name == o.Map || slices.Contains(m.Aliases, o.Map) })
		if i < 0 {
			return bad("on-mismatch is given for map %q, and there is none", o.Map)
		}
		p.mismatches[i] = o.OnMismatch
	}
	return nil
}

// onMismatch is what to do with map i; never "".
func (p *Plan) onMismatch(i int) Mismatch {
	if i < len(p.mismatches) && p.mismatches[i] != "" {
		return p.mismatches[i]
	}
	return MismatchFail
}
