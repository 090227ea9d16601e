//go:build !linux

package kerneltest

import "testing"

// BPFFS skips the test: there is no bpffs here.
func BPFFS(t testing.TB) string {
	t.Helper()
	Require(t)
	return ""
}
