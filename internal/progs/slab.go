package progs

// slab hands out slices that stand one behind the other in few allocations: an
// object may have a hundred programs, each with several short lists that live as
// long as its plan. One slice is under construction at a time.
type slab[T any] struct {
	chunk int // elements of an allocation, where one slice does not need more
	free  []T
}

// begin is an empty slice with room for n at least. Between begin and end it grows
// by append.
func (s *slab[T]) begin(n int) []T {
	if cap(s.free) < n || cap(s.free) == 0 {
		s.free = make([]T, 0, max(n, s.chunk))
	}
	return s.free
}

// end is the finished slice, which nothing is appended to in place; nil for an empty one.
func (s *slab[T]) end(b []T) []T {
	if len(b) == 0 {
		return nil
	}
	if cap(s.free) > 0 && &b[0] == &s.free[:1][0] { // it has not outgrown the room
		s.free = s.free[len(b):len(b)]
	}
	return b[:len(b):len(b)]
}
