package elfload

import (
	"context"
	"maps"
	"strings"
	"syscall"
	"testing"
)

// An older pin of a program is replaced only when nothing else can fail: a load
// that fails at whatever call leaves it naming the older program.
func TestOlderPinsOutliveAFailingLoad(t *testing.T) {
	obj, err := Open("../testdata/objs/order.o")
	if err != nil {
		t.Fatal(err)
	}
	plan, err := obj.Plan(Options{Jobs: 1, PinPath: "/sys/fs/bpf/older"})
	if err != nil {
		t.Fatal(err)
	}
	r := newRecorder()
	c, err := plan.load(context.Background(), r)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	older := maps.Clone(r.pins)
	r.calls = nil
	if c, err = plan.load(context.Background(), r); err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if maps.Equal(older, r.pins) {
		t.Fatal("the second load has replaced no pin: the test asserts nothing")
	}
	calls, failed := len(r.calls), 0
	for n := 1; n <= calls; n++ {
		r.pins = maps.Clone(older)
		r.calls, r.failed, r.failAt, r.errno, r.always = nil, "", n, syscall.EIO, true
		c, err := plan.load(context.Background(), r)
		if err == nil {
			if err := c.Close(); err != nil {
				t.Fatal(err)
			}
			continue
		}
		failed++
		if !maps.Equal(older, r.pins) {
			t.Errorf("call %d (%s) failed, and the pins are %v instead of %v", n, r.failed, r.pins, older)
		}
	}
	if failed < calls/2 {
		t.Errorf("only %d of %d failing calls failed the load", failed, calls)
	}
	if len(r.wrong) > 0 {
		t.Error(strings.Join(r.wrong, "\n"))
	}
}
