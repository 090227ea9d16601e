package elfload_test

import (
	"context"
	"crypto/sha1"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/cilium/ebpf"

	"github.com/bpfload/bpfload/elfload"
	"github.com/bpfload/bpfload/internal/kerneltest"
)

// slotID is the id in a slot of a map of maps or program array, 0 for none.
func slotID(t *testing.T, m *ebpf.Map, slot uint32) uint32 {
	t.Helper()
	var id uint32
	err := m.Lookup(slot, &id)
	if err != nil && !errors.Is(err, ebpf.ErrKeyNotExist) {
		t.Fatal(err)
	}
	return id
}

// pinned lists the files below a directory, relative to it, in order.
func pinned(t *testing.T, dir string) []string {
	t.Helper()
	var out []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			rel, _ := filepath.Rel(dir, path)
			out = append(out, rel)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// T1, T2: base layouts; the table's order is that of offsets, whatever the code uses first.
func TestT2OrderByOffset(t *testing.T) {
	kerneltest.Require(t)
	for _, file := range []string{"legacy_s16.o", "legacy_s20.o", "legacy_ten.o"} {
		c := load(t, file, elfload.Options{})
		for i := range c.MapData {
			d := &c.MapData[i]
			if i > 0 && (d.ID <= c.MapData[i-1].ID || d.Def.Offset <= c.MapData[i-1].Def.Offset) {
				t.Errorf("%s: map %d %q (id %d, offset %#x) comes after map %d (id %d, offset %#x)", file, i, d.Name, d.ID,
					d.Def.Offset, i-1, c.MapData[i-1].ID, c.MapData[i-1].Def.Offset)
			}
		}
	}
}

// T3: inner map by index, numa node, tail call by section name; in all forms
// that compilers have written.
func TestT3Samples(t *testing.T) {
	kerneltest.Require(t)
	for _, file := range []string{"legacy_samples.o", "legacy_samples.old.o", "legacy_samples.clang14.o", "legacy_samples_nobtf.o", "legacy_samples_nobtf.old.o"} {
		t.Run(file, func(t *testing.T) {
			c := load(t, file, elfload.Options{})
			outer, inner := c.Data("outer"), c.Data("inner")
			if v := outer.Map.ValueSize(); v != 4 {
				t.Errorf("outer has values of %d bytes (L18)", v)
			}
			if err := outer.Map.Put(uint32(5), inner.Map); err != nil {
				t.Errorf("inner is not outer's template (L32): %v", err)
			}
			if f := c.Data("numa").Map.Flags(); f&4 == 0 {
				t.Errorf("numa has flags %#x (L33)", f)
			}
			if got, want := slotID(t, c.Map("jmp"), 0), programID(t, c, "goes_on"); got != want {
				t.Errorf("jmp[0] is program %d, want %d (L36)", got, want)
			}
			if ret, _, err := c.Program("begins").Test(make([]byte, 64)); err != nil || ret != 3 {
				t.Errorf("begins returned %d, %v: its tail call was not taken", ret, err)
			}
		})
	}
}

func programID(t *testing.T, c *elfload.Collection, name string) uint32 {
	t.Helper()
	for i := range c.Programs {
		if c.Programs[i].Name == name {
			return c.Programs[i].ID
		}
	}
	t.Fatalf("no program %q", name)
	return 0
}

// T4: a hook supplies a descriptor: the map is not created, programs use the
// given one, and a supplied program array is not the one for tail calls.
func TestT4HookSuppliesDescriptor(t *testing.T) {
	kerneltest.Require(t)
	mine, err := ebpf.NewMap(&ebpf.MapSpec{Type: ebpf.Array, KeySize: 4, ValueSize: 4, MaxEntries: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer mine.Close()
	jumps, err := ebpf.NewMap(&ebpf.MapSpec{Type: ebpf.ProgramArray, KeySize: 4, ValueSize: 4, MaxEntries: 8})
	if err != nil {
		t.Fatal(err)
	}
	defer jumps.Close()
	give := map[string]int{"pad0": mine.FD()}
	opts := elfload.Options{Fixup: func(d *elfload.MapDef) error { d.FD = give[d.Name]; return nil }}
	c := load(t, "legacy_samples.o", opts)
	info, err := mine.Info()
	if err != nil {
		t.Fatal(err)
	}
	if id, _ := info.ID(); c.Data("pad0").ID != uint32(id) || !c.Data("pad0").Reused {
		t.Errorf("pad0 is map %d, want the supplied %d", c.Data("pad0").ID, id)
	}
	pi, err := c.Program("begins").Info()
	if err != nil {
		t.Fatal(err)
	}
	if ids, _ := pi.MapIDs(); !slices.Contains(ids, mustID(t, mine)) {
		t.Errorf("the program uses maps %v, not the supplied one", ids)
	}

	give = map[string]int{"jmp": jumps.FD()}
	obj, err := elfload.Open(filepath.Join(objects, "legacy_samples.o"))
	if err != nil {
		t.Fatal(err)
	}
	plan, err := obj.Plan(opts)
	if err == nil {
		for _, s := range plan.Steps {
			if s.Op == elfload.OpSetProgramSlot {
				t.Errorf("slot %d of a supplied map is set (L34)", s.Slot)
			}
		}
	}

	give = map[string]int{"pad0": jumps.FD()}
	if _, err := elfload.Load(context.Background(), filepath.Join(objects, "legacy_samples.o"), opts); !errors.Is(err, elfload.ErrUsage) {
		t.Errorf("a map of another type was taken: %v", err)
	}
}

func mustID(t *testing.T, m *ebpf.Map) ebpf.MapID {
	t.Helper()
	info, err := m.Info()
	if err != nil {
		t.Fatal(err)
	}
	id, _ := info.ID()
	return id
}

// T6: iproute2's whole set, its pins only on request, and a second load that
// reuses them.
func TestT6Iproute2(t *testing.T) {
	kerneltest.Require(t)
	raw, err := os.ReadFile(filepath.Join(objects, "legacy_iproute2.o"))
	if err != nil {
		t.Fatal(err)
	}
	sum := sha1.Sum(raw)
	object := hex.EncodeToString(sum[:])
	dir := kerneltest.BPFFS(t)

	c := load(t, "legacy_iproute2.o", elfload.Options{BPFFS: dir})
	if got := slotID(t, c.Map("map_outer"), 1); got != c.Data("map_inner").ID {
		t.Errorf("map_outer[1] is %d, want map_inner, %d", got, c.Data("map_inner").ID)
	}
	for slot, prog := range map[uint32]string{1: "goes_on", 2: "ends"} {
		if got, want := slotID(t, c.Map("jmp_tc"), slot), programID(t, c, prog); got != want {
			t.Errorf("jmp_tc[%d] is %d, want %s, %d", slot, got, prog, want)
		}
	}
	if pins := pinned(t, dir); len(pins) != 0 {
		t.Errorf("A8: pinned without being asked: %v", pins)
	}

	opts := elfload.Options{BPFFS: dir, DialectPins: true}
	first := load(t, "legacy_iproute2.o", opts)
	want := []string{"tc/" + object + "/jmp_tc", "tc/globals/map_outer"}
	if pins := pinned(t, dir); !slices.Equal(pins, want) {
		t.Errorf("L57: pins are %v, want %v", pins, want)
	}
	second := load(t, "legacy_iproute2.o", opts)
	for _, name := range []string{"map_outer", "jmp_tc"} {
		if a, b := first.Data(name), second.Data(name); a.ID != b.ID || !b.Reused {
			t.Errorf("L59: %s is map %d, then %d", name, a.ID, b.ID)
		}
	}
	if got := slotID(t, second.Map("map_outer"), 1); got != first.Data("map_inner").ID {
		t.Errorf("L53: map_outer[1] of the reused map is %d, and was %d", got, first.Data("map_inner").ID)
	}
	if got, want := slotID(t, second.Map("jmp_tc"), 1), programID(t, second, "goes_on"); got != want {
		t.Errorf("R148: jmp_tc[1] is %d, want the new program %d", got, want)
	}

	obj, err := elfload.ReadOptions{Legacy: elfload.LegacyOptions{PinTable: map[uint32]string{5: "my/place"}}}.Open(filepath.Join(objects, "legacy_iproute2.o"))
	if err != nil {
		t.Fatal(err)
	}
	plan, err := obj.Plan(opts)
	if err != nil {
		t.Fatal(err)
	}
	if i, _ := obj.MapIndex("cust"); plan.Maps[i].PinPath != filepath.Join(dir, "my/place/cust") {
		t.Errorf("L57: cust is pinned at %q", plan.Maps[i].PinPath)
	}
}

// T7: three maps of one id; the template alone is not inserted, and a second
// load finds the pin compatible although the definition says value size 0.
func TestT7InnerSlots(t *testing.T) {
	kerneltest.Require(t)
	dir := kerneltest.BPFFS(t)
	opts := elfload.Options{BPFFS: dir, DialectPins: true}
	c := load(t, "legacy_iproute2_slots.o", opts)
	for slot, want := range []uint32{c.Data("zeroth").ID, c.Data("first").ID, 0, 0} {
		if got := slotID(t, c.Map("outer"), uint32(slot)); got != want {
			t.Errorf("outer[%d] is %d, want %d", slot, got, want)
		}
	}
	if again := load(t, "legacy_iproute2_slots.o", opts); !again.Data("outer").Reused {
		t.Error("L59: the pin was not used again")
	}
}

// T8: numbers of tail-call sections as C reads them.
func TestT8TailCallNumbers(t *testing.T) {
	kerneltest.Require(t)
	c := load(t, "legacy_iproute2_tails.o", elfload.Options{})
	for _, want := range []struct {
		m    string
		slot uint32
		prog string
	}{{"jmp0", 0, "zero"}, {"jmp8", 1, "octal"}, {"jmp8", 2, "suffix"}, {"jmp8", 3, "hex"}} {
		if got := slotID(t, c.Map(want.m), want.slot); got != programID(t, c, want.prog) {
			t.Errorf("%s[%d] is %d, want %s", want.m, want.slot, got, want.prog)
		}
	}
	if c.Program("nowhere") != nil {
		t.Error("L62: a program of no map was loaded")
	}
	told := false
	for _, w := range c.Warnings {
		told = told || strings.Contains(w.Message, "77")
	}
	if !told {
		t.Errorf("L62: nobody was told of section 77/3: %v", c.Warnings)
	}
}

// T10, T13: pins of gobpf and goebpf.
func TestT10T13Pins(t *testing.T) {
	kerneltest.Require(t)
	dir := kerneltest.BPFFS(t)
	c := load(t, "legacy_gobpf.o", elfload.Options{BPFFS: dir, DialectPins: true, MapsOnly: true})
	if pins := pinned(t, dir); !slices.Equal(pins, []string{"myns/globals/beta"}) {
		t.Errorf("L72: pins are %v", pins)
	}
	if c.Map("beta") == nil || c.Map("beta") != c.Map("beta_sym") {
		t.Error("L11: the suffix and the symbol do not name the same map")
	}
	obj, err := elfload.Open(filepath.Join(objects, "legacy_goebpf.o"))
	if err != nil {
		t.Fatal(err)
	}
	plan, err := obj.Plan(elfload.Options{DialectPins: true})
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"template": "/sys/fs/bpf/one_pin", "second": "/sys/fs/bpf/dir/another"} {
		if i, _ := obj.MapIndex(name); plan.Maps[i].PinPath != want {
			t.Errorf("L86: %s is pinned at %q, want %q", name, plan.Maps[i].PinPath, want)
		}
	}
	if len(obj.Maps) != 4 {
		t.Errorf("L88: %d maps, the strings must not be one", len(obj.Maps))
	}
	if _, err := obj.Plan(elfload.Options{DialectPins: true, BPFFS: dir}); !errors.Is(err, elfload.ErrBadObject) {
		t.Errorf("a pin outside the root was planned: %v", err)
	}
}

// T17: annotations give the map its types, so that tools print its entries.
func TestT17Annotations(t *testing.T) {
	kerneltest.Require(t)
	c := load(t, "legacy_kv.o", elfload.Options{})
	for name, want := range map[string]bool{"right": true, "wrong_key": false, "wrong_value": false, "none": false} {
		info, err := c.Map(name).Info()
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := info.BTFID(); ok != want || c.Data(name).BTF != want {
			t.Errorf("%s has BTF: %t, want %t", name, ok, want)
		}
	}
}

// T18, T19, T20, T22, T23, T24: programs see the map that the source means.
func TestLegacyReferences(t *testing.T) {
	kerneltest.Require(t)
	for _, c := range []struct {
		rule, file, program string
		want                uint32
	}{
		{"T18", "legacy_static.o", "looks_up", 1}, {"T19", "legacy_alias.o", "looks_up", 1},
		{"T24", "legacy_subprog.o", "looks_up", 2}, {"T23", "legacy_linked.o", "looks_up", 1},
	} {
		t.Run(c.rule, func(t *testing.T) {
			coll := load(t, c.file, elfload.Options{})
			if ret, _, err := coll.Program(c.program).Test(make([]byte, 64)); err != nil || ret != c.want {
				t.Errorf("%s returned %d, %v; want %d", c.program, ret, err, c.want)
			}
		})
	}
	if c := load(t, "legacy_mixed.o", elfload.Options{MapsOnly: true}); len(c.MapData) != 3 {
		t.Errorf("T20: %d maps", len(c.MapData))
	}
}

// T25: a load that fails leaves no pin, directory or map.
func TestT25NothingStays(t *testing.T) {
	kerneltest.Require(t)
	dir := kerneltest.BPFFS(t)
	_, err := elfload.Load(context.Background(), filepath.Join(objects, "prog_refused.o"), elfload.Options{PinPath: filepath.Join(dir, "a", "b")})
	if !errors.Is(err, elfload.ErrVerifier) {
		t.Fatalf("the verifier let it pass: %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "a")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a directory stayed: %v", err)
	}
	obj, err := elfload.Open(filepath.Join(objects, "legacy_iproute2.o"))
	if err != nil {
		t.Fatal(err)
	}
	plan, err := obj.Plan(elfload.Options{PinPath: filepath.Join(dir, "x"), Types: []elfload.ProgramType{{Program: "goes_on", Type: "xdp"}}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := plan.Load(context.Background()); err == nil {
		t.Fatal("programs of two types fit into one program array")
	}
	if pins := pinned(t, dir); len(pins) != 0 {
		t.Errorf("pins stayed: %v", pins)
	}
}

// T26, L25: a program array keeps its entries as long as the Collection is open.
func TestT26ProgramArrayLifetime(t *testing.T) {
	kerneltest.Require(t)
	c := load(t, "legacy_samples.o", elfload.Options{})
	prog, err := c.Program("begins").Clone()
	if err != nil {
		t.Fatal(err)
	}
	defer prog.Close()
	run := func() uint32 {
		ret, _, err := prog.Test(make([]byte, 64))
		if err != nil {
			t.Fatal(err)
		}
		return ret
	}
	if got := run(); got != 3 {
		t.Fatalf("returned %d while the collection is open", got)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	// The kernel empties the array in a work item of its own.
	if !kerneltest.Wait(func() bool { return run() != 3 }) {
		t.Fatal("the tail call is still taken after the last descriptor is closed")
	}
}

// T14, L94: Android's pins, with mode and owner, on request only.
func TestT14AndroidPins(t *testing.T) {
	kerneltest.Require(t)
	dir := kerneltest.BPFFS(t)
	load(t, "legacy_android.o", elfload.Options{BPFFS: dir, DialectPins: true, MapsOnly: true})
	want := []string{"map_legacy_android_stats", "net_shared/map__common"}
	if pins := pinned(t, dir); !slices.Equal(pins, want) {
		t.Fatalf("pins are %v, want %v", pins, want)
	}
	st, err := os.Stat(filepath.Join(dir, want[0]))
	if err != nil {
		t.Fatal(err)
	}
	if st.Mode().Perm() != 0o660 {
		t.Errorf("mode is %o", st.Mode())
	}
	if sys, ok := st.Sys().(*syscall.Stat_t); !ok || sys.Uid != 1000 || sys.Gid != 3003 {
		t.Errorf("owner is %+v", st.Sys())
	}
}
