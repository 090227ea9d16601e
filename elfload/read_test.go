package elfload_test

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bpfload/bpfload/elfload"
	"github.com/bpfload/bpfload/internal/elftest"
)

// minimal is an object with one program.
func minimal(order binary.ByteOrder) *elftest.Object {
	return &elftest.Object{Order: order,
		Sections: []elftest.Section{elftest.Exec("socket", elftest.Mov(order, 0, 0), elftest.Exit(order))},
		Symbols:  []elftest.Symbol{elftest.Func("prog", "socket", 0, 16)}}
}

func TestReadAccepts(t *testing.T) {
	for _, c := range []struct {
		name string
		with func(*elftest.Object)
	}{
		{"R9 EM_BPF", func(*elftest.Object) {}},
		{"R9, L1 EM_NONE", func(o *elftest.Object) { o.Machine = elftest.MachineNone }},
		{"R29 a broken .BTF that nothing needs", func(o *elftest.Object) {
			o.Sections = append(o.Sections, elftest.Section{Name: ".BTF", Data: []byte("no BTF at all, really")})
		}},
		{"D12 a broken .BTF.ext", func(o *elftest.Object) {
			b := elftest.NewBTF(o.Order)
			b.Int("int", 4, elftest.Signed)
			o.Sections = append(o.Sections, b.Section(), elftest.Section{Name: ".BTF.ext", Data: []byte{1, 2, 3}})
		}},
		{"R13 compressed debug sections", func(o *elftest.Object) {
			o.Sections = append(o.Sections, elftest.Section{Name: ".debug_info", Flags: elf.SHF_COMPRESSED, Data: make([]byte, 30)})
		}},
	} {
		for _, order := range elftest.Orders() {
			t.Run(c.name+" "+order.String(), func(t *testing.T) {
				o := minimal(order)
				c.with(o)
				obj, err := elfload.Read(o.Bytes(), elfload.ReadOptions{})
				if err != nil {
					t.Fatal(err)
				}
				if len(obj.Programs) != 1 || obj.Programs[0].Name != "prog" {
					t.Errorf("programs %+v", obj.Programs)
				}
			})
		}
	}
}

func TestReadRefuses(t *testing.T) {
	for _, c := range []struct {
		name, code string
		with       func(*elftest.Object)
	}{
		{"R9 an executable", "elf_type", func(o *elftest.Object) { o.Type = elf.ET_EXEC }},
		{"R9 another machine", "elf_machine", func(o *elftest.Object) { o.Machine = elf.EM_X86_64 }},
		{"R11 a relocation of no symbol", "reloc_symbol", func(o *elftest.Object) {
			o.Sections[0].Relocs = []elftest.Reloc{{Sym: 999}}
		}},
		{"a symbol in no section", "symtab", func(o *elftest.Object) {
			o.Symbols = append(o.Symbols, elftest.Symbol{Name: "lost", Index: 900, Bind: elf.STB_GLOBAL})
		}},
		{"a compressed section", "compressed", func(o *elftest.Object) {
			o.Sections = append(o.Sections, elftest.Section{Name: ".BTF", Flags: elf.SHF_COMPRESSED, Data: make([]byte, 30)})
		}},
		{"L26 a version of 3 bytes", "version_size", func(o *elftest.Object) {
			o.Sections = append(o.Sections, elftest.Data("version", []byte{1, 2, 3}))
		}},
		{"R10 two symbol tables", "symtab", func(o *elftest.Object) {
			o.Sections = append(o.Sections, elftest.Section{Name: ".symtab2", Type: elf.SHT_SYMTAB, Link: 2, Data: make([]byte, 24)})
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := minimal(binary.LittleEndian)
			c.with(o)
			obj, err := elfload.Read(o.Bytes(), elfload.ReadOptions{})
			var e *elfload.Error
			if !errors.As(err, &e) || obj != nil {
				t.Fatalf("object %v, error %v", obj, err)
			}
			if e.Code != c.code || e.Stage != elfload.StageRead || !errors.Is(err, elfload.ErrBadObject) {
				t.Errorf("%s %s: %v; want code %s", e.Stage, e.Code, err, c.code)
			}
		})
	}
}

