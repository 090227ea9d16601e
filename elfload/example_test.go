package elfload_test

import (
	"context"
	"errors"
	"fmt"
	"log"

	"github.com/bpfload/bpfload/elfload"
)

// Reading asks nothing of the host: definitions come in the order of the object.
func ExampleOpen() {
	obj, err := elfload.Open("../testdata/objs/order.o")
	if err != nil {
		log.Fatal(err)
	}
	for i, def := range obj.Maps {
		fmt.Println(i, def.Name, def.Section, def.Offset)
	}
	// Output:
	// 0 outer .maps 0
	// 1 inner .maps 40
	// 2 a .maps 72
	// 3 b .maps 104
}

// A plan is every step of a load, with indices instead of names.
func ExampleObject_Plan() {
	obj, err := elfload.Open("../testdata/objs/tailcall.o")
	if err != nil {
		log.Fatal(err)
	}
	plan, err := obj.Plan(elfload.Options{})
	if err != nil {
		log.Fatal(err)
	}
	for _, s := range plan.Steps {
		switch s.Op {
		case elfload.OpSetProgramSlot:
			fmt.Printf("%v: %s[%d] = %s\n", s.Op, plan.Maps[s.Map].Name, s.Slot, plan.Programs[s.Target].Name)
		default:
			fmt.Println(s.Op)
		}
	}
	// Output:
	// load_btf
	// create_map
	// load_program
	// load_program
	// set_program_slot: prog_array_init[1] = tailcall_1
}

// Loading hands out a table in definition order.
func ExampleLoad() {
	coll, err := elfload.Load(context.Background(), "../testdata/objs/order.o", elfload.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer coll.Close()
	for _, m := range coll.MapData {
		fmt.Println(m.Index, m.Name, m.FD, m.ID)
	}
	counters := coll.Map("a") // a *ebpf.Map of cilium/ebpf
	fmt.Println(counters.MaxEntries())
}

// The three stages apart: a plan may be looked at, and carried out many times.
func ExamplePlan_Load() {
	obj, err := elfload.Open("../testdata/objs/tailcall.o")
	if err != nil {
		log.Fatal(err)
	}
	plan, err := obj.Plan(elfload.Options{Jobs: 1})
	if err != nil {
		log.Fatal(err)
	}
	coll, err := plan.Load(context.Background())
	if errors.Is(err, elfload.ErrPrivilege) {
		log.Fatal("run it as root: ", err)
	} else if err != nil {
		log.Fatal(err)
	}
	defer coll.Close()
	ret, _, err := coll.Program("entry").Test(make([]byte, 64)) // a *ebpf.Program
	fmt.Println(ret, err)
}

// An object becomes cilium/ebpf's own blueprint, for users who stay with it.
func ExampleObject_CollectionSpec() {
	obj, err := elfload.Open("../testdata/objs/legacy_ten.o")
	if err != nil {
		log.Fatal(err)
	}
	spec, err := obj.CollectionSpec()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(spec.Maps), "maps")
	// Output:
	// 10 maps
}

// An upgrade of an object whose maps are pinned: what would happen, and then that.
// Entries go over to the new maps, but for those of a ring buffer, which begins anew.
func ExamplePlan_DiffPins() {
	obj, err := elfload.Open("filter.o")
	if err != nil {
		log.Fatal(err)
	}
	plan, err := obj.Plan(elfload.Options{
		PinPath:      "/sys/fs/bpf/filter",
		OnMismatch:   elfload.MismatchMigrate,
		OnMismatchOf: []elfload.MapMismatch{{Map: "events", OnMismatch: elfload.MismatchReplace}},
	})
	if err != nil {
		log.Fatal(err)
	}
	diff, err := plan.DiffPins(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	for _, m := range diff.Maps {
		fmt.Println(m.Name, m.Status, m.Fields)
	}
	if err := diff.Err(); err != nil {
		log.Fatal(err) // a load would fail
	}
	coll, err := plan.Load(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	defer coll.Close()
}
