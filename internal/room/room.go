// Package room puts small tables where there is room for them already, next to what holds
// them: a process that loads one object pays for each allocation of a new size with one or
// two pages that nobody has touched before (bench/NOTES.md).
package room

// For is the first n elements of there, which are zero and nobody else's, or of a new array if
// there are not so many.
func For[T any](there []T, n int) []T {
	if n > len(there) {
		return make([]T, n)
	}
	return there[:n:n]
}
