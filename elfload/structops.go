package elfload

import (
	"debug/elf"
	"errors"
	"fmt"
	"sort"

	"github.com/cilium/ebpf"

	"github.com/bpfload/bpfload/internal/mapdef"
	"github.com/bpfload/bpfload/internal/progs"
	"github.com/bpfload/bpfload/internal/rawbtf"
)

const (
	mapTypeStructOps  = uint32(ebpf.StructOpsMap)
	progTypeStructOps = uint32(ebpf.StructOps)
	flagLink          = 1 << 13 // BPF_F_LINK
)

// structOpsSections are the sections whose variables are struct_ops maps (R122, R124).
var structOpsSections = [...]struct {
	name     string
	optional bool
	flags    uint32
}{
	{".struct_ops", false, 0},
	{".struct_ops.link", false, flagLink},
	{"?.struct_ops", true, 0},
	{"?.struct_ops.link", true, flagLink},
}

// structOpsMaps makes one definition per variable of a struct_ops section, by
// section and then offset, with the programs that its members are set to.
func structOpsMaps(f *mapdef.File, set *progs.Set) ([]mapdef.Def, error) {
	var defs []mapdef.Def
	for i := range f.Sections {
		s := &f.Sections[i]
		for _, row := range structOpsSections {
			if s.Name != row.name || s.Size == 0 || s.Type != elf.SHT_PROGBITS {
				continue
			}
			r := structOpsReader{f: f, ix: f.Variables(), sec: s, set: set, members: make(map[rawbtf.ID]map[uint64]int)}
			if err := r.variables(); err != nil {
				return nil, err
			}
			if err := r.relocations(); err != nil {
				return nil, err
			}
			for j := range r.defs {
				r.defs[j].Optional, r.defs[j].Flags = row.optional, row.flags // D1: all of them
			}
			defs = append(defs, r.defs...)
		}
	}
	return defs, nil
}

// structOpsReader reads one section.
type structOpsReader struct {
	f    *mapdef.File
	ix   *mapdef.VarIndex
	sec  *mapdef.Section
	set  *progs.Set
	defs []mapdef.Def
	// members finds a member by its offset in bytes, by struct.
	members map[rawbtf.ID]map[uint64]int
}

func (r *structOpsReader) fail(code, symbol string, off mapdef.Offset, format string, args ...any) error {
	return &Error{Stage: StageRead, Code: code, Section: r.sec.Name, Symbol: symbol, Offset: off, Err: fmt.Errorf(format, args...)}
}

// variables makes the definitions, in order of their offset (R122, R125).
func (r *structOpsReader) variables() error {
	t := r.f.BTF
	if t == nil {
		err := errors.New("the object has no BTF, which says what the section's variables are")
		if r.f.BTFErr != nil {
			err = fmt.Errorf("the object's BTF, which says what the section's variables are, cannot be read: %w", r.f.BTFErr)
		}
		return &Error{Stage: StageRead, Code: "struct_ops_btf", Section: r.sec.Name, Err: err, Hint: "compile with -g"}
	}
	datasecs := t.Datasecs(r.sec.Name)
	if len(datasecs) == 0 {
		return r.fail("struct_ops_btf", "", mapdef.Offset{}, "BTF has no DATASEC of this name")
	}
	for _, ds := range datasecs {
		vars, err := ds.Variables()
		if err != nil {
			return &Error{Stage: StageRead, Code: "btf_datasec", Section: r.sec.Name, Err: err}
		}
		for _, v := range vars {
			if err := r.variable(v); err != nil {
				return err
			}
		}
	}
	sort.SliceStable(r.defs, func(a, b int) bool { return r.defs[a].Offset < r.defs[b].Offset })
	return nil
}

func (r *structOpsReader) variable(v rawbtf.Variable) error {
	off, hidden := uint64(v.Offset), false
	sym, err := r.ix.Find(r.sec.Name, v)
	switch {
	case err != nil:
		return r.fail("struct_ops_symbol", v.Name, mapdef.Offset{}, "%w", err)
	case sym != nil && !sym.In(r.sec.Index):
		return nil // in another section of the same name
	case sym != nil:
		off, hidden = sym.Value, sym.Hidden()
	}
	at := mapdef.At(off)
	ty, err := r.f.BTF.Strip(v.Type)
	switch {
	case err != nil:
		return r.fail("struct_ops_type", v.Name, at, "its type: %w", err)
	case ty.Kind != rawbtf.Struct:
		return r.fail("struct_ops_type", v.Name, at, "its type %s is not a struct", r.f.BTF.CName(v.Type))
	case ty.Name() == "":
		return r.fail("struct_ops_type", v.Name, at, "its struct has no name, by which the kernel's would be found")
	}
	size := uint64(ty.Size())
	data, ok := mapdef.Span(r.sec.Data, off, size)
	if !ok {
		return r.fail("struct_ops_range", v.Name, at, "its %d bytes are outside the section of %d bytes", size, r.sec.Size)
	}
	r.defs = append(r.defs, mapdef.Def{
		Name: v.Name, Section: r.sec.Name, SectionIndex: r.sec.Index, Offset: off, Size: size,
		Static: hidden || v.Linkage == rawbtf.LinkStatic, Dialect: mapdef.DialectStructOps, Evidence: "BTF DATASEC " + r.sec.Name,
		Type: mapTypeStructOps, KeySize: 4, ValueSize: uint32(size), MaxEntries: 1, InnerMap: mapdef.NoMap,
		StructOps: &mapdef.StructOps{Type: ty.ID, TypeName: essentialName(ty.Name()), Data: data},
	})
	return nil
}

