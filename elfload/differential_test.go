package elfload_test

import (
	"bytes"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/cilium/ebpf"

	"github.com/bpfload/bpfload/elfload"
	"github.com/bpfload/bpfload/internal/mapdef"
)

// difference is one statement on which bpfload and cilium/ebpf disagree about a
// map or program, or about a whole object, which one of them refuses.
type difference struct {
	file, name, field string
	ours, theirs      string
	def               *elfload.MapDef // where bpfload has such a map
	spec              *ebpf.MapSpec   // where cilium/ebpf has
}

func (d difference) String() string {
	return fmt.Sprintf("%s: %q: %s: bpfload has %q, cilium/ebpf %q", d.file, d.name, d.field, d.ours, d.theirs)
}

// ciliumObjects lists the compiled objects in the source tree of cilium/ebpf as
// the module cache has it.
func ciliumObjects(t *testing.T) (dir string, paths []string) {
	t.Helper()
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/cilium/ebpf").Output()
	if err != nil {
		t.Fatalf("go list -m: %v", err)
	}
	dir = strings.TrimSpace(string(out))
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if ext := filepath.Ext(path); err == nil && d.Type().IsRegular() && (ext == ".elf" || ext == ".o") {
			paths = append(paths, path)
		}
		return err
	})
	if err != nil || len(paths) < 50 {
		t.Fatalf("%d objects in %q: %v", len(paths), dir, err)
	}
	return dir, paths
}

// differences compares one object.
func differences(name string, raw []byte) []difference {
	ours, err := elfload.Read(raw, elfload.ReadOptions{Name: "object"})
	theirs, theirErr := ebpf.LoadCollectionSpecFromReader(bytes.NewReader(raw))
	if err != nil || theirErr != nil {
		return []difference{{file: name, field: "object", ours: verdict(err), theirs: verdict(theirErr)}}
	}
	diffs := append(compareMaps(ours, theirs), comparePrograms(ours, theirs)...)
	for i := range diffs {
		diffs[i].file = name
	}
	return diffs
}

