package elfload

import (
	"path/filepath"
	"testing"
)

func TestWorkers(t *testing.T) {
	for _, tt := range []struct {
		object string
		times  int // each of its programs
		want   bool
	}{
		{"order.o", 1, false},
		{"tailcall.o", 1, false},
		{"attach.o", 1, false},
		{"attach.o", 100, true},
		{"callback.o", 1, false},
		{"callback.o", 2, true}, // short, but with a loop
	} {
		o, err := Open(filepath.Join("..", "testdata", "objs", tt.object))
		if err != nil {
			t.Fatal(err)
		}
		p, err := o.Plan(Options{})
		if err != nil {
			t.Fatal(err)
		}
		l := &loader{plan: p}
		var queue []int
		for range tt.times {
			for i := range p.Programs {
				queue = append(queue, i)
			}
		}
		if got := l.manyWorkers(queue); got != tt.want {
			t.Errorf("%s: %t for %d programs", tt.object, got, len(queue))
		}
	}
}
