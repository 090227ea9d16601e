package main

import (
	"encoding/json"
	"path/filepath"
	"testing"

	"github.com/bpfload/bpfload/elfload"
	"github.com/bpfload/bpfload/internal/kerneltest"
)

// diffDocument reads what diff --json has printed.
func diffDocument(t *testing.T, r result) *elfload.DiffDocument {
	t.Helper()
	d := &elfload.DiffDocument{}
	if err := json.Unmarshal([]byte(r.out), d); err != nil {
		t.Fatalf("%v: %q", err, r.out)
	}
	if d.Schema != elfload.DiffSchema || d.Maps == nil || d.Warnings == nil {
		t.Errorf("%+v", d)
	}
	return d
}

// statuses are the results by map.
func statuses(d *elfload.DiffDocument) map[string]elfload.DiffStatus {
	out := map[string]elfload.DiffStatus{}
	for _, m := range d.Maps {
		out[string(m.Name)] = m.Status
	}
	return out
}

func TestDiffOfTwoObjects(t *testing.T) {
	v1, v2 := objects+"upgrade_v1.o", objects+"upgrade_v2.o"
	bpfload(t, "diff", v1, v1).want(t, 0, []string{"flows", "same"}, nil)
	r := bpfload(t, "diff", v1, v2)
	r.want(t, exitPin, []string{"incompatible (fails)", "value.drops", "value_size", "compatible"}, []string{"value_size 16 instead of 32", "--on-mismatch"})
	bpfload(t, "diff", v1, v2, "--on-mismatch", "migrate").want(t, exitPin, []string{"incompatible (migrate)"}, []string{"ring buffer"})
	bpfload(t, "diff", v1, v2, "--on-mismatch", "migrate", "--on-mismatch", "events=replace").want(t, 0, []string{"incompatible (replace)"}, nil)
	d := diffDocument(t, bpfload(t, "diff", "--json", v1, objects+"order.o"))
	if got := statuses(d); got["flows"] != elfload.DiffLeftOver || got["outer"] != elfload.DiffMissing || d.LoadFails {
		t.Errorf("%+v", d)
	}
	d = diffDocument(t, bpfload(t, "diff", "--json", v1, v2))
	flows := d.Maps[1]
	if !d.LoadFails || flows.Refused == nil || flows.Refused.Code != "pin_incompatible" || len(flows.Fields) != 6 || flows.Fields[0].Field != "value_size" || flows.Fields[0].Old != "16" || flows.Fields[0].New != "32" {
		t.Errorf("%+v", flows)
	}
}

func TestDiffUsage(t *testing.T) {
	v1 := objects + "upgrade_v1.o"
	for _, args := range [][]string{{}, {v1, v1, v1}, {v1, v1, "--pin", "/sys/fs/bpf/x"}, {v1, "--on-mismatch", "keep"}, {v1, "--on-mismatch", "=migrate"},
		{v1, v1, "--on-mismatch", "nomap=migrate"}, {v1, "--pin-mode", "maybe"}, {v1}} {
		if r := bpfload(t, append([]string{"diff"}, args...)...); r.code != exitUsage || r.err == "" {
			t.Errorf("%q: %+v", args, r)
		}
	}
	r := bpfload(t, "diff", "--json", v1, objects+"err_member.o")
	if d := diffDocument(t, r); r.code != exitObject || d.Error == nil || d.Error.Section != ".maps" {
		t.Errorf("%+v", r)
	}
}

func TestDiffOfPins(t *testing.T) {
	dir := filepath.Join(kerneltest.BPFFS(t), "diff")
	diff := func(args ...string) result {
		return bpfload(t, append([]string{"diff", "--json", "--pin", dir}, args...)...)
	}
	v1, v2 := objects+"upgrade_v1.o", objects+"upgrade_v2.o"
	r := diff(v1)
	if got := statuses(diffDocument(t, r)); r.code != 0 || got["flows"] != elfload.DiffMissing {
		t.Errorf("%+v", r)
	}
	if r := diff(v1, "--pin-mode", "must-exist"); r.code != exitPin {
		t.Errorf("%+v", r)
	}
	if len(tree(t, filepath.Dir(dir))) != 0 {
		t.Error("diff has made something")
	}
	bpfload(t, upgradeArgs("v1", dir)...).want(t, 0, []string{"map_data"}, nil)
	before := tree(t, dir)
	r = diff(v1)
	for name, s := range statuses(diffDocument(t, r)) {
		if s != elfload.DiffSame || r.code != 0 {
			t.Errorf("%s is %s, status %d", name, s, r.code)
		}
	}
	if r := diff(v1, "--pin-mode", "create"); r.code != exitPin {
		t.Errorf("%+v", r)
	}
	// What diff says and what a load then does agree.
	for _, how := range [][]string{nil, {"--on-mismatch", "migrate"}, {"--on-mismatch", "migrate", "--on-mismatch", "events=replace"}} {
		r = diff(append([]string{v2}, how...)...)
		d := diffDocument(t, r)
		if got := statuses(d); got["flows"] != elfload.DiffIncompatible || got["jumps"] != elfload.DiffSame || d.LoadFails != (r.code == exitPin) || d.Maps[1].OldID == 0 {
			t.Errorf("%q: %+v", how, r)
		}
		if after := tree(t, dir); len(after) != len(before) {
			t.Errorf("diff has changed the pins: %q", after)
		}
		if load := bpfload(t, append([]string{"load", "--pin", dir, v2}, how...)...); load.code != r.code {
			t.Errorf("%q: diff ends with %d, load with %d: %s", how, r.code, load.code, load.err)
		}
	}
	if got := statuses(diffDocument(t, diff(objects+"order.o"))); got["flows"] != elfload.DiffLeftOver || got["outer"] != elfload.DiffMissing {
		t.Errorf("%v", got)
	}
}