func compareMaps(ours *elfload.Object, theirs *ebpf.CollectionSpec) []difference {
	var diffs []difference
	seen := make(map[string]bool)
	for i := range ours.Maps {
		def := &ours.Maps[i]
		name := def.Name
		if def.Internal {
			name = def.Section // C11
		}
		seen[name] = true
		spec := theirs.Maps[name]
		if spec == nil {
			diffs = append(diffs, difference{name: name, field: "map", ours: "present", theirs: "absent", def: def})
			continue
		}
		for _, d := range compareMap(ours, def, spec) {
			d.name, d.def, d.spec = name, def, spec
			diffs = append(diffs, d)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(theirs.Maps)) {
		if !seen[name] {
			diffs = append(diffs, difference{name: name, field: "map", ours: "absent", theirs: "present", spec: theirs.Maps[name]})
		}
	}
	return diffs
}

func comparePrograms(ours *elfload.Object, theirs *ebpf.CollectionSpec) []difference {
	var diffs []difference
	seen := make(map[string]bool)
	for _, p := range ours.Programs {
		seen[p.Name] = true
		spec := theirs.Programs[p.Name]
		if spec == nil {
			diffs = append(diffs, difference{name: p.Name, field: "program", ours: "present", theirs: "absent"})
			continue
		}
		target := p.AttachTo // of socket/1 and the like it is only text
		if spec.AttachTo == "" && p.AttachBTF == 0 {
			target = ""
		}
		for _, f := range [...]struct{ name, ours, theirs string }{
			{"section", p.Section, spec.SectionName},
			{"program type", ebpf.ProgramType(p.Type).String(), spec.Type.String()},
			{"attach type", fmt.Sprint(p.AttachType), fmt.Sprint(uint32(spec.AttachType))},
			{"attach target", target, spec.AttachTo},
			{"license", ours.License, spec.License},
		} {
			if f.ours != f.theirs {
				diffs = append(diffs, difference{name: p.Name, field: f.name, ours: f.ours, theirs: f.theirs})
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(theirs.Programs)) {
		if !seen[name] {
			diffs = append(diffs, difference{name: name, field: "program", ours: "absent", theirs: "present"})
		}
	}
	return diffs
}

func verdict(err error) string {
	if err == nil {
		return "accepted"
	}
	text, _, _ := strings.Cut(err.Error(), "\n")
	return "refused: " + text
}

// compareMap gives the fields that differ, without the place.
func compareMap(o *elfload.Object, def *elfload.MapDef, spec *ebpf.MapSpec) []difference {
	diffs := compareFields("", def, spec)
	switch {
	case def.Inner != nil && spec.InnerMap != nil:
		diffs = append(diffs, compareFields("inner ", def.Inner, spec.InnerMap)...)
	case def.Inner != nil || spec.InnerMap != nil:
		diffs = append(diffs, difference{field: "inner map", ours: fmt.Sprint(def.Inner != nil), theirs: fmt.Sprint(spec.InnerMap != nil)})
	}
	ours, theirs := contents(o, def), specContents(def, spec)
	if ours != theirs {
		diffs = append(diffs, difference{field: "contents", ours: ours, theirs: theirs})
	}
	return diffs
}

func compareFields(prefix string, def *elfload.MapDef, spec *ebpf.MapSpec) []difference {
	var diffs []difference
	for _, f := range [...]struct {
		name         string
		ours, theirs uint64
	}{
		{"type", uint64(def.Type), uint64(spec.Type)},
		{"key size", uint64(def.KeySize), uint64(spec.KeySize)},
		{"value size", uint64(def.ValueSize), uint64(spec.ValueSize)},
		{"max entries", uint64(def.MaxEntries), uint64(spec.MaxEntries)},
		{"flags", uint64(def.Flags), uint64(spec.Flags)},
		{"map extra", def.Extra, spec.MapExtra},
		{"numa node", uint64(def.NumaNode), uint64(spec.NumaNode)},
		{"pinning", uint64(def.Pinning), uint64(spec.Pinning)},
	} {
		if f.ours != f.theirs {
			diffs = append(diffs, difference{field: prefix + f.name, ours: fmt.Sprint(f.ours), theirs: fmt.Sprint(f.theirs)})
		}
	}
	return diffs
}

// contents writes slots as "slot=name …" and data as hex digits.
func contents(o *elfload.Object, def *elfload.MapDef) string {
	if def.StructOps != nil {
		return fmt.Sprintf("%x", def.StructOps.Data)
	}
	if def.Internal {
		if len(bytes.Trim(def.Contents, "\x00")) == 0 {
			return "zeros"
		}
		return fmt.Sprintf("%x", def.Contents)
	}
	var words []string
	for _, s := range def.Slots {
		if s.Target.Kind == mapdef.TargetMap {
			words = append(words, fmt.Sprintf("%d=%s", s.Index, o.Maps[s.Target.Index].Name))
		} else {
			words = append(words, fmt.Sprintf("%d=%s", s.Index, o.Programs[s.Target.Index].Name))
		}
	}
	return strings.Join(words, " ")
}

func specContents(def *elfload.MapDef, spec *ebpf.MapSpec) string {
	var words []string
	for _, kv := range spec.Contents {
		if data, ok := kv.Value.([]byte); ok {
			if len(bytes.Trim(data, "\x00")) == 0 {
				return "zeros"
			}
			return fmt.Sprintf("%x", data)
		}
		words = append(words, fmt.Sprintf("%d=%s", kv.Key, kv.Value))
	}
	if def.Internal {
		return "zeros"
	}
	return strings.Join(words, " ")
}

// explanation is one rule of the specification that makes the two differ.
type explanation struct {
	rule, why string
	covers    func(d difference) bool
}

// explanations are all that are needed: an unexplained difference fails, and so
// does a row that explains none.
var explanations = [...]explanation{
	{"C14 R101", "the plan of a data map says whether it can be mapped, cilium/ebpf adds the flag while it loads", func(d difference) bool {
		return d.field == "flags" && d.def.Internal && d.def.Flags == d.spec.Flags|1<<10
	}},
	{"C46 R79", "perf event arrays without sizes get 4 and 4 at once, cilium/ebpf fills them in while it loads", func(d difference) bool {
		return d.spec != nil && d.spec.Type == ebpf.PerfEventArray && (d.field == "key size" || d.field == "value size") &&
			d.ours == "4" && d.theirs == "0"
	}},
	{"C56 R47", "the bytes of a definition are not looked at", func(d difference) bool {
		return d.field == "object" && d.ours == "accepted" && strings.Contains(d.theirs, "initializing BTF map definitions")
	}},
	{"L7 L20 C50", "static definitions load, by the addend to their section symbol", func(d difference) bool {
		return d.field == "object" && d.ours == "accepted" && strings.Contains(d.theirs, "static qualifier")
	}},
	{"L14 L56", "legacy fields after map_flags are read, cilium/ebpf keeps them as extra bytes", func(d difference) bool {
		return d.field == "pinning" && d.def.Section == "maps" && d.spec.Extra != nil && d.spec.Extra.Len() > 0
	}},
	{"C86 R106", "the configuration's map is one of the object's maps; cilium/ebpf makes one per program", func(d difference) bool {
		return d.field == "map" && d.name == ".kconfig" && d.theirs == "absent"
	}},
	{"C99 R126", "what a struct_ops program attaches to is known at load", func(d difference) bool {
		return d.field == "attach target" && d.theirs == "bpf_testmod_ops:"+d.ours
	}},
	{"R86", "a static function is no program in whatever section it stands; libbpf refuses it", func(d difference) bool {
		return d.field == "program" && d.name == "static_fn" && d.theirs == "present"
	}},
	{"C108", "a function that others call, in a section whose name gives no type, is no program; cilium/ebpf lists it and does not load it", func(d difference) bool {
		return d.field == "program" && d.name == "global_fn3" && d.theirs == "present"
	}},
}

// What bpfload and cilium/ebpf read of cilium/ebpf's own objects is the same, but
// for what a rule explains.
func TestDifferential(t *testing.T) {
	dir, paths := ciliumObjects(t)
	var used [len(explanations)]int
	for _, path := range paths {
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range differences(filepath.ToSlash(name), raw) {
			i := slices.IndexFunc(explanations[:], func(e explanation) bool { return e.covers(d) })
			if i < 0 {
				t.Errorf("no rule explains this: %s", d)
				continue
			}
			used[i]++
		}
	}
	for i, e := range explanations {
		if used[i] == 0 {
			t.Errorf("%s (%s) explains nothing any more; take the row out", e.rule, e.why)
		}
		t.Logf("%3d differences by %s: %s", used[i], e.rule, e.why)
	}
}
