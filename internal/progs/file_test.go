package progs

import (
	"debug/elf"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cilium/ebpf"

	"github.com/bpfload/bpfload/internal/mapdef"
	"github.com/bpfload/bpfload/internal/rawbtf"
)

// readObject makes a File of a sound object; the product's reader is elfload's.
func readObject(t testing.TB, path string) *mapdef.File {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	ef, err := elf.NewFile(strings.NewReader(string(raw)))
	if err != nil {
		t.Fatal(path, err)
	}
	f := &mapdef.File{Order: ef.ByteOrder, Raw: raw, Relocs: make([][]mapdef.Reloc, len(ef.Sections)), Symbols: make([]mapdef.Symbol, 1)}
	for i, s := range ef.Sections {
		sec := mapdef.Section{Index: i, Name: s.Name, Type: s.Type, Flags: s.Flags, Link: s.Link, Info: s.Info, Size: s.Size}
		if s.Type != elf.SHT_NOBITS && s.Type != elf.SHT_NULL {
			sec.Data = raw[s.Offset : s.Offset+s.FileSize]
		}
		f.Sections = append(f.Sections, sec)
	}
	syms, err := ef.Symbols()
	if err != nil {
		t.Fatal(path, err)
	}
	for i, s := range syms {
		f.Symbols = append(f.Symbols, mapdef.Symbol{Index: i + 1, Name: s.Name, Value: s.Value, Size: s.Size,
			Bind: elf.ST_BIND(s.Info), Type: elf.ST_TYPE(s.Info), Vis: elf.ST_VISIBILITY(s.Other), Section: s.Section})
	}
	for i, s := range f.Sections {
		for b := s.Data; s.Type == elf.SHT_REL && len(b) > 0; b = b[16:] {
			info := f.Order.Uint64(b[8:])
			f.Relocs[s.Info] = append(f.Relocs[s.Info], mapdef.Reloc{Offset: f.Order.Uint64(b), Type: uint32(info), Symbol: int(info >> 32), Table: i})
		}
	}
	if s := f.SectionNamed(".BTF"); s != nil {
		if f.BTF, err = rawbtf.Parse(s.Data, f.Order); err != nil {
			t.Fatal(path, err)
		}
	}
	return f
}

// symbolRefs answers as the loader would: every variable of a map section is a
// map, every data section one more. Indices are symbol and section indices.
type symbolRefs struct{ f *mapdef.File }

func isMapSection(name string) bool {
	return name == ".maps" || name == "maps" || strings.HasPrefix(name, "maps/")
}

func (r symbolRefs) MapAt(section int, off uint64) (int, bool) {
	if !isMapSection(r.f.Sections[section].Name) {
		return 0, false
	}
	for i, s := range r.f.Symbols {
		if s.In(section) && s.Value == off && s.Type != elf.STT_SECTION {
			return i, true
		}
	}
	return 0, false
}

func (r symbolRefs) DataMap(section int) (int, bool) {
	name := r.f.Sections[section].Name
	for _, prefix := range []string{".data", ".rodata", ".bss"} {
		if name == prefix || strings.HasPrefix(name, prefix+".") {
			return 1000 + section, true
		}
	}
	return 0, false
}

// realObjects are our fixtures and cilium/ebpf's, which compilers from clang 14 on wrote.
func realObjects(t *testing.T) []string {
	t.Helper()
	paths, err := filepath.Glob("../../testdata/objs/*.o")
	if err != nil || len(paths) == 0 {
		t.Fatal("no fixtures", err)
	}
	dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/cilium/ebpf").Output()
	if err != nil {
		t.Log("without the objects of cilium/ebpf:", err)
		return paths
	}
	more, err := filepath.Glob(filepath.Join(strings.TrimSpace(string(dir)), "testdata", "*.elf"))
	if err != nil {
		t.Fatal(err)
	}
	return append(paths, more...)
}

// newNames tells whether the fixture's section names are newer than cilium/ebpf's table.
func newNames(path string) bool {
	return strings.HasPrefix(filepath.Base(path), "prog_types_new.")
}

