// Package bpftest loads BPF objects in Go tests.
//
// A test is skipped only for a proved reason: a probe that has nothing to do
// with the object shows that privilege, a kernel feature or the kernel's types
// are missing. With BPFLOAD_REQUIRE_KERNEL=1 in the environment, which is meant
// for CI, even that is a failure. A refusal by the verifier is never a reason to
// skip; it is shown by lines of C.
//
// Everything is closed when the test ends. Nothing is pinned, so tests may call
// t.Parallel.
package bpftest
