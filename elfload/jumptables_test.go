package elfload

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"syscall"
	"testing"

	"github.com/bpfload/bpfload/internal/bpfsys"
	"github.com/bpfload/bpfload/internal/kerneltest"
)

// R128: each program has frozen maps of its own for its tables, which are closed
// once it is loaded.
func TestJumpTableCalls(t *testing.T) {
	r := newRecorder()
	var taken []string
	r.refuse = func(call string, attr any) syscall.Errno {
		if a, ok := attr.(*bpfsys.ProgAttr); ok {
			for i := 0; i+16 <= len(a.Insns); i += 8 {
				if a.Insns[i] == 0x18 && a.Insns[i+1]>>4 == 2 {
					taken = append(taken, a.Name+" "+r.fds[int(hostOrder.Uint32(a.Insns[i+4:]))])
				}
			}
		}
		return 0
	}
	c, err := planOf(t, hostFixture("jump_table"), Options{Jobs: 1}).load(context.Background(), r)
	if err != nil {
		t.Fatal(err)
	}
	var calls []string
	updates := 0
	for _, call := range r.calls {
		switch {
		case strings.HasPrefix(call, "map_update"):
			if updates++; !strings.HasSuffix(call, "map .jumptables value of 16") {
				t.Error(call)
			}
		case strings.HasPrefix(call, "map_create"), strings.HasPrefix(call, "map_freeze"), strings.HasPrefix(call, "prog_load"):
			calls = append(calls, call)
		}
	}
	table := func(n int) string {
		return fmt.Sprintf("map_create .jumptables type 34 key 4 value 16 entries %d flags 0x0 inner false btf false", n)
	}
	want := []string{table(16), "map_freeze map .jumptables", table(14), "map_freeze map .jumptables", "prog_load two_tables type 1 insns 139",
		table(14), "map_freeze map .jumptables", "prog_load one_table type 1 insns 58"}
	if got := strings.Join(calls, "\n"); got != strings.Join(want, "\n") {
		t.Errorf("calls:\n%s", got)
	}
	if updates != 16+14+14 {
		t.Errorf("%d entries are written", updates)
	}
	if got := strings.Join(taken, ", "); got != "two_tables map .jumptables, two_tables map .jumptables, one_table map .jumptables" {
		t.Errorf("instructions refer to %s", got)
	}
	finished(t, r, c)
}

// Whatever fails, no table stays open.
func TestJumpTableFaults(t *testing.T) {
	for n := 1; ; n++ {
		r := newRecorder()
		r.failAt, r.errno = n, syscall.EINVAL
		c, err := planOf(t, hostFixture("jump_table"), Options{Jobs: 1}).load(context.Background(), r)
		finished(t, r, c)
		if r.failed == "" {
			if n < 40 {
				t.Errorf("only %d calls", n)
			}
			return
		}
		if err == nil && (r.failed == "map_create" || r.failed == "map_update" || r.failed == "map_freeze") {
			t.Errorf("call %d, %s, failed, and the load did not", n, r.failed)
		}
	}
}

func TestJumpTablesInCollectionSpec(t *testing.T) {
	var e *Error
	if _, err := planOf(t, "jump_table.o", Options{}).Object.CollectionSpec(); !errors.As(err, &e) || e.Code != "spec_jump_table" {
		t.Errorf("%v", err)
	}
}

// A kernel before 6.19 says what it lacks, and since when there is such a thing.
func TestJumpTablesInKernel(t *testing.T) {
	kerneltest.Require(t)
	c, err := Load(context.Background(), "../testdata/objs/"+hostFixture("jump_table"), Options{})
	if err == nil {
		if len(c.MapData) != 0 || c.Programs[0].FD < 3 || c.Programs[1].FD < 3 {
			t.Errorf("%+v", c)
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
		return
	}
	var e *Error
	if !errors.As(err, &e) || e.Code != "jump_tables" || e.Symbol != "two_tables" || !errors.Is(err, ErrNotSupported) ||
		!strings.Contains(err.Error(), "Linux 6.19") || e.Hint != noJumpTables {
		t.Errorf("%v; %q", err, e.Hint)
	}
}
