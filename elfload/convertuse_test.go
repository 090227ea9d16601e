package elfload_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/bpfload/bpfload/elfload"
)

// convertedFixture opens a fixture and converts it.
func convertedFixture(t *testing.T, name string) (*elfload.Object, string, []elfload.Warning) {
	t.Helper()
	obj, row := convertible(t, filepath.Join(objects, name))
	if obj == nil {
		t.Fatalf("%s cannot be read", name)
	}
	text, warns := converted(t, obj, elfload.ConvertOptions{Maps: row.maps, Inner: row.inner})
	return obj, text, warns
}

// The text in the place of the definitions, before programs that use the maps in another
// order: R3 clang would order variables without initialisers by their first use.
func TestConvertedInSource(t *testing.T) {
	obj, text, _ := convertedFixture(t, "convert_order.o")
	source := "#include \"bpf_min.h\"\nstruct __sk_buff { u32 len; };\n" + text + `
SEC("tc") int goes_on(struct __sk_buff *skb)
{
	u32 key = 0;
	bpf_map_lookup_elem(&goes_on_map, &key);
	bpf_tail_call(skb, &other_jmp, 1);
	return skb->len;
}
SEC("tc") int ends(struct __sk_buff *skb) { return skb->len + 1; }
SEC("tc") int begins(struct __sk_buff *skb)
{
	u32 key = 0;
	bpf_map_lookup_elem(&second, &key);
	bpf_map_lookup_elem(&sixth, &key);
	bpf_map_lookup_elem(&hidden, &key);
	bpf_map_lookup_elem(&outer, &key);
	bpf_tail_call(skb, &jmp, 3);
	return 0;
}
`
	include, err := filepath.Abs(objects)
	if err != nil {
		t.Fatal(err)
	}
	want := describe(t, obj, elfload.Options{})
	for _, cc := range compilers(t) {
		again, err := elfload.Open(compile(t, cc, "bpfel", source, "-I"+include))
		if err != nil {
			t.Fatal(err)
		}
		if got := describe(t, again, elfload.Options{}); !slices.Equal(got, want) {
			t.Errorf("%s: plans differ\ngot  %s\nwant %s", cc, strings.Join(got, "\n     "), strings.Join(want, "\n     "))
		}
	}
}

// The text does not mind headers before it, and leaves out types on request.
func TestConvertedBehindHeaders(t *testing.T) {
	for _, cc := range compilers(t) {
		for _, name := range []string{"legacy_iproute2.o", "legacy_samples.o", "legacy_aya.o"} {
			obj, text, _ := convertedFixture(t, name)
			want := describe(t, obj, elfload.Options{})
			sources := []string{"typedef unsigned int u32;\ntypedef unsigned long long u64;\nstruct flow { u64 packets, bytes; };\n#define BPFLOAD_NO_TYPES\n" + text}
			if _, err := os.Stat("/usr/include/bpf/bpf_helpers.h"); err == nil {
				sources = append(sources, "#include <linux/types.h>\n#include <linux/bpf.h>\n#include <bpf/bpf_helpers.h>\n"+text)
			} else {
				t.Log("libbpf's headers are not installed")
			}
			for _, source := range sources {
				again, err := elfload.Open(compile(t, cc, "bpfel", source, "-DBPFLOAD_STUBS", "-I/usr/include/x86_64-linux-gnu", "-I/usr/include/aarch64-linux-gnu"))
				if err != nil {
					t.Fatal(err)
				}
				if got := describe(t, again, elfload.Options{}); !slices.Equal(got, want) {
					t.Errorf("%s %s: plans differ\ngot  %s\nwant %s", cc, name, strings.Join(got, "\n     "), strings.Join(want, "\n     "))
				}
			}
		}
	}
}

// The text compiles without stubs, too: programs in slots are declared.
func TestConvertedWithoutStubs(t *testing.T) {
	_, text, _ := convertedFixture(t, "legacy_iproute2.o")
	for _, cc := range compilers(t) {
		compile(t, cc, "bpfel", text)
	}
}

// What a definition cannot say is a warning with its map, and a comment above it.
func TestConvertWarnings(t *testing.T) {
	for _, row := range []struct {
		file string
		want []string // map, code
	}{
		{"legacy_alias.o", []string{"real convert_aliases"}},                                                                                                       // L8
		{"legacy_static.o", []string{"first convert_static", "second convert_static"}},                                                                             // L7
		{"legacy_android.o", []string{"stats convert_pinning", "stats convert_field", "common convert_pinning", "common convert_field", "counts convert_section"}}, // L93, L94
		{"legacy_gobpf.o", []string{"beta_sym convert_aliases", "beta_sym convert_pinning", "custom convert_pinning"}},                                             // L11, L72
		{"legacy_goebpf.o", []string{"template convert_pinning", "second convert_pinning"}},                                                                        // L86
		{"legacy_deepflow.o", []string{"__trace_map convert_field", "__progs_jmp_kp_map convert_field", "exits convert_section"}},                                  // L99
		{"legacy_cilium.o", []string{"cilium_calls convert_pinning", "cilium_calls convert_section", "cilium_policy convert_pinning",
			"cilium_policy convert_section", "cilium_lxc convert_pinning", "begins convert_section"}}, // L57, L61
		{"legacy_samples.o", []string{"jmp convert_section"}}, // L36
		{"convert_order.o", []string{"outer convert_order", "outer convert_order", "jmp convert_section", "hidden convert_static",
			"second convert_pinning", "other_jmp convert_aliases", "other_jmp convert_section"}},
		{"legacy_s28.o", nil}, {"legacy_aya.o", nil}, {"convert_types.o", nil},
	} {
		t.Run(row.file, func(t *testing.T) {
			_, text, warns := convertedFixture(t, row.file)
			var got []string
			for _, w := range warns {
				if !strings.HasPrefix(w.Code, "convert_") {
					continue
				}
				got = append(got, w.Map+w.Program+" "+w.Code)
				if !strings.Contains(text, strings.ToUpper(w.Message[:1])+w.Message[1:]+".") {
					t.Errorf("%q is no comment in\n%s", w.Message, text)
				}
			}
			if !slices.Equal(got, row.want) {
				t.Errorf("warns %q, want %q", got, row.want)
			}
		})
	}
}