// TestRealObjects links every program of real objects and compares it with what
// cilium/ebpf makes of it: type, attach type and length. It appends functions in
// another order, and reads fewer objects.
func TestRealObjects(t *testing.T) {
	compared := 0
	for _, path := range realObjects(t) {
		t.Run(filepath.Base(path), func(t *testing.T) {
			f := readObject(t, path)
			s, err := Parse(f)
			if err != nil {
				t.Fatal(err)
			}
			theirs, err := ebpf.LoadCollectionSpec(path)
			if err != nil {
				theirs = &ebpf.CollectionSpec{}
			}
			for i := range s.Programs {
				p := &s.Programs[i]
				code, err := s.Link(i, symbolRefs{f})
				if err != nil {
					var e *mapdef.Error
					if !errors.As(err, &e) || e.Code != "reloc_target" { // maps and data that symbolRefs does not know
						t.Error(p.Name, err)
					}
					continue
				}
				checkLinked(t, code)
				if len(s.callbacks()[p.Name]) > 0 {
					continue // cilium/ebpf leaves the exception callback out
				}
				// The names of libbpf 1.8 give no type there (TestSectionNames has them).
				if spec := theirs.Programs[p.Name]; spec != nil && (spec.Type != ebpf.UnspecifiedProgram || p.Type == 0 || !newNames(path)) {
					compareProgram(t, p, code, spec)
					compared++
				}
			}
		})
	}
	if compared < 100 {
		t.Errorf("only %d programs could be compared", compared)
	}
}

func compareProgram(t *testing.T, p *Program, c *Code, spec *ebpf.ProgramSpec) {
	t.Helper()
	slots := 0
	for _, ins := range spec.Instructions {
		slots += int(ins.Size() / InsnSize)
	}
	if slots != c.Len() {
		t.Errorf("%s has %d instructions, cilium/ebpf links %d", p.Name, c.Len(), slots)
	}
	if p.Legacy {
		return // names that cilium/ebpf does not know
	}
	sameTarget := p.AttachTo == spec.AttachTo || spec.AttachTo == "" || spec.Type == ebpf.StructOps // where it names the member, too
	if p.Type != uint32(spec.Type) || p.AttachType != uint32(spec.AttachType) || !sameTarget {
		t.Errorf("%s in %q is %+v, cilium/ebpf has %v, %v, %q", p.Name, p.Section, p.SectionType, spec.Type, spec.AttachType, spec.AttachTo)
	}
}

// checkLinked checks what must hold of any linked code.
func checkLinked(t *testing.T, c *Code) {
	t.Helper()
	starts := make(map[int]bool)
	next := 0
	for _, part := range c.Parts {
		if part.FirstInsn != next {
			t.Errorf("part %q begins at %d instead of %d", part.Name, part.FirstInsn, next)
		}
		starts[next] = true
		next += part.Insns
	}
	if next != c.Len() {
		t.Errorf("parts have %d of %d instructions", next, c.Len())
	}
	p := insns{c.Insns, c.Order}
	externs := make(map[int]bool)
	for _, e := range c.Externs {
		externs[e.Insn] = true
	}
	for i := 0; i < p.len(); i++ {
		_, src := p.regs(i)
		call := p.op(i) == opCall && src == srcCall && !externs[i]
		if pointer := p.op(i) == opLdImm64 && src == srcFunc; (call || pointer) && !starts[i+1+int(p.imm(i))] {
			t.Errorf("instruction %d leads to %d, where no function begins", i, i+1+int(p.imm(i)))
		}
		if p.op(i) == opLdImm64 {
			i++
		}
	}
	for _, m := range c.Maps {
		if p.op(m.Insn) != opLdImm64 {
			t.Errorf("map reference on opcode %#x", p.op(m.Insn))
		}
	}
	if n := len(c.FuncInfo) / FuncInfoSize; n != 0 && n != len(c.Parts) {
		t.Errorf("%d func infos for %d functions", n, len(c.Parts))
	}
	last := int64(-1)
	for w := words(c.Order, c.LineInfo); len(w) > 0; w = w[4:] {
		if int64(w[0]) <= last || int(w[0]) >= c.Len() || p.op(int(w[0])) == 0 {
			t.Errorf("line info for instruction %d after %d", w[0], last)
		}
		last = int64(w[0])
	}
}
