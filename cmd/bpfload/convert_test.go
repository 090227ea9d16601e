package main

import (
	"os"
	"path/filepath"
	"testing"
)

func TestConvert(t *testing.T) {
	r := bpfload(t, "convert", objects+"legacy_samples.o")
	r.want(t, 0, []string{"/* The legacy map definitions of legacy_samples.o as BTF definitions", "} pad0 SEC(\".maps\") = {};",
		"[0] = (void *)&goes_on,", "#ifdef BPFLOAD_STUBS"}, []string{`warning: map "jmp"`, `now that is SEC("socket")`})
	if again := bpfload(t, "convert", objects+"legacy_samples.o"); again != r {
		t.Errorf("two runs differ:\n%+v\n%+v", r, again)
	}
	golden, err := os.ReadFile(filepath.Join("..", "..", "elfload", "testdata", "convert", "legacy_samples.c"))
	if err != nil || r.out != string(golden) {
		t.Errorf("%v: not what Object.Convert writes:\n%s", err, r.out)
	}
}

func TestConvertFlags(t *testing.T) {
	bpfload(t, "convert", "--dialect", "katran", "--inner", "vips=prototype", objects+"legacy_katran.o").
		want(t, 0, []string{"__array(values, struct prototype_map);"}, []string{`now that is SEC("xdp")`})
	bpfload(t, "convert", "--map", "frame_scratch_map.max_entries=7", objects+"legacy_falco.o").want(t, 0, []string{"__uint(max_entries, 7);"}, nil)
	bpfload(t, "convert", objects+"order.o").want(t, 0, []string{"/* order.o holds no legacy definitions. */\n"}, []string{"nothing to convert"})
}

func TestConvertErrors(t *testing.T) {
	for _, row := range []struct {
		args   []string
		status int
		err    string
	}{
		{nil, exitUsage, "no object file"},
		{[]string{"a.o", "b.o"}, exitUsage, "one object file"},
		{[]string{"--inner", "x", objects + "legacy_samples.o"}, exitUsage, "OUTER=INNER"},
		{[]string{"--inner", "x=inner", objects + "legacy_samples.o"}, exitUsage, "no map of maps has this name"},
		{[]string{"--map", "inner.size=1", objects + "legacy_samples.o"}, exitUsage, "size"},
		{[]string{"--dialect", "klingon", objects + "legacy_samples.o"}, exitUsage, "klingon"},
		{[]string{objects + "legacy_err_windows.o"}, exitObject, "eBPF for Windows"},
		{[]string{objects + "legacy_katran.o"}, exitObject, "--dialect katran"},
		{[]string{"none.o"}, exitUsage, "none.o"},
	} {
		r := bpfload(t, append([]string{"convert"}, row.args...)...)
		r.want(t, row.status, nil, []string{row.err})
		if r.out != "" {
			t.Errorf("%v prints %q", row.args, r.out)
		}
	}
}
