package room

import "testing"

func TestFor(t *testing.T) {
	var there [3]int
	for n := range 6 {
		got := For(there[:], n)
		if len(got) != n || n <= 3 && cap(got) != n {
			t.Errorf("%d elements: %d of %d", n, len(got), cap(got))
		}
		if n > 0 && (&got[0] == &there[0]) != (n <= 3) {
			t.Errorf("%d elements stand elsewhere", n)
		}
	}
}
