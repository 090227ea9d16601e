package elfload_test

import (
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"testing"

	"github.com/bpfload/bpfload/elfload"
	"github.com/bpfload/bpfload/internal/elftest"
	"github.com/bpfload/bpfload/internal/mapdef"
)

var little = binary.LittleEndian

// manyMaps has n maps with BTF definitions of one type.
func manyMaps(n int) []byte {
	m := elftest.NewMaps(little)
	def := m.Def("", m.Uint("type", 2), m.Uint("key_size", 4), m.Uint("value_size", 8), m.Uint("max_entries", 1))
	for i := range n {
		m.MapOf(fmt.Sprintf("m%d", i), def, 32)
	}
	return m.Object().Bytes()
}

// manyLegacy has n legacy definitions.
func manyLegacy(n int) []byte {
	defs := make([]elftest.LegacyMap, n)
	for i := range defs {
		defs[i] = elftest.LegacyMap{Name: fmt.Sprintf("m%d", i), Words: []uint32{2, 4, 4, 1, 0}}
	}
	return elftest.Legacy(little, "maps", defs...).Bytes()
}

// manyValues has a map of maps with n slots, and so many maps in them.
func manyValues(n int) []byte {
	m := elftest.NewMaps(little)
	def := m.Def("inner", m.Uint("type", 2), m.Uint("key_size", 4), m.Uint("value_size", 8), m.Uint("max_entries", 1))
	outer := m.Map("outer", m.Uint("type", 12), m.Uint("key_size", 4), m.Uint("max_entries", uint32(n)), m.Values(def, n))
	for i := range n {
		m.MapOf(fmt.Sprintf("m%d", i), def, 32)
		outer.Slot(i, fmt.Sprintf("m%d", i))
	}
	return m.Object().Bytes()
}

// longCode is n instructions and an exit.
func longCode(n int) []byte {
	var code []byte
	for range n {
		code = append(code, elftest.Mov(little, elftest.R0, 2)...)
	}
	return append(code, elftest.Exit(little)...)
}

// longProgram has one program of n instructions.
func longProgram(n int) []byte {
	o := &elftest.Object{Order: little, Sections: []elftest.Section{elftest.Exec("xdp", longCode(n))},
		Symbols: []elftest.Symbol{elftest.Func("long", "xdp", 0, uint64(8*n+8))}}
	return o.Bytes()
}

// sharedCode has so many programs that all call one subprogram of n instructions.
func sharedCode(programs, n int) []byte {
	o := &elftest.Object{Order: little}
	text := elftest.Exec(".text", longCode(n))
	var code []byte
	for i := range programs {
		off := uint64(len(code))
		code = append(code, elftest.Insn(little, 0x85, 0, 1, 0, -1)...)
		code = append(code, elftest.Exit(little)...)
		text.Relocs = text.Relocs[:0]
		o.Symbols = append(o.Symbols, elftest.Func(fmt.Sprintf("p%d", i), "xdp", off, 16))
	}
	xdp := elftest.Exec("xdp", code)
	for i := range programs {
		xdp.Relocs = append(xdp.Relocs, elftest.Reloc{Offset: uint64(16 * i), Type: mapdef.R_BPF_64_32, Symbol: "shared"})
	}
	o.Sections = []elftest.Section{text, xdp}
	o.Symbols = append(o.Symbols, elftest.Func("shared", ".text", 0, uint64(8*n+8)))
	return o.Bytes()
}

// manyNames is one legacy map with n names.
func manyNames(n int) []byte {
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprintf("alias%d", i)
	}
	return elftest.Legacy(little, "maps", elftest.LegacyMap{Name: "m", Words: []uint32{2, 4, 4, 1, 0}, Aliases: names}).Bytes()
}

