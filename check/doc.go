// Package check loads many BPF objects and says what failed: the fixture loader
// of continuous integration. Objects are read, planned and loaded with every
// map and program on its own, so that one failure hides no other; everything is
// released and nothing is pinned.
//
// A check passes, fails, fails as expected, passes although a failure was
// expected, or is unproven: it could not be made for want of privilege, of a
// kernel feature or of kernel types, and a probe that has nothing to do with the
// object shows it. What cannot be shown is a failure.
package check
