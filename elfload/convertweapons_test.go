package elfload_test

import (
	"debug/elf"
	"strings"
	"testing"

	"github.com/bpfload/bpfload/elfload"
	"github.com/bpfload/bpfload/internal/elftest"
)

// Names that would end a comment, a string or a line of C, and some that are C's
// own: what is printed compiles, and has the maps and nothing else.
func TestConvertWeapons(t *testing.T) {
	cc := compilers(t)[0]
	for _, name := range []string{"*/ int evil; /*", "// \\", "\"); int evil; //", "\\", "new\nline", "#define int evil", "??/", "int", "main", "a:b/c", "__attribute__", "__asm", "__thread", "__func__", "_Float16",
		"__builtin_memcpy", "__builtin_x___2", "__sync_fetch_and_add", "__has_include", "__INT16_FMTd__", "__DATE__", "__GCC_x", "index", "NULL",
		"\xff\xfe", "\u202e", "SEC", "%s", "é", "trailing\\\n", strings.Repeat("long*/", 1<<12)} {
		o := elftest.Legacy(little, "maps", elftest.LegacyMap{Name: name, Words: []uint32{2, 4, 4, 1, 0}}, elftest.LegacyMap{Name: name + "*", Words: []uint32{1, 4, 8, 1, 0}})
		o.Sections = append(o.Sections, elftest.Data(".data."+name, []byte{1, 2, 3, 4}), elftest.Exec("xdp/"+name, elftest.Mov(little, elftest.R0, 2), elftest.Exit(little)))
		o.Sections[len(o.Sections)-2].Flags = elf.SHF_ALLOC | elf.SHF_WRITE
		o.Symbols = append(o.Symbols, elftest.Global("v"+name, ".data."+name, 0, 4), elftest.Func("p"+name, "xdp/"+name, 0, 16))
		obj, err := elfload.Read(o.Bytes(), elfload.ReadOptions{Name: name})
		if err != nil {
			t.Errorf("%.60q: %v", name, err)
			continue
		}
		text, _ := converted(t, obj, elfload.ConvertOptions{})
		path := compile(t, cc, "bpfel", text, "-DBPFLOAD_STUBS")
		back, err := elfload.Open(path)
		if err != nil {
			t.Errorf("%.60q: %v", name, err)
			continue
		}
		maps := 0
		for i := range back.Maps {
			if !back.Maps[i].Internal {
				maps++
			}
		}
		if maps != 2 || len(back.Programs) > 1 {
			t.Errorf("%.60q: %d maps, %d programs in\n%.3000s", name, maps, len(back.Programs), text)
		}
		for _, g := range back.Globals() {
			t.Errorf("%.60q: variable %q", name, g.Name)
		}
	}
}