// L17, L43: what the object leaves to its host is told until the caller says it.
func TestConvertLeftToTheHost(t *testing.T) {
	for _, row := range []struct {
		file, dialect, code string
		opts                elfload.ConvertOptions
		want                string
	}{
		{"legacy_falco.o", "", "convert_size", elfload.ConvertOptions{Maps: []elfload.MapOverride{{Map: "frame_scratch_map", Field: "max_entries", Value: "7"}}}, "__uint(max_entries, 7);"},
		{"legacy_katran.o", "katran", "convert_no_inner", elfload.ConvertOptions{Inner: []elfload.InnerMap{{Outer: "vips", Inner: "prototype"}}}, "__array(values, struct prototype_map);"},
	} {
		obj, err := elfload.ReadOptions{Dialect: row.dialect}.Open(filepath.Join(objects, row.file))
		if err != nil {
			t.Fatal(err)
		}
		has := func(w elfload.Warning) bool { return w.Code == row.code }
		if _, warns := converted(t, obj, elfload.ConvertOptions{}); !slices.ContainsFunc(warns, has) {
			t.Errorf("%s: no %s in %+v", row.file, row.code, warns)
		}
		text, warns := converted(t, obj, row.opts)
		if slices.ContainsFunc(warns, has) || !strings.Contains(text, row.want) {
			t.Errorf("%s: %+v\n%s", row.file, warns, text)
		}
	}
}

// T22: of an object with both kinds only the legacy definitions are printed.
func TestConvertBothKinds(t *testing.T) {
	for _, path := range fixtures(t) {
		obj, err := elfload.Open(path)
		if err != nil {
			continue
		}
		var btf []string
		legacy := false
		for i := range obj.Maps {
			if d := &obj.Maps[i]; isLegacy(d) {
				legacy = true
			} else if !d.Internal {
				btf = append(btf, d.Name)
			}
		}
		if !legacy || len(btf) == 0 {
			continue
		}
		text, _ := converted(t, obj, elfload.ConvertOptions{})
		if want := "BTF definitions already: " + strings.Join(btf, ","); !strings.Contains(text, want) {
			t.Errorf("%s: no %q in\n%s", path, want, text)
		}
		for _, name := range btf {
			if strings.Contains(text, " "+name+" SEC(") {
				t.Errorf("%s: %s is printed:\n%s", path, name, text)
			}
		}
		return
	}
	t.Error("no fixture has both kinds")
}

// FuzzConvert: whatever can be read can be converted, the same way twice, without a comment
// or string that ends early.
func FuzzConvert(f *testing.F) {
	for _, raw := range seedObjects(f) {
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		obj, err := elfload.Read(raw, elfload.ReadOptions{})
		if err != nil {
			return
		}
		text, _ := converted(t, obj, elfload.ConvertOptions{})
		if again, _ := converted(t, obj, elfload.ConvertOptions{}); again != text {
			t.Fatal("two conversions differ")
		}
		if strings.Count(text, "/*") != strings.Count(text, "*/") {
			t.Fatalf("comments are not closed:\n%s", text)
		}
		for i, b := range []byte(text) {
			if b < ' ' && b != '\n' && b != '\t' {
				t.Fatalf("byte %#x at %d:\n%s", b, i, text)
			}
		}
	})
}

// Convert leaves the object as it is.
func TestConvertKeepsTheObject(t *testing.T) {
	obj, err := elfload.Open(filepath.Join(objects, "legacy_samples.o"))
	if err != nil {
		t.Fatal(err)
	}
	before := fmt.Sprintf("%+v %+v", obj.Maps, obj.Warnings)
	var b bytes.Buffer
	if _, err := obj.Convert(&b, elfload.ConvertOptions{Inner: []elfload.InnerMap{{Outer: "outer", Inner: "pad0"}},
		Maps: []elfload.MapOverride{{Map: "numa", Field: "map_flags", Value: "0"}}}); err != nil {
		t.Fatal(err)
	}
	if after := fmt.Sprintf("%+v %+v", obj.Maps, obj.Warnings); after != before {
		t.Errorf("object changes from\n%s\nto\n%s", before, after)
	}
}