// manyGlobals has n variables with types in one section.
func manyGlobals(n int) []byte {
	b := elftest.NewBTF(little)
	integer := b.Int("int", 4, elftest.Signed)
	o := &elftest.Object{Order: little}
	var vars []elftest.SecInfo
	for i := range n {
		name := fmt.Sprintf("v%d", i)
		o.Symbols = append(o.Symbols, elftest.Global(name, ".data", uint64(4*i), 4))
		vars = append(vars, elftest.SecInfo{Var: b.Var(name, integer, 1), Offset: uint32(4 * i), Size: 4})
	}
	b.Datasec(".data", uint32(4*n), vars[:min(n, 65535)]...)
	data := elftest.Data(".data", make([]byte, 4*n))
	data.Flags = elf.SHF_ALLOC | elf.SHF_WRITE
	o.Sections = []elftest.Section{data, b.Section()}
	return o.Bytes()
}

// greedy has a map of every kind with the largest numbers there are.
func greedy() []byte {
	m := elftest.NewMaps(little)
	for _, typ := range []uint32{1, 2, 5, 6, 9, 10, 11, 22, 23} {
		m.Map(fmt.Sprintf("g%d", typ), m.Uint("type", typ), m.Uint("max_entries", math.MaxUint32), m.Uint("value_size", math.MaxUint32), m.Uint("key_size", 4))
	}
	return m.Object().Bytes()
}

// recursive has a map whose key and value are types that contain themselves.
func recursive() []byte {
	m := elftest.NewMaps(little)
	next := elftest.ID(m.Table().Len())
	self := m.Struct("self", 8, elftest.Member{Name: "me", Type: next})
	ring := m.Typedef("ring", elftest.ID(m.Table().Len()+1))
	m.Const(ring)
	deep := elftest.ID(1)
	for range 10000 {
		deep = m.Array(deep, m.Index, 2)
	}
	for i, id := range []elftest.ID{self, ring, deep} {
		m.Map(fmt.Sprintf("r%d", i), m.Uint("type", 2), m.Uint("key_size", 4), m.Type("value", id), m.Uint("max_entries", 1))
	}
	return m.Object().Bytes()
}

// outcome reads and plans, and gives the code of the error, "" for a plan.
func outcome(raw []byte) string {
	obj, err := elfload.Read(raw, elfload.ReadOptions{Name: "dangerous.o"})
	if err == nil {
		_, err = obj.Plan(elfload.Options{PageSize: 4096, PinPath: "/sys/fs/bpf/x"})
	}
	var e *elfload.Error
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

// Objects that ask for too much end in bounded time and memory, as a plan or
// as a refusal.
func TestDangerousObjects(t *testing.T) {
	for _, row := range []struct {
		name string
		raw  []byte
		code string // of the refusal, "" for a plan
	}{
		{"more maps than one .maps can describe", manyMaps(100000), "bad_btf"},
		{"60,000 maps", manyMaps(60000), ""},
		{"100,000 legacy maps", manyLegacy(100000), "too_many_maps"},
		{"60,000 legacy maps", manyLegacy(60000), ""},
		{"20,000 values", manyValues(20000), ""},
		{"1,000,000 instructions and one", longProgram(1000000), "too_long"},
		{"1,000,000 instructions", longProgram(999999), ""},
		{"4,000 programs share 100,000 instructions", sharedCode(4000, 100000), "linked_size"},
		{"100 programs share 1,000 instructions", sharedCode(100, 1000), ""},
		{"100,000 names of a map", manyNames(100000), ""},
		{"60,000 variables", manyGlobals(60000), ""},
		{"the largest numbers", greedy(), ""},
		{"recursive types", recursive(), "bad_type"},
	} {
		t.Run(row.name, func(t *testing.T) {
			var code string
			took := cpuTime(func() { code = outcome(row.raw) })
			if code != row.code {
				t.Errorf("%d bytes end with %q, want %q", len(row.raw), code, row.code)
			}
			if most := 10 * timeBound(row.raw); took > most {
				t.Errorf("%v, at most %v are for %d bytes", took, most, len(row.raw))
			}
			most := memoryBound(row.raw)
			if peak := peakMemory(most, func() { outcome(row.raw) }); !peak.within(most) {
				t.Errorf("memory %+v, at most %d bytes are for %d", peak, most, len(row.raw))
			}
		})
	}
}