// relocations finds the owner of every pointer in the section.
func (r *structOpsReader) relocations() error {
	for _, rel := range r.f.Relocs[r.sec.Index] {
		i := sort.Search(len(r.defs), func(i int) bool { return r.defs[i].Offset > rel.Offset }) - 1
		if i < 0 || rel.Offset-r.defs[i].Offset >= r.defs[i].Size {
			return r.fail("reloc_owner", "", mapdef.At(rel.Offset), "relocation lies in no variable")
		}
		if err := r.member(&r.defs[i], rel); err != nil {
			return err
		}
	}
	return nil
}

// member sets the member that the relocation patches to a program.
func (r *structOpsReader) member(def *mapdef.Def, rel mapdef.Reloc) error {
	at, off := mapdef.At(rel.Offset), rel.Offset-def.Offset
	if !rel.SetsPointer() {
		return r.fail("reloc_type", def.Name, at, "relocation type %d does not set a pointer", rel.Type)
	}
	ty := r.f.BTF.Type(def.StructOps.Type)
	index, ok := r.memberAt(ty, off)
	if !ok {
		return r.fail("reloc_misaligned", def.Name, at, "no member of struct %s begins %d bytes into it", ty.Name(), off)
	}
	m := ty.Member(index)
	if !isFunctionPointer(r.f.BTF, m.Type) {
		return r.fail("reloc_owner", def.Name, at, "a pointer initialises member %q, which is not a pointer to a function", m.Name())
	}
	if done := def.StructOps.Programs; len(done) > 0 && done[len(done)-1].Offset == off {
		return r.fail("reloc_twice", def.Name, at, "two relocations set member %q", m.Name())
	}
	program, err := r.program(rel)
	if err != nil {
		return r.fail("struct_ops_program", def.Name, at, "member %q: %w", m.Name(), err)
	}
	def.StructOps.Programs = append(def.StructOps.Programs, mapdef.StructOpsProgram{Member: index, Name: m.Name(), Offset: off, Program: program})
	return nil
}

// memberAt is the member that begins exactly off bytes into the struct.
func (r *structOpsReader) memberAt(ty rawbtf.Type, off uint64) (int, bool) {
	at := r.members[ty.ID]
	if at == nil {
		at = make(map[uint64]int, ty.Vlen)
		for i := ty.Vlen - 1; i >= 0; i-- { // of several the first
			if m := ty.Member(i); m.BitSize == 0 && m.BitOffset%8 == 0 {
				at[uint64(m.BitOffset)/8] = i
			}
		}
		r.members[ty.ID] = at
	}
	i, ok := at[off]
	return i, ok
}

func isFunctionPointer(t *rawbtf.Table, id rawbtf.ID) bool {
	p, err := t.Strip(id)
	if err != nil || p.Kind != rawbtf.Ptr {
		return false
	}
	to, err := t.Strip(p.Ref())
	return err == nil && to.Kind == rawbtf.FuncProto
}

// program is the program that the relocation points to: symbol plus addend,
// which stands at the patched place where the entry has none.
func (r *structOpsReader) program(rel mapdef.Reloc) (int, error) {
	sym := &r.f.Symbols[rel.Symbol]
	if sym.Section == elf.SHN_UNDEF || sym.Section >= elf.SHN_LORESERVE {
		return 0, fmt.Errorf("%q is not defined in this object", sym.Name)
	}
	off := sym.Value
	if rel.HasAddend {
		off += uint64(rel.Addend)
	} else {
		b, ok := mapdef.Span(r.sec.Data, rel.Offset, mapdef.PointerSize)
		if !ok {
			return 0, errors.New("the pointer is outside the section's bytes")
		}
		off = rel.PointerBase(sym) + r.f.Order.Uint64(b)
	}
	if i, ok := r.set.ProgramAt(int(sym.Section), off); ok {
		return i, nil
	}
	name := sym.Name
	if name == "" {
		name = r.f.Sections[sym.Section].Name
	}
	return 0, fmt.Errorf("%q is not a program: static functions and those in .text are none", name)
}
