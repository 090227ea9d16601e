package elfload

import (
	"path/filepath"
	"testing"
)

func TestWorkers(t *testing.T) {
	for _, tt := range []struct {
		object     string
		jobs, want int
	}{
		{"order.o", 8, 1},
		{"tailcall.o", 8, 1},
		{"attach.o", 1, 1},
		{"attach.o", 3, 3},
		{"callback.o", 2, 2},
	} {
		o, err := Open(filepath.Join("..", "testdata", "objs", tt.object))
		if err != nil {
			t.Fatal(err)
		}
		p, err := o.Plan(Options{Jobs: tt.jobs})
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
		if got := l.workers(queue); got != tt.want {
			t.Errorf("%s, %d jobs: %d workers for %d programs", tt.object, tt.jobs, got, len(queue))
		}
	}
}
