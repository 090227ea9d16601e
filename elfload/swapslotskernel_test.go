package elfload

import (
	"context"
	"errors"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"

	"github.com/bpfload/bpfload/internal/kerneltest"
)

// runOnce runs a socket filter over an empty packet.
func runOnce(p *ebpf.Program) (uint32, error) { return p.Run(&ebpf.RunOptions{Data: make([]byte, 64)}) }

// Programs that run while their program array is rewritten never miss a tail call:
// each run is the older version's or the newer's. Afterwards no old code is left.
func TestRestartWithoutAGap(t *testing.T) {
	dir := filepath.Join(kerneltest.BPFFS(t), "up")
	opts := Options{OnMismatch: MismatchReplace}
	old := loadPlan(t, upgradePlan(t, "v1", dir, opts))
	if got, err := runOnce(old.Program("entry")); err != nil || got != 11 {
		t.Fatalf("the older version returns %d, %v", got, err)
	}
	var wg sync.WaitGroup
	var stop atomic.Bool
	var runs, newer atomic.Uint64
	defer wg.Wait()
	defer stop.Store(true)
	for range max(2, runtime.NumCPU()/2) {
		wg.Go(func() {
			for !stop.Load() {
				got, err := old.Program("entry").Run(&ebpf.RunOptions{Data: make([]byte, 64)})
				if err != nil || (got != 11 && got != 22) {
					t.Errorf("a run returns %d, %v", got, err)
					return
				}
				runs.Add(1)
				if got == 22 {
					newer.Add(1)
				}
			}
		})
	}
	some := func() { // however busy the machine is, each version is run
		t.Helper()
		seen := runs.Load()
		if !kerneltest.Wait(func() bool { return runs.Load() >= seen+20 || t.Failed() }) {
			t.Fatal("nothing runs")
		}
	}
	some()
	var last *Collection
	for i := range 8 {
		version := []string{"v2", "v1"}[i%2]
		last = loadPlan(t, upgradePlan(t, version, dir, opts))
		if !last.Data("jumps").Reused {
			t.Errorf("load %d made a new program array", i)
		}
		some()
	}
	last = loadPlan(t, upgradePlan(t, "v2", dir, opts))
	some()
	stop.Store(true)
	wg.Wait()
	if runs.Load() < 100 || newer.Load() == 0 || newer.Load() == runs.Load() {
		t.Errorf("%d runs, %d of the newer version: the test asserts too little", runs.Load(), newer.Load())
	}
	for slot, want := range map[uint32]string{0: "dispatch", 1: "", 2: "", 3: "last"} {
		wantSlot(t, last, slot, want)
	}
}

// wantSlot compares what a slot of jumps holds with a program of the collection.
func wantSlot(t *testing.T, c *Collection, slot uint32, program string) {
	t.Helper()
	var id uint32
	err := c.Map("jumps").Lookup(slot, &id)
	if program == "" {
		if !errors.Is(err, ebpf.ErrKeyNotExist) {
			t.Errorf("slot %d holds program %d, %v", slot, id, err)
		}
		return
	}
	i, _ := c.Plan.Object.ProgramIndex(program)
	if err != nil || id != c.Programs[i].ID {
		t.Errorf("slot %d holds program %d, want %d (%s), %v", slot, id, c.Programs[i].ID, program, err)
	}
}

// Slots that others have filled stay as they are, in an array that is used again
// and in one that is replaced.
func TestSlotsOfOthersStay(t *testing.T) {
	root := kerneltest.BPFFS(t)
	for name, maps := range map[string][]MapOverride{"used again": nil, "grown": {{"jumps", "max_entries", "8"}}} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(root, name)
			old := loadPlan(t, upgradePlan(t, "v1", dir, migrateAll()))
			plugin, err := ebpf.NewProgram(&ebpf.ProgramSpec{Type: ebpf.SocketFilter, License: "GPL",
				Instructions: asm.Instructions{asm.Mov.Imm(asm.R0, 5), asm.Return()}})
			if err != nil {
				t.Fatal(err)
			}
			defer plugin.Close()
			if err := old.Map("jumps").Put(uint32(2), plugin); err != nil {
				t.Fatal(err)
			}
			opts := migrateAll()
			opts.Maps = maps
			c := loadPlan(t, upgradePlan(t, "v2", dir, opts))
			if c.Data("jumps").Reused != (maps == nil) {
				t.Errorf("%+v", c.Data("jumps"))
			}
			var id uint32
			info, err := plugin.Info()
			if err != nil {
				t.Fatal(err)
			}
			want, _ := info.ID()
			if err := c.Map("jumps").Lookup(uint32(2), &id); err != nil || id != uint32(want) {
				t.Errorf("slot 2 holds program %d, want %d, %v", id, want, err)
			}
			wantSlot(t, c, 0, "dispatch")
			wantSlot(t, c, 1, "") // the older version's
			wantSlot(t, c, 3, "last")
			if got, err := runOnce(c.Program("entry")); err != nil || got != 22 {
				t.Errorf("a run returns %d, %v", got, err)
			}
		})
	}
}

// A map of maps that is used again gets the map that has replaced an inner one.
func TestReplacedInnerMapIsSwapped(t *testing.T) {
	dir := filepath.Join(kerneltest.BPFFS(t), "held")
	obj, err := Open("../testdata/objs/hash_of_maps.o")
	if err != nil {
		t.Fatal(err)
	}
	held := -1
	for i := range obj.Maps {
		for _, s := range obj.Maps[i].Slots {
			held = s.Target.Index
		}
	}
	name := obj.Maps[held].Name
	load := func(opts Options) *Collection {
		opts.PinPath = dir
		plan, err := obj.Plan(opts)
		if err != nil {
			t.Fatal(err)
		}
		c, err := plan.Load(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		return c
	}
	old := load(Options{})
	c := load(Options{OnMismatch: MismatchMigrate, Maps: []MapOverride{{name, "max_entries", "77"}}})
	if c.MapData[held].Replaced == nil || c.MapData[held].ID == old.MapData[held].ID {
		t.Fatalf("%s: %+v", name, c.MapData[held])
	}
	slots := 0
	for i := range obj.Maps {
		for _, s := range obj.Maps[i].Slots {
			var id uint32
			if err := c.MapData[i].Map.Lookup(s.Index, &id); err != nil || id != c.MapData[s.Target.Index].ID || !c.MapData[i].Reused {
				t.Errorf("slot %d of %s holds map %d, want %d, %v", s.Index, obj.Maps[i].Name, id, c.MapData[s.Target.Index].ID, err)
			}
			slots++
		}
	}
	if slots == 0 {
		t.Error("no slot: the test asserts nothing")
	}
}
