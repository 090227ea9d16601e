package progs

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"path/filepath"
	"slices"
	"testing"

	"github.com/cilium/ebpf/btf"

	"github.com/bpfload/bpfload/internal/elftest"
	"github.com/bpfload/bpfload/internal/mapdef"
	"github.com/bpfload/bpfload/internal/rawbtf"
)

// coreTypes are the types of one side: the object's, or the kernel's.
type coreTypes struct {
	task, state, anon, lost, u32, u64, s32 elftest.ID
}

// localTypes: struct task { u32 pid; s32 prio; u64 start; u32 gone; u32 arr[4]; },
// enum state { IDLE, RUNNING = 1, LOST }, struct lost { u64 x; }.
func localTypes(b *elftest.BTF) (c coreTypes) {
	c.u32, c.u64, c.s32 = b.Int("unsigned int", 4, 0), b.Int("unsigned long", 8, 0), b.Int("int", 4, elftest.Signed)
	arr := b.Array(c.u32, c.u32, 4)
	c.task = b.Struct("task", 40, elftest.Member{Name: "pid", Type: c.u32}, elftest.Member{Name: "prio", Type: c.s32, BitOffset: 32},
		elftest.Member{Name: "start", Type: c.u64, BitOffset: 64}, elftest.Member{Name: "gone", Type: c.u32, BitOffset: 128},
		elftest.Member{Name: "arr", Type: arr, BitOffset: 160})
	c.state = b.Enum("state", 4, false, elftest.Enumerator{Name: "IDLE"}, elftest.Enumerator{Name: "RUNNING", Value: 1}, elftest.Enumerator{Name: "LOST", Value: 2})
	c.lost = b.Struct("lost", 8, elftest.Member{Name: "x", Type: c.u64})
	c.anon = b.Struct("", 4, elftest.Member{Name: "x", Type: c.u32})
	return c
}