// A file that is cut off anywhere gives an error or an object, and never both.
func TestTruncated(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join(objects, "order.o"))
	if err != nil {
		t.Fatal(err)
	}
	refused := 0
	for n := 0; n < len(raw); n += 7 {
		obj, err := elfload.Read(raw[:n:n], elfload.ReadOptions{})
		if (obj == nil) == (err == nil) {
			t.Fatalf("%d bytes: object %v, error %v", n, obj, err)
		}
		if err != nil {
			refused++
		}
	}
	if refused < len(raw)/7-1 {
		t.Errorf("only %d of %d cut files were refused", refused, len(raw)/7)
	}
}

func TestOpenErrors(t *testing.T) {
	text := filepath.Join(t.TempDir(), "text.o")
	if err := os.WriteFile(text, []byte("int main;"), 0o600); err != nil {
		t.Fatal(err)
	}
	for path, kind := range map[string]error{"no/such/file.o": elfload.ErrUsage, t.TempDir(): elfload.ErrUsage, text: elfload.ErrBadObject} {
		if _, err := elfload.Open(path); !errors.Is(err, kind) {
			t.Errorf("%s: %v, want %v", path, err, kind)
		}
	}
}

// The license ends at the first NUL (L26); the version is a number in the file's order.
func TestLicenseAndVersion(t *testing.T) {
	for _, order := range elftest.Orders() {
		o := minimal(order)
		version := make([]byte, 4)
		order.PutUint32(version, 0x60100)
		o.Sections = append(o.Sections, elftest.Data("license", []byte("Dual MIT/GPL\x00rest")), elftest.Data("version", version))
		obj, err := elfload.Read(o.Bytes(), elfload.ReadOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if obj.License != "Dual MIT/GPL" || !obj.HasVersion || obj.Version != 0x60100 {
			t.Errorf("%v: license %q, version %#x", order, obj.License, obj.Version)
		}
		if want := map[string]string{"LittleEndian": "little", "BigEndian": "big"}[order.String()]; obj.ByteOrder() != want {
			t.Errorf("byte order %q, want %q", obj.ByteOrder(), want)
		}
	}
}

// Whatever the bytes are, reading and planning end with a value or an error,
// the same every time.
func FuzzRead(f *testing.F) {
	for _, raw := range seedObjects(f) {
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		slow := time.AfterFunc(hang, func() { panic("reading hangs") })
		defer slow.Stop()
		first := readAndPlan(t, raw)
		if again := readAndPlan(t, raw); again != first {
			t.Fatalf("two readings differ:\n%s\n%s", first, again)
		}
	})
}

// seedObjects are the fixtures, less a few that are long and show nothing more.
func seedObjects(f *testing.F) (all [][]byte) {
	for _, path := range fixtures(f) {
		raw, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		if len(raw) < 12<<10 {
			all = append(all, raw)
		}
	}
	return all
}

// hang is how long reading 8 KiB may take on the slowest and busiest machine.
const hang = 2 * time.Minute

func readAndPlan(t *testing.T, raw []byte) string {
	obj, err := elfload.Read(raw, elfload.ReadOptions{})
	if (obj == nil) == (err == nil) {
		t.Fatalf("object %v and error %v", obj, err)
	}
	if err != nil {
		return err.Error()
	}
	for _, g := range obj.Globals() {
		obj.GlobalText(g)
	}
	plan, err := obj.Plan(elfload.Options{PageSize: 4096})
	if (plan == nil) == (err == nil) {
		t.Fatalf("plan %v and error %v", plan, err)
	}
	if err != nil {
		return err.Error()
	}
	var b bytes.Buffer
	if err := plan.WriteText(&b); err != nil {
		t.Fatal(err)
	}
	if strings.ContainsAny(b.String(), "\x1b\x00\x07") {
		t.Fatalf("the plan holds raw control characters: %q", b.String())
	}
	return b.String()
}
