//go:build linux

package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/bpfload/bpfload/bench/timing"
)

// bench is one run: the objects with what was measured of them, and the rows
// that are not about single objects.
type bench struct {
	o        *options
	objects  []*object
	missing  []string
	progress io.Writer
	began    time.Time
	extra    []row // check, scale, process
}

func newBench(o *options, all map[string]*object, progress io.Writer) (*bench, error) {
	f, err := os.Open(o.list)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b := &bench{o: o, progress: progress, began: time.Now()}
	if b.objects, b.missing, err = readList(f, all); err != nil {
		return nil, err
	}
	if n := max(1, o.every); n > 1 {
		var some []*object
		for i := 0; i < len(b.objects); i += n {
			some = append(some, b.objects[i])
		}
		b.objects = some
	}
	if len(b.objects) == 0 {
		return nil, fmt.Errorf("none of the objects in %s was found", o.list)
	}
	return b, nil
}

// wants tells whether a part was asked for.
func (b *bench) wants(part string) bool {
	return b.o.only == "" || slices.Contains(strings.Split(b.o.only, ","), part)
}

func (b *bench) say(format string, args ...any) {
	_, _ = fmt.Fprintf(b.progress, "bench: %4ds  %s\n", int(time.Since(b.began).Seconds()), fmt.Sprintf(format, args...))
}

func (b *bench) measure() error {
	if err := timing.Unpin(); err != nil {
		return err
	}
	if b.wants("objects") {
		b.record()
		for round := range b.o.rounds {
			b.say("round %d of %d over %d objects", round+1, b.o.rounds, len(b.objects))
			for i, obj := range b.objects {
				b.visit(obj, round, i)
			}
			if err := b.around(round); err != nil {
				return err
			}
		}
	}
	for _, part := range [...]struct {
		name string
		run  func() (row, error)
	}{{"check", b.check}, {"scale", b.scaleMaps}, {"scale", b.scalePrograms}, {"process", b.process}} {
		if !b.wants(part.name) {
			continue
		}
		b.say("%s", part.name)
		r, err := part.run()
		if err != nil {
			return fmt.Errorf("%s: %w", part.name, err)
		}
		b.extra = append(b.extra, r)
	}
	b.say("done")
	return nil
}

// recording is where the calls of an object's load are.
func (b *bench) recording(obj *object) string {
	return filepath.Join(b.o.scratch, strings.ReplaceAll(obj.name, "/", "_")+".rec")
}

// record keeps the calls that a load makes, for the floor.
func (b *bench) record() {
	b.say("recording the calls of %d objects", len(b.objects))
	for _, obj := range b.objects {
		if s := b.o.sample("own", "record", obj.path, b.recording(obj)); s.failed != "" {
			obj.refused = s.failed
		}
	}
}

// visit measures one object with every loader, in an order that depends on round
// and place.
func (b *bench) visit(obj *object, round, place int) {
	if obj.refused != "" {
		return
	}
	for _, mode := range [...]string{"read", "load"} {
		for i := range loaders {
			l := loaders[(i+round+place)%len(loaders)]
			if !b.take(obj, round, mode+" "+l, b.o.sample(l, mode, obj.path)) {
				return
			}
		}
	}
	if !b.take(obj, round, "outside", b.o.sample("own", "outside", obj.path)) {
		return
	}
	if s := b.o.sample("replay", "", b.recording(obj)); s.failed == "" {
		b.take(obj, round, "floor", s)
	}
}

// take keeps a sample; false when the object counts as refused because of it.
func (b *bench) take(obj *object, round int, what string, s sample) bool {
	if s.failed != "" {
		obj.refused = what + ": " + s.failed
		return false
	}
	s.round = round
	obj.samples[what] = append(obj.samples[what], s)
	return true
}

// loaded are the objects that every loader has loaded each time.
func (b *bench) loaded() []*object {
	return slices.DeleteFunc(slices.Clone(b.objects), func(o *object) bool { return o.refused != "" || len(o.samples) == 0 })
}
