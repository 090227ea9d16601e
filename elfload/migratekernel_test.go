package elfload

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/cilium/ebpf"

	"github.com/bpfload/bpfload/internal/kerneltest"
)

// upgradePlan is the plan of one version of the object that upgrades.
func upgradePlan(t *testing.T, version, dir string, opts Options) *Plan {
	t.Helper()
	obj, err := Open("../testdata/objs/upgrade_" + version + ".o")
	if err != nil {
		t.Fatal(err)
	}
	opts.PinPath = dir
	plan, err := obj.Plan(opts)
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

func loadPlan(t *testing.T, p *Plan) *Collection {
	t.Helper()
	c, err := p.Load(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

type flowV1 struct {
	Bytes, Packets uint32
	Port           uint16
	Name           [6]byte
}

type flowV2 struct {
	Bytes          uint64
	Port           uint16
	Name           [14]byte
	Packets, Drops uint32
}

func migrateAll() Options {
	return Options{OnMismatch: MismatchMigrate, OnMismatchOf: []MapMismatch{{"events", MismatchReplace}}}
}

// Entries of all kinds arrive member by member, under the same pins.
func TestMigrateByMemberName(t *testing.T) {
	dir := filepath.Join(kerneltest.BPFFS(t), "up")
	old := loadPlan(t, upgradePlan(t, "v1", dir, Options{}))
	for i := range uint64(5000) {
		v := flowV1{Bytes: 1<<31 + uint32(i), Packets: uint32(i) * 3, Port: uint16(i), Name: [6]byte{'a', 'b', byte(i)}}
		if err := old.Map("flows").Put(i, v); err != nil {
			t.Fatal(err)
		}
	}
	cpus := ebpf.MustPossibleCPU()
	for i := range uint32(4) {
		if err := old.Map("counters").Put(i, slices.Repeat([]uint32{1<<31 + i}, cpus)); err != nil {
			t.Fatal(err)
		}
	}
	if err := old.Map(".data").Put(uint32(0), [2]uint32{70, 80}); err != nil { // limit, mode
		t.Fatal(err)
	}
	var fields []FieldDiff
	c := loadPlan(t, upgradePlan(t, "v2", dir, migrateAll()))
	for i := range c.MapData {
		m := &c.MapData[i]
		want := map[string]uint64{"flows": 5000, "counters": 4, "upgrade_.data": 1, "events": 0, "jumps": 0}[m.Name]
		switch {
		case m.Name == "jumps":
			if !m.Reused || m.Replaced != nil {
				t.Errorf("jumps: %+v", m)
			}
		case m.Replaced == nil || m.Reused || m.Replaced.Entries != want || m.Replaced.ID != old.MapData[i].ID || len(m.Replaced.Fields) == 0:
			t.Errorf("%s: reused %v, replaced %+v", m.Name, m.Reused, m.Replaced)
		case m.Name == "flows":
			fields = m.Replaced.Fields
		}
	}
	if !slices.Contains(fields, FieldDiff{"value.drops", "", "4 bytes at 28"}) || !slices.Contains(fields, FieldDiff{"value_size", "16", "32"}) {
		t.Errorf("fields %v", fields)
	}
	for i := range uint64(5000) {
		var got flowV2
		want := flowV2{Bytes: 1<<31 + i, Packets: uint32(i) * 3, Port: uint16(i), Name: [14]byte{'a', 'b', byte(i)}}
		if err := c.Map("flows").Lookup(i, &got); err != nil || got != want {
			t.Fatalf("flow %d is %+v, want %+v, %v", i, got, want, err)
		}
	}
	for i := range uint32(6) {
		var got []uint64
		want := uint64(0)
		if i < 4 {
			want = 1<<31 + uint64(i)
		}
		if err := c.Map("counters").Lookup(i, &got); err != nil || !slices.Equal(got, slices.Repeat([]uint64{want}, cpus)) {
			t.Errorf("counter %d is %v, want %d, %v", i, got, want, err)
		}
	}
	var data [2]uint32
	if err := c.Map(".data").Lookup(uint32(0), &data); err != nil || data != [2]uint32{3, 70} { // added, limit
		t.Errorf(".data is %v, %v", data, err)
	}
	if !slices.ContainsFunc(c.Warnings, func(w Warning) bool { return w.Code == "migrate_dropped" && strings.Contains(w.Message, "mode") }) {
		t.Errorf("warnings %v", c.Warnings)
	}
	for _, name := range []string{"flows", "counters", "events"} {
		pin, err := ebpf.LoadPinnedMap(filepath.Join(dir, "maps", name), nil)
		if err != nil {
			t.Fatal(err)
		}
		if info, err := pin.Info(); err != nil {
			t.Error(err)
		} else if id, _ := info.ID(); uint32(id) != c.Data(name).ID {
			t.Errorf("%s: map %d is pinned, want %d", name, id, c.Data(name).ID)
		}
		pin.Close()
	}
	wantPins(t, dir, "counters", "events", "flows", "jumps", "upgrade__data", "progs", "dispatch", "entry", "last", "leaf")
}

// wantPins compares the names under maps and progs.
func wantPins(t *testing.T, dir string, names ...string) {
	t.Helper()
	at := slices.Index(names, "progs")
	for sub, want := range map[string][]string{"maps": names[:at], "progs": names[at+1:]} {
		got, err := host{}.ReadDir(filepath.Join(dir, sub))
		slices.Sort(got)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: pins %q, want %q, %v", sub, got, want, err)
		}
	}
}

// kind is a pair of maps between which entries move or do not.
type moveCase struct {
	name     string
	old, new ebpf.MapSpec
	why      string // of the refusal
}

// Every kind of map whose entries can be read and written moves, and others say
// why not.
func TestMigrateKinds(t *testing.T) {
	kerneltest.Require(t)
	same := func(typ ebpf.MapType, key, value, entries uint32) ebpf.MapSpec {
		return ebpf.MapSpec{Type: typ, KeySize: key, ValueSize: value, MaxEntries: entries}
	}
	lpm := same(ebpf.LPMTrie, 8, 8, 100)
	lpm.Flags = flagNoPrealloc
	bigger := lpm
	bigger.MaxEntries = 200
	for _, tc := range []moveCase{
		{"hash", same(ebpf.Hash, 8, 8, 100), same(ebpf.Hash, 8, 8, 200), ""},
		{"hash to LRU", same(ebpf.Hash, 8, 8, 100), same(ebpf.LRUHash, 8, 8, 1000), ""},
		{"LRU to hash", same(ebpf.LRUHash, 8, 8, 100), same(ebpf.Hash, 8, 8, 100), ""},
		{"hash per CPU", same(ebpf.PerCPUHash, 8, 12, 100), same(ebpf.PerCPUHash, 8, 12, 200), ""},
		{"LRU per CPU", same(ebpf.LRUCPUHash, 8, 12, 100), same(ebpf.LRUCPUHash, 8, 12, 1000), ""},
		{"array", same(ebpf.Array, 4, 12, 100), same(ebpf.Array, 4, 12, 300), ""},
		{"array per CPU", same(ebpf.PerCPUArray, 4, 12, 100), same(ebpf.PerCPUArray, 4, 12, 300), ""},
		{"trie", lpm, bigger, ""},
		{"too small", same(ebpf.Hash, 8, 8, 100), same(ebpf.Hash, 8, 8, 40), "room for 40 entries"},
		{"array too small", same(ebpf.Array, 4, 8, 100), same(ebpf.Array, 4, 8, 40), "element 40 is in use"},
		{"other keys", same(ebpf.Hash, 8, 8, 100), same(ebpf.Hash, 4, 8, 100), "keys of 8 bytes"},
		{"unknown members", same(ebpf.Hash, 8, 8, 100), same(ebpf.Hash, 8, 16, 100), "is not known"},
		{"to per CPU", same(ebpf.Hash, 8, 8, 100), same(ebpf.PerCPUHash, 8, 8, 100), "hash do not become entries of type percpu_hash"},
		{"queue", same(ebpf.Queue, 0, 8, 10), same(ebpf.Queue, 0, 8, 20), "reading takes the elements out"},
		{"ring buffer", same(ebpf.RingBuf, 0, 0, 4096), same(ebpf.RingBuf, 0, 0, 8192), "records belong"},
	} {
		t.Run(tc.name, func(t *testing.T) { testMove(t, tc) })
	}
}

// flagNoPrealloc is BPF_F_NO_PREALLOC.
const flagNoPrealloc = 1

func testMove(t *testing.T, tc moveCase) {
	dir := filepath.Join(kerneltest.BPFFS(t), "move")
	plan := func(s ebpf.MapSpec) *Plan {
		obj := oneMap(t, uintFields("type", int(s.Type), "key_size", int(s.KeySize), "value_size", int(s.ValueSize),
			"max_entries", int(s.MaxEntries), "map_flags", int(s.Flags)))
		p, err := obj.Plan(Options{PinPath: dir, OnMismatch: MismatchMigrate})
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	old := loadPlan(t, plan(tc.old)).MapData[0]
	want := fillMap(t, old.Map)
	c, err := plan(tc.new).Load(context.Background())
	if tc.why != "" {
		var e *Error
		if !errors.As(err, &e) || !errors.Is(err, ErrIncompatiblePin) || e.Code != "migrate_refused" || !strings.Contains(err.Error(), tc.why) {
			t.Errorf("%v, want %q", err, tc.why)
		}
		if got, err := (host{}).ReadDir(filepath.Join(dir, "maps")); err != nil || !slices.Equal(got, []string{"table"}) {
			t.Errorf("pins %v, %v", got, err)
		}
		if got := readMap(t, old.Map); !slices.Equal(got, want) {
			t.Error("the old map has changed")
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	got := readMap(t, c.MapData[0].Map)
	for _, e := range want {
		if !slices.Contains(got, e) {
			t.Fatalf("%s is not there: %d of %d", e, len(got), len(want))
		}
	}
	if n := c.MapData[0].Replaced.Entries; n != uint64(len(want)) {
		t.Errorf("%d entries copied, want %d", n, len(want))
	}
}

// fillMap writes every element of arrays, 100 keys of others, other values per
// CPU; nothing where there are no keys.
func fillMap(t *testing.T, m *ebpf.Map) []string {
	t.Helper()
	if m.KeySize() == 0 {
		return nil
	}
	for i := range uint32(100) {
		key := make([]byte, m.KeySize())
		binary.NativeEndian.PutUint32(key[max(0, len(key)-4):], i)
		if m.Type() == ebpf.LPMTrie {
			binary.NativeEndian.PutUint32(key, 32)
		}
		value := func(cpu int) []byte {
			return append(bytes.Repeat([]byte{byte(i)}, int(m.ValueSize())-1), byte(cpu+1))
		}
		var all any = value(0)
		if m.Type() == ebpf.PerCPUHash || m.Type() == ebpf.LRUCPUHash || m.Type() == ebpf.PerCPUArray {
			var values [][]byte
			for cpu := range ebpf.MustPossibleCPU() {
				values = append(values, value(cpu))
			}
			all = values
		}
		if err := m.Put(key, all); err != nil {
			t.Fatal(err)
		}
	}
	return readMap(t, m)
}

func readMap(t *testing.T, m *ebpf.Map) []string {
	t.Helper()
	if m.KeySize() == 0 {
		return nil
	}
	var out []string
	var key []byte
	var value, values any = new([]byte), new([][]byte)
	if m.Type() == ebpf.PerCPUHash || m.Type() == ebpf.LRUCPUHash || m.Type() == ebpf.PerCPUArray {
		value = values
	}
	it := m.Iterate()
	for it.Next(&key, value) {
		out = append(out, fmt.Sprintf("%x=%x", key, value))
	}
	if err := it.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}

// A load that fails after the entries are copied leaves the old map, its entries
// and its pin.
func TestFailedMigrationLeavesTheOldMap(t *testing.T) {
	dir := filepath.Join(kerneltest.BPFFS(t), "up")
	old := loadPlan(t, upgradePlan(t, "v1", dir, Options{}))
	if err := old.Map("flows").Put(uint64(1), flowV1{Bytes: 5}); err != nil {
		t.Fatal(err)
	}
	opts := Options{OnMismatch: MismatchMigrate} // the ring buffer's records cannot be moved
	_, err := upgradePlan(t, "v2", dir, opts).Load(context.Background())
	var e *Error
	if !errors.As(err, &e) || e.Code != "migrate_refused" || e.Symbol != "events" || !strings.Contains(e.Hint, "events=replace") {
		t.Fatalf("%v", err)
	}
	again := loadPlan(t, upgradePlan(t, "v1", dir, Options{PinMode: PinMustExist}))
	for i := range again.MapData {
		if again.MapData[i].ID != old.MapData[i].ID {
			t.Errorf("%s is another map", again.MapData[i].Name)
		}
	}
	wantPins(t, dir, "counters", "events", "flows", "jumps", "upgrade__data", "progs", "dispatch", "entry", "leaf")
}

// MismatchReplace begins anew.
func TestReplaceIncompatibleMaps(t *testing.T) {
	dir := filepath.Join(kerneltest.BPFFS(t), "up")
	old := loadPlan(t, upgradePlan(t, "v1", dir, Options{}))
	if err := old.Map("flows").Put(uint64(1), flowV1{Bytes: 5}); err != nil {
		t.Fatal(err)
	}
	c := loadPlan(t, upgradePlan(t, "v2", dir, Options{OnMismatch: MismatchReplace}))
	var got flowV2
	if err := c.Map("flows").Lookup(uint64(1), &got); !errors.Is(err, ebpf.ErrKeyNotExist) {
		t.Errorf("%+v, %v", got, err)
	}
	if r := c.Data("flows").Replaced; r == nil || r.By != MismatchReplace || r.Entries != 0 {
		t.Errorf("%+v", r)
	}
}