// kernelSpec: struct task { u64 new; u64 pid; s64 prio; u32 start; u32 arr[4]; } of
// another order and with other widths; enum state { RUNNING = 5 }.
func kernelSpec(t testing.TB, order binary.ByteOrder) []*btf.Spec {
	t.Helper()
	spec, err := btf.LoadSpecFromReader(bytes.NewReader(kernelBTF(order).Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	return []*btf.Spec{spec}
}

func kernelBTF(order binary.ByteOrder) *elftest.BTF {
	b := elftest.NewBTF(order)
	u32, u64, s64 := b.Int("unsigned int", 4, 0), b.Int("unsigned long", 8, 0), b.Int("long", 8, elftest.Signed)
	arr := b.Array(u32, u32, 4)
	b.Struct("task", 56, elftest.Member{Name: "new", Type: u64}, elftest.Member{Name: "pid", Type: u64, BitOffset: 64},
		elftest.Member{Name: "prio", Type: s64, BitOffset: 128}, elftest.Member{Name: "start", Type: u32, BitOffset: 192},
		elftest.Member{Name: "arr", Type: arr, BitOffset: 256})
	b.Enum("state", 4, false, elftest.Enumerator{Name: "RUNNING", Value: 5})
	return b
}

const (
	ldxW  = 0x61 // LDX, 4 bytes
	ldxDW = 0x79
	stxW  = 0x63
)

func TestCore(t *testing.T) {
	type insnFunc = func(o binary.ByteOrder) []byte
	insn := func(op byte, dst, src int, off int16, imm int32) insnFunc {
		return func(o binary.ByteOrder) []byte { return elftest.Insn(o, op, dst, src, off, imm) }
	}
	mov := func(imm int32) insnFunc { return insn(0xb7, 1, 0, 0, imm) }
	wide := func(dst int, v uint64) insnFunc {
		return func(o binary.ByteOrder) []byte { return elftest.LdImm64(o, dst, 0, v) }
	}
	poison := insn(0x85, 0, 0, 0, 0xbad2310)
	task := func(c coreTypes) elftest.ID { return c.task }
	state := func(c coreTypes) elftest.ID { return c.state }
	lost := func(c coreTypes) elftest.ID { return c.lost }
	tests := []struct {
		name   string
		typ    func(c coreTypes) elftest.ID
		access string
		kind   uint32
		in     insnFunc
		want   insnFunc
		fail   string // "kind type access: reason"
	}{
		{"offset of an array element", task, "0:4:2", 0, insn(ldxW, 2, 1, 28, 0), insn(ldxW, 2, 1, 40, 0), ""},
		{"offset as immediate", task, "0:0", 0, insn(0x07, 1, 0, 0, 0), insn(0x07, 1, 0, 0, 8), ""},
		{"offset in ld_imm64", task, "0:2", 0, wide(1, 8), wide(1, 24), ""},
		{"field exists", task, "0:2", 2, mov(1), mov(1), ""},
		{"field does not exist", task, "0:3", 2, mov(1), mov(0), ""},
		{"field size", task, "0:0", 1, mov(4), mov(8), ""},
		{"type size", task, "0", 9, mov(40), mov(56), ""},
		{"type exists", task, "0", 8, mov(1), mov(1), ""},
		{"local type id stays", task, "0", 6, mov(5), mov(5), ""},
		{"target type id", task, "0", 7, mov(5), mov(5), ""},
		{"enumerator value", state, "1", 11, wide(1, 1), wide(1, 5), ""},
		{"enumerator does not exist", state, "2", 10, mov(1), mov(0), ""},
		{"unsigned field of another width", task, "0:0", 0, insn(ldxW, 2, 1, 0, 0), insn(ldxDW, 2, 1, 8, 0), ""},
		{"unsigned field of smaller width", task, "0:2", 0, insn(ldxDW, 2, 1, 8, 0), insn(ldxW, 2, 1, 24, 0), ""},
		{"signed field of another width", task, "0:1", 0, insn(ldxW, 2, 1, 4, 0), poison,
			"byte_off struct task struct task.prio: the field has 8 bytes instead of 4 and is not an unsigned integer on both sides"},
		{"field is gone", task, "0:3", 0, insn(ldxW, 2, 1, 16, 0), poison, "byte_off struct task struct task.gone: the target has no such type, field or value"},
		{"field is gone, ld_imm64", task, "0:3", 0, wide(1, 16), wide(10, 0xbad2310), "byte_off struct task struct task.gone: the target has no such type, field or value"},
		{"enumerator is gone", state, "2", 11, mov(2), poison, "enumval_value enum state enum state::LOST: the target has no such type, field or value"},
		{"type is gone: its size is 0", lost, "0", 9, mov(8), mov(0), ""},
		{"type is gone: its size is 0, ld_imm64", lost, "0", 9, wide(1, 8), wide(1, 0), ""},
		{"type is gone: its id is 0", lost, "0", 7, mov(3), mov(0), ""},
		{"type is gone: it does not exist", lost, "0", 8, mov(1), mov(0), ""},
		{"type is gone: no load can have its size", lost, "0", 9, insn(ldxW, 2, 1, 8, 0), poison, "type_size struct lost struct lost: the target has no such type, field or value"},
		{"not the instruction that the record says", task, "0:3", 2, mov(9), poison, "field_exists struct task struct task.gone: invalid immediate 9, expected 1 (fixup: field_exists=1->0, kind: field_exists, ins: MovImm dst: r1 imm: 9)"},
		{"anonymous type", func(c coreTypes) elftest.ID { return c.anon }, "0:0", 0, insn(ldxW, 2, 1, 0, 0), poison,
			"byte_off struct {…} struct {…}.x: relocate unnamed or anonymous type Struct: not supported"},
		{"unknown kind", task, "0:0", 99, mov(0), poison, "kind 99 struct task struct task: relocate Struct:\"task\": target Struct:\"task\": unknown (99): not supported"},
		{"bytes of a changed field", task, "0:0", 0, insn(0x69, 2, 1, 0, 0), poison, "byte_off struct task struct task.pid: the field has 8 bytes instead of 4, and the instruction cannot be made to fit"},
		{"store into a field of another width", task, "0:0", 0, insn(stxW, 1, 2, 0, 0), insn(0x7b, 1, 2, 8, 0), ""},
		{"access is not numbers", task, "0:x", 0, mov(0), poison, `byte_off struct task struct task: access string "0:x" is not numbers and colons`},
		{"type is not in the table", func(coreTypes) elftest.ID { return 999 }, "0:0", 0, mov(0), poison, "byte_off void void.?: type 999 is not in .BTF"},
	}
	for _, tt := range tests {
		for _, order := range orders {
			t.Run(fmt.Sprintf("%s %v", tt.name, order), func(t *testing.T) {
				c, got, failures := relocateOne(t, order, tt.typ, tt.access, tt.kind, tt.in(order))
				if want := append(tt.want(order), elftest.Exit(order)...); !bytes.Equal(got, want) {
					t.Errorf("\n got %x\nwant %x", got, want)
				}
				fail := ""
				for _, f := range failures {
					fail += fmt.Sprintf("%s %s %s: %s", f.Kind, f.Type, f.What(), f.Reason)
				}
				if fail != tt.fail {
					t.Errorf("\n got %q\nwant %q", fail, tt.fail)
				}
				if !bytes.Equal(c.Insns[:len(tt.in(order))], tt.in(order)) {
					t.Error("the linked code itself has changed")
				}
			})
		}
	}
}

func relocateOne(t *testing.T, order binary.ByteOrder, typ func(coreTypes) elftest.ID, access string, kind uint32, in []byte) (*Code, []byte, []CoreFailure) {
	t.Helper()
	b := elftest.NewBTF(order)
	types := localTypes(b)
	ext := b.Ext(elftest.ExtSection{Section: "xdp", CORE: []elftest.CORERelo{{Type: typ(types), Access: access, Kind: kind}}})
	o := elftest.Object{Order: order, Sections: []elftest.Section{elftest.Exec("xdp", in, elftest.Exit(order)), b.Section(), ext},
		Symbols: []elftest.Symbol{elftest.Func("p", "xdp", 0, uint64(len(in)+8))}}
	return relocate(t, o.File(), 0, kernelSpec(t, order), kernelBTF(order).Table())
}

func relocate(t *testing.T, f *mapdef.File, program int, targets []*btf.Spec, table *rawbtf.Table) (*Code, []byte, []CoreFailure) {
	t.Helper()
	s, err := Parse(f)
	if err != nil {
		t.Fatal(err)
	}
	c, err := s.Link(program, symbolRefs{f})
	if err != nil {
		t.Fatal(err)
	}
	if !s.HasCore() || len(c.Core) == 0 {
		t.Fatal("no CO-RE relocations")
	}
	r, err := s.NewRelocator()
	if err != nil {
		t.Fatal(err)
	}
	out := bytes.Clone(c.Insns)
	failures, err := r.Relocate(c, out, targets)
	if err != nil {
		t.Fatal(err)
	}
	fast := bytes.Clone(c.Insns)
	switch again, ok := s.NewFastRelocator(table, []*Code{c}).Relocate(c, fast); {
	case ok && (!bytes.Equal(fast, out) || !slices.Equal(again, failures)):
		t.Errorf("the fast way gives\n %x, %v instead of\n %x, %v", fast, again, out, failures)
	case !ok && !bytes.Equal(fast, c.Insns):
		t.Error("the fast way gave up and left changes")
	}
	return c, out, failures
}

// Two types of the target that one name fits, and no field in both: the fields of
// a program come from one of them, that of the first relocation.
func TestCoreOneTarget(t *testing.T) {
	for _, order := range orders {
		k := elftest.NewBTF(order)
		u32, u64, s32 := k.Int("unsigned int", 4, 0), k.Int("unsigned long", 8, 0), k.Int("int", 4, elftest.Signed)
		k.Struct("task___one", 16, elftest.Member{Name: "x", Type: u64}, elftest.Member{Name: "pid", Type: u32, BitOffset: 64},
			elftest.Member{Name: "gone", Type: u32, BitOffset: 96})
		k.Struct("task___two", 8, elftest.Member{Name: "y", Type: u32}, elftest.Member{Name: "prio", Type: s32, BitOffset: 32})
		spec, err := btf.LoadSpecFromReader(bytes.NewReader(k.Bytes()))
		if err != nil {
			t.Fatal(err)
		}
		b := elftest.NewBTF(order)
		task := localTypes(b).task
		ext := b.Ext(elftest.ExtSection{Section: "xdp", CORE: []elftest.CORERelo{{Type: task, Access: "0:0"}, {Off: 8, Type: task, Access: "0:1"},
			{Off: 16, Type: task, Access: "0:2"}, {Off: 24, Type: task, Access: "0:3"}, {Off: 32, Type: task, Access: "0:1", Kind: 2}}})
		add := func(imm int32) []byte { return elftest.Insn(order, 0x07, 1, 0, 0, imm) }
		code := [][]byte{add(0), add(4), add(8), add(16), elftest.Mov(order, 1, 1), elftest.Exit(order)}
		o := elftest.Object{Order: order, Sections: []elftest.Section{elftest.Exec("xdp", code...), b.Section(), ext},
			Symbols: []elftest.Symbol{elftest.Func("p", "xdp", 0, 48)}}
		_, got, failures := relocate(t, o.File(), 0, []*btf.Spec{spec}, k.Table())
		poison := elftest.Insn(order, 0x85, 0, 0, 0, 0xbad2310)
		if want := slices.Concat(add(8), poison, poison, add(12), elftest.Mov(order, 1, 0), elftest.Exit(order)); !bytes.Equal(got, want) {
			t.Errorf("%v\n got %x\nwant %x", order, got, want)
		}
		if len(failures) != 2 || failures[0].Access != "struct task.prio" || failures[1].Access != "struct task.start" {
			t.Errorf("%v: %+v", order, failures)
		}
	}
}

// Failures come in the order of instructions, whatever their types, and each
// run gives the same; relocations of subprograms count too.
func TestCoreOrder(t *testing.T) {
	x := newExtFixture(le)
	types := localTypes(x.btf)
	x.infos[0].CORE = []elftest.CORERelo{{Off: 0, Type: types.task, Access: "0:0", Kind: 1}, {Off: 16, Type: types.task, Access: "0:3", Kind: 0}}
	x.infos[1].CORE = []elftest.CORERelo{{Off: 0, Type: types.state, Access: "2", Kind: 11}}
	x.sections[1].Data = slices.Concat(elftest.Mov(le, 1, 2), x.sections[1].Data[8:])
	for range 20 {
		c, _, failures := relocate(t, x.file(), 0, kernelSpec(t, le), kernelBTF(le).Table())
		if len(failures) != 2 || failures[0].Insn != 0 || failures[0].Access != "enum state::LOST" || failures[1].Insn != 3 || failures[1].Access != "struct task.gone" {
			t.Fatalf("got %+v", failures)
		}
		if want := []CoreRelo{{Insn: 0, TypeID: types.state, Access: "2", Kind: 11, rank: 2}, {Insn: 3, TypeID: types.task, Access: "0:3", rank: 1}}; !slices.Equal(c.Core, want) {
			t.Fatalf("got %+v", c.Core)
		}
	}
}

func TestRelocations(t *testing.T) {
	x := newExtFixture(le)
	types := localTypes(x.btf)
	x.infos[1].CORE = []elftest.CORERelo{{Off: 0, Type: types.state, Access: "2", Kind: 11}, {Off: 8, Type: 999, Access: "0"}}
	s, c := x.link(t)
	r, err := s.NewRelocator()
	if err != nil {
		t.Fatal(err)
	}
	got := r.Relocations(c)
	if len(got) != 2 || got[0] == nil || got[1] != nil {
		t.Errorf("got %v", got)
	}
	if again, _ := s.NewRelocator(); again != r {
		t.Error("the types are read twice")
	}
}

func TestNoCore(t *testing.T) {
	x := newExtFixture(le)
	s, c := x.link(t)
	r, err := s.NewRelocator()
	if err != nil || s.HasCore() {
		t.Fatal(err)
	}
	if failures, err := r.Relocate(c, bytes.Clone(c.Insns), nil); err != nil || failures != nil {
		t.Errorf("got %v, %v", failures, err)
	}
}

func TestAccessName(t *testing.T) {
	b := elftest.NewBTF(le)
	c := localTypes(b)
	inner := b.Struct("", 8, elftest.Member{Name: "a", Type: c.u32}, elftest.Member{Name: "in", Type: c.task, BitOffset: 32})
	outer := b.Struct("outer", 8, elftest.Member{Name: "", Type: inner})
	alias := b.Typedef("outer_t", outer)
	tests := []struct {
		id     elftest.ID
		access string
		kind   uint32
		want   string
	}{
		{c.task, "0:0", 0, "struct task.pid"}, {c.task, "2:4:3", 0, "struct task[2].arr[3]"}, {alias, "0:0:1:2", 0, "outer_t.in.start"},
		{c.task, "0:99", 0, "struct task.?"}, {c.task, "0:0:1", 0, "struct task.pid.?"}, {c.task, "", 0, "struct task"}, {c.task, "0", 8, "struct task"},
		{c.state, "1", 11, "enum state::RUNNING"}, {c.state, "9", 10, "enum state"}, {999, "0:1", 0, "void.?"},
	}
	for _, tt := range tests {
		if got := accessName(b.Table(), CoreRelo{TypeID: tt.id, Access: tt.access, Kind: tt.kind}); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.access, got, tt.want)
		}
	}
}

// Relocating real objects against their own types changes nothing.
func TestCoreAgainstOwnTypes(t *testing.T) {
	paths, err := filepath.Glob("../../testdata/objs/core*.o")
	if err != nil || len(paths) == 0 {
		t.Fatal("no objects", err)
	}
	for _, path := range paths {
		t.Run(filepath.Base(path), func(t *testing.T) {
			f := readObject(t, path)
			spec, err := btf.LoadSpecFromReader(bytes.NewReader(f.BTF.Raw()))
			if err != nil {
				t.Fatal(err)
			}
			c, out, failures := relocate(t, f, 0, []*btf.Spec{spec}, f.BTF)
			if len(failures) > 0 {
				t.Errorf("failures %+v", failures)
			}
			for _, relo := range c.Core {
				if CoreKindName(relo.Kind) != "target_type_id" && !bytes.Equal(out[relo.Insn*8:][:8], c.Insns[relo.Insn*8:][:8]) {
					t.Errorf("%+v changed %x to %x", relo, c.Insns[relo.Insn*8:][:8], out[relo.Insn*8:][:8])
				}
			}
		})
	}
}
