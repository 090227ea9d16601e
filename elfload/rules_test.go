package elfload

import (
	"context"
	"debug/elf"
	"strings"
	"testing"

	"github.com/bpfload/bpfload/internal/elftest"
)

// R4: the object's BTF, then all maps, then the programs, then the slots of
// program arrays. R7: a Plan loads as often as one likes, with the same calls.
func TestLoadOrder(t *testing.T) {
	obj, err := Open("../testdata/objs/tailcall.o")
	if err != nil {
		t.Fatal(err)
	}
	plan, err := obj.Plan(Options{Jobs: 1})
	if err != nil {
		t.Fatal(err)
	}
	var first []string
	for range 2 {
		r := newRecorder()
		c, err := plan.load(context.Background(), r)
		if err != nil {
			t.Fatal(err)
		}
		finished(t, r, c)
		if first == nil {
			first = r.calls
		} else if got := strings.Join(r.calls, "\n"); got != strings.Join(first, "\n") {
			t.Errorf("R7 the second load calls\n%s\nthe first\n%s", got, strings.Join(first, "\n"))
		}
	}
	at := 0
	for _, want := range []string{"btf_load", "map_create", "prog_load", "prog_load", "map_update"} {
		for ; at < len(first) && !strings.HasPrefix(first[at], want); at++ {
		}
		if at++; at > len(first) {
			t.Fatalf("R4 %s is not where it should be in\n%s", want, strings.Join(first, "\n"))
		}
	}
}

// R12: the fixtures are what llvm-strip -g leaves: symbols and BTF, no DWARF.
func TestFixturesAreStripped(t *testing.T) {
	obj, err := Open("../testdata/objs/order.o")
	if err != nil {
		t.Fatal(err)
	}
	symtab := false
	for _, s := range obj.file.Sections {
		if strings.HasPrefix(s.Name, ".debug") {
			t.Errorf("section %s is left", s.Name)
		}
		symtab = symtab || s.Type == elf.SHT_SYMTAB
	}
	if !symtab || obj.file.BTF == nil || len(obj.Maps) != 4 {
		t.Errorf("symbol table %v, BTF %v, %d maps", symtab, obj.file.BTF != nil, len(obj.Maps))
	}
}

// R50: a definition and a data section of one name are two maps, and the first
// in the list answers to it. R14: a section "maps" is not refused but read, even
// if nothing refers to it.
func TestOneNameTwice(t *testing.T) {
	m := elftest.NewMaps(nil)
	hashMap(m, ".data.x", 1)
	o := m.Object()
	o.Sections = append(o.Sections, elftest.Data(".data.x", []byte{1, 2, 3, 4}), elftest.Data("maps", []byte{2, 0, 0, 0, 4, 0, 0, 0, 8, 0, 0, 0, 1, 0, 0, 0}))
	o.Symbols = append(o.Symbols, elftest.Global("v", ".data.x", 0, 4), elftest.Global("old", "maps", 0, 16))
	obj, err := Read(o.Bytes(), ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for i := range obj.Maps {
		list = append(list, obj.Maps[i].Name+" "+obj.Maps[i].Dialect)
	}
	if got := strings.Join(list, ", "); got != "old libbpf, .data.x btf, .data.x data" {
		t.Errorf("maps are %s", got)
	}
	if i, ok := obj.MapIndex(".data.x"); !ok || i != 1 {
		t.Errorf("R50 the name is that of map %d, %v", i, ok)
	}
	if i, ok := obj.MapIndex("old"); !ok || i != 0 {
		t.Errorf("R14 the legacy map is %d, %v", i, ok)
	}
}
