package elfload

import (
	"path/filepath"
	"testing"
)

func TestWorkers(t *testing.T) {
	for _, tt := range []struct {
		object string
		want   bool
	}{
		{"order.o", false},
		{"tailcall.o", false},
		{"attach.o", true},
		{"callback.o", true},
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
		for i := range p.Programs {
			queue = append(queue, i)
		}
		if tt.object == "callback.o" { // its program twice: short, but with a loop
			queue = append(queue, queue...)
		}
		if got := l.manyWorkers(queue); got != tt.want {
			t.Errorf("%s: %t for %d programs", tt.object, got, len(queue))
		}
	}
}
