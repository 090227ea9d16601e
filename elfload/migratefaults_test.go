package elfload

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// upgraded is a recorder on which the older version is loaded and in use.
func upgraded(t *testing.T, old *Plan) *recorder {
	t.Helper()
	r := newRecorder()
	c, err := old.load(context.Background(), r)
	if err != nil {
		t.Fatal(err)
	}
	for i := range c.MapData {
		m := &c.MapData[i]
		n, value := 0, m.ValueSize
		switch m.Name {
		case "flows":
			n = 300
		case "counters":
			n, value = 4, 8*uint32(r.cpus)
		}
		for k := range n {
			key := make([]byte, m.Def.KeySize)
			hostOrder.PutUint32(key, uint32(k))
			r.store(m.FD, key, bytes.Repeat([]byte{byte(k)}, int(value)))
		}
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	r.calls, r.done = nil, nil
	return r
}

// olderState is what a failing upgrade must leave as it was.
type olderState struct {
	pins map[string]int
	text string
}

func keep(r *recorder, old map[string]int) olderState {
	var b strings.Builder
	paths := slices.Sorted(maps.Keys(old))
	for _, path := range paths {
		fmt.Fprintf(&b, "%s %x\n", path, r.elems[old[path]])
	}
	return olderState{maps.Clone(r.pins), b.String()}
}

// An upgrade that copies entries and rewrites a program array, and whose n-th call
// fails, leaves the older version as it was: pins, entries, slots; or it succeeds.
func TestFailNthCallOfAnUpgrade(t *testing.T) {
	const dir = "/sys/fs/bpf/up"
	old, plan := upgradePlan(t, "v1", dir, Options{Jobs: 1}), upgradePlan(t, "v2", dir, func() Options {
		o := migrateAll()
		o.Jobs = 1
		return o
	}())
	clean := upgraded(t, old)
	older := maps.Clone(clean.pins)
	c, err := plan.load(context.Background(), clean)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"flows", "counters", "upgrade_.data"} {
		if r := c.Data(name).Replaced; r == nil || r.Entries == 0 {
			t.Errorf("%s: %+v", name, r)
		}
	}
	warnings := len(c.Warnings)
	if err := closed(clean, c); err != nil {
		t.Fatal(err)
	}
	refused, tried := 0, 0
	for n := 1; n <= len(clean.calls); n++ {
		for e, errno := range faultErrnos {
			always := (n+e)%2 == 0
			r := upgraded(t, old)
			before := keep(r, older)
			snap := snapshot(r)
			r.failAt, r.errno, r.always = n, errno, always
			tried++
			c, err := plan.load(context.Background(), r)
			what := fmt.Sprintf("call %d (%s) failing with %v, for ever %v", n, clean.calls[n-1], errno, always)
			if err == nil {
				call, _, _ := strings.Cut(clean.calls[n-1], " ")
				probe := errno == syscall.EINVAL && (call == "exchange" || call == "lookup_batch" || call == "update_batch") || // done another way
					errno == syscall.ENOSPC && call == "lookup_batch"
				if !probe && !slices.Contains(r.done, clean.calls[n-1]) && len(c.Warnings) <= warnings {
					t.Errorf("%s: the load succeeds and does not tell", what)
				}
				if err := closed(r, c); err != nil || temporary(r) {
					t.Errorf("%s: %v, pins %v", what, err, r.pins)
				}
				continue
			}
			refused++
			r.always, r.failAt = false, 0
			if err := errors.Join(judgeError(err, errno, "pin_no_map"), snap.leftovers(r)); err != nil {
				t.Errorf("%s: %v", what, err)
			}
			if always && (r.failed == "exchange" || r.failed == "map_update" || r.failed == "map_delete") {
				continue // what is taken back needs the same call
			}
			if now := keep(r, older); !maps.Equal(now.pins, before.pins) || now.text != before.text {
				t.Errorf("%s: pins %v instead of %v; entries differ: %v", what, now.pins, before.pins, now.text != before.text)
			}
		}
	}
	if refused < tried/2 {
		t.Errorf("only %d of %d upgrades failed", refused, tried)
	}
	t.Logf("faults, upgrade: %d calls, %d failures injected, %d ended clean with an error", len(clean.calls), tried, refused)
}

func temporary(r *recorder) bool {
	for path := range r.pins {
		if strings.Contains(path, newPin) {
			return true
		}
	}
	return false
}
