package elfload_test

import (
	"testing"

	"github.com/cilium/ebpf"

	"github.com/bpfload/bpfload/elfload"
	"github.com/bpfload/bpfload/internal/kerneltest"
)

// runs says what programs of fixtures return: the claims of their comments. A
// wrong map, slot, function, constant or addend gives another number.
var runs = [...]struct {
	file, program string
	want          uint32
	vars          []elfload.Var
}{
	{file: "order.o", program: "uses_all", want: 2},
	{file: "order.clang14.o", program: "uses_all", want: 2},
	{file: "order.old.o", program: "uses_all", want: 2},
	{file: "array_of_maps.o", program: "looks_inside", want: 2},
	{file: "array_of_maps.old.o", program: "looks_inside", want: 2},
	{file: "hash_of_maps.o", program: "pick", want: 2},
	{file: "tailcall.o", program: "entry", want: 42},
	{file: "tailcall.clang14.o", program: "entry", want: 42},
	{file: "tailcall.old.o", program: "entry", want: 42},
	{file: "tailcall_gaps.o", program: "through_an_empty_slot", want: 3},
	{file: "static_maps.o", program: "uses_statics", want: 2},
	{file: "hidden_maps.o", program: "uses_hidden", want: 2},
	{file: "weak_maps.o", program: "uses_weak", want: 2},
	{file: "alias_maps.o", program: "uses_alias", want: 2},
	{file: "subprog_static.o", program: "calls", want: 7},
	{file: "subprog_static.clang14.o", program: "calls", want: 7},
	{file: "subprog_global.o", program: "eleven", want: 11},
	{file: "subprog_global.o", program: "twenty", want: 20},
	{file: "subprog_section.o", program: "caller", want: 5},
	{file: "static_programs.o", program: "fills_one", want: 1},
	{file: "static_programs.o", program: "fills_two", want: 2},
	{file: "static_programs.o", program: "calls", want: 43},
	{file: "subprog_map.o", program: "counts", want: 1},
	{file: "callback.o", program: "loops", want: 7},
	{file: "exceptions.o", program: "throws", want: 40},
	{file: "exceptions.o", program: "throws_to_text", want: 41},
	{file: "exceptions.o", program: "throws_elsewhere", want: 42},
	{file: "globals.o", program: "runs", want: 41},
	{file: "globals.o", program: "runs", want: 101, vars: []elfload.Var{{Name: "initialised", Value: "100"}}},
	{file: "no_btf.o", program: "runs", want: 21},
	{file: "no_btf.old.o", program: "runs", want: 21},
	{file: "data_sections.o", program: "sums", want: 15},
	{file: "data_addend.o", program: "reads_second", want: 11},
	{file: "same_name.o", program: "adds", want: 40},
	{file: "bss_split.o", program: "counts", want: 5},
	{file: "strings.o", program: "reads_pool", want: 'p' + 'o'},
	{file: "cpu_v1.o", program: "compares", want: 1},
	{file: "cpu_v4.o", program: "divides", want: 6},
	{file: "ksyms.o", program: "refers", want: 0},
	{file: "rbtree.o", program: "plants", want: 0},
	{file: "kptr_local.o", program: "swaps", want: 0},
	{file: "linked.o", program: "looks_up", want: 7},
	{file: "legacy_static.o", program: "looks_up", want: 1},
	{file: "legacy_alias.o", program: "looks_up", want: 1},
	{file: "legacy_ten.old.o", program: "uses_some", want: 1},
	{file: "legacy_sections.o", program: "looks_up", want: 2},
}

func TestRuns(t *testing.T) {
	kerneltest.Require(t)
	for _, r := range runs {
		t.Run(r.file+" "+r.program, func(t *testing.T) {
			c := load(t, r.file, elfload.Options{Vars: r.vars})
			p := c.Program(r.program)
			if p == nil {
				t.Fatalf("no program %q", r.program)
			}
			got, err := p.Run(&ebpf.RunOptions{Data: make([]byte, 64)})
			if err != nil {
				t.Fatal(err)
			}
			if got != r.want {
				t.Errorf("returns %d, want %d", got, r.want)
			}
		})
	}
}
