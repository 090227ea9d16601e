package bpftest_test

import (
	"testing"

	"github.com/bpfload/bpfload/bpftest"
	"github.com/bpfload/bpfload/elfload"
)

// A test of a program that counts: what it returns, what it writes, and what
// the verifier must not let pass.
func Example() {
	_ = func(t *testing.T) { // func TestCount(t *testing.T)
		t.Parallel()
		o := bpftest.Load(t, "testdata/flows.o", bpftest.Var("add", 5))

		ret, _ := bpftest.Run(t, o.Program("count"), make([]byte, 64))
		if ret != 2 {
			t.Errorf("XDP_PASS is wanted, not %d", ret)
		}
		type flow struct {
			SrcAddr uint32
			SrcPort uint16
			Delta   int16
		}
		bpftest.AssertMap(t, o.Map(t, "flows"), map[flow]any{
			{0x0a000001, 80, -1}: map[string]any{"packets": 2, "verdict": "DENY", "name": "eth0"},
		})
		o.AssertVar(t, "total", 5)

		bpftest.ExpectReject(t, "testdata/flows.o", "forgets", elfload.StageProgram, "invalid mem access", bpftest.Autoload("forgets"))
	}
	// Output:
}
