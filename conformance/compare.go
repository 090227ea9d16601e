//go:build linux

package main

import (
	"fmt"
	"slices"
	"strings"
)

// outcome is what one loader made of one object in one stage.
type outcome struct {
	answer
	state *state // nil unless something was loaded
	// unordered: the order of maps in state is chance (C1). otherTypes: their type
	// ids are not the object's (C3).
	unordered, otherTypes bool
}

// result is everything about one object.
type result struct {
	set, object string
	path        string
	outcomes    [len(stages)][len(loaders)]outcome
	problem     string // why the comparison itself did not work
}

// difference is one statement on which bpfload and another loader disagree.
type difference struct {
	set, object string
	stage       stage
	other       string // "libbpf" or "cilium"
	kind        string // "object", "map" or "program"
	name, field string
	ours, their string
	mine, yours *thing // nil where one has no such map or program
	all         *result
}

func (d *difference) String() string {
	return fmt.Sprintf("%s: %s: %s: %s %q: %s: bpfload has %q, %s %q", d.set, d.object, d.stage, d.kind, d.name, d.field, d.ours, d.other, d.their)
}

// differences compares bpfload with each of the others, in each stage.
func (r *result) differences() []difference {
	var all []difference
	for s := range stages {
		for o := 1; o < len(loaders); o++ {
			for _, d := range compare(&r.outcomes[s][0], &r.outcomes[s][o]) {
				d.set, d.object, d.stage, d.other, d.all = r.set, r.object, stages[s], loaders[o], r
				all = append(all, d)
			}
		}
	}
	return all
}

func compare(ours, theirs *outcome) []difference {
	if !theirs.OK {
		return nil // bpfload may take more; the report counts it
	}
	if !ours.OK {
		return []difference{{kind: "object", field: "verdict", ours: "refused: " + ours.Message, their: "loaded"}}
	}
	var diffs []difference
	if ours.KeepGoing {
		diffs = append(diffs, difference{kind: "object", field: "options", ours: "loaded with keep-going", their: "loaded"})
	}
	if ours.state == nil || theirs.state == nil {
		return diffs
	}
	skip := ""
	if theirs.otherTypes {
		skip = " type id" // C3: each map has a BTF of its own
	}
	diffs = append(diffs, compareThings("map", ours.state.maps, theirs.state.maps, skip)...)
	diffs = append(diffs, compareThings("program", ours.state.programs, theirs.state.programs, skip)...)
	// C1: cilium/ebpf creates maps in random order, which is nothing to compare with.
	if a, b := order(ours.state, theirs.state), order(theirs.state, ours.state); a != b && !theirs.unordered {
		diffs = append(diffs, difference{kind: "object", field: "order of maps", ours: a, their: b})
	}
	return diffs
}

// order names the maps of a in the order of their creation, those that b has too.
func order(a, b *state) string {
	var names []string
	for i := range a.maps {
		if find(b.maps, a.maps[i].name) != nil {
			names = append(names, a.maps[i].name)
		}
	}
	return strings.Join(names, " ")
}

// compareThings compares what has one name. Fields whose name ends with skip are
// left out, if that is not empty.
func compareThings(kind string, ours, theirs []thing, skip string) []difference {
	var diffs []difference
	for i := range ours {
		mine := &ours[i]
		yours := find(theirs, mine.name)
		if yours == nil {
			diffs = append(diffs, difference{kind: kind, name: mine.name, field: "presence", ours: "present", their: "absent", mine: mine})
			continue
		}
		for _, f := range mine.facts {
			if skip != "" && strings.HasSuffix(f.field, skip) {
				continue
			}
			if their := yours.fact(f.field); f.value != their {
				diffs = append(diffs, difference{kind: kind, name: mine.name, field: f.field, ours: f.value, their: their, mine: mine, yours: yours})
			}
		}
	}
	for i := range theirs {
		if yours := &theirs[i]; find(ours, yours.name) == nil {
			diffs = append(diffs, difference{kind: kind, name: yours.name, field: "presence", ours: "absent", their: "present", yours: yours})
		}
	}
	return diffs
}

func find(list []thing, name string) *thing {
	if i := slices.IndexFunc(list, func(t thing) bool { return t.name == name }); i >= 0 {
		return &list[i]
	}
	return nil
}
