//go:build linux

package main

import (
	"fmt"
	"io"
	"sync"
)

// run examines every object, several at once; results keep the order of the sets.
func run(sets []set, o *options, progress io.Writer) *report {
	r := &report{sets: sets}
	for i := range sets {
		for j := range sets[i].objects {
			r.results = append(r.results, &result{set: sets[i].name, object: sets[i].objects[j].name, path: sets[i].objects[j].path})
		}
	}
	work := make(chan func())
	var wg sync.WaitGroup
	for range max(1, o.jobs) {
		wg.Go(func() {
			for f := range work {
				f()
			}
		})
	}
	n := 0
	for i := range sets {
		for range sets[i].objects {
			res := r.results[n]
			work <- func() { res.examine(o) }
			if n++; n%100 == 0 {
				_, _ = fmt.Fprintf(progress, "conformance: %d of %d objects\n", n, len(r.results))
			}
		}
	}
	close(work)
	wg.Wait()
	r.explain()
	return r
}

// examine runs the object through every loader. Where only another loader
// succeeds, bpfload is asked once more: a machine under load refuses memory.
func (r *result) examine(o *options) {
	for l := range loaders {
		r.examineWith(l, o)
	}
	for s := range stages {
		if out := &r.outcomes[s]; !out[0].OK && (out[1].OK || out[2].OK) {
			r.examineWith(0, o)
			return
		}
	}
}

func (r *result) examineWith(l int, o *options) {
	p, err := start(loaders[l], r.path, o)
	if err != nil {
		r.problem = err.Error()
		return
	}
	defer p.stop()
	for s := range stages {
		out := &r.outcomes[s][l]
		*out = outcome{answer: p.ask(stages[s]), unordered: loaders[l] == "cilium", otherTypes: loaders[l] == "cilium"}
		if !out.OK || stages[s] == stageRead {
			continue
		}
		if out.state, err = p.snapshot(out.answer); err != nil {
			r.problem = fmt.Sprintf("%s: %s: %v", loaders[l], stages[s], err)
		}
	}
}
