package elfload_test

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/cilium/ebpf"

	"github.com/bpfload/bpfload/elfload"
)

// difference is one statement on which bpfload and cilium/ebpf disagree about an
// object. Map and field are empty where one of them refuses the object.
type difference struct {
	file, mapName, field string
	ours, theirs         string
	def                  *elfload.MapDef // nil where bpfload has no such map
}

func (d difference) String() string {
	return fmt.Sprintf("%s: map %q: %s: bpfload %s, cilium/ebpf %s", d.file, d.mapName, d.field, d.ours, d.theirs)
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
func differences(t *testing.T, name string, raw []byte) []difference {
	t.Helper()
	ours, err := elfload.Read(raw, elfload.ReadOptions{Name: "object"})
	theirs, theirErr := ebpf.LoadCollectionSpecFromReader(bytes.NewReader(raw))
	if (err == nil) != (theirErr == nil) {
		return []difference{{file: name, field: "object", ours: verdict(err), theirs: verdict(theirErr)}}
	}
	if err != nil {
		return nil
	}
	var diffs []difference
	seen := make(map[string]bool)
	for i := range ours.Maps {
		def := &ours.Maps[i]
		key := def.Name
		if def.Internal {
			key = def.Section
		}
		seen[key] = true
		spec := theirs.Maps[key]
		if spec == nil {
			diffs = append(diffs, difference{name, key, "presence", "present", "absent", def})
			continue
		}
		for _, d := range compareMap(ours, def, spec) {
			d.file, d.mapName, d.def = name, key, def
			diffs = append(diffs, d)
		}
	}
	var missing []string
	for key := range theirs.Maps {
		if !seen[key] {
			missing = append(missing, key)
		}
	}
	slices.Sort(missing)
	for _, key := range missing {
		diffs = append(diffs, difference{name, key, "presence", "absent", "present", nil})
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
	if def.Internal {
		if len(bytes.Trim(def.Contents, "\x00")) == 0 {
			return "zeros"
		}
		return fmt.Sprintf("%x", def.Contents)
	}
	var words []string
	for _, s := range def.Slots {
		name := o.Maps
		target := ""
		if s.Target.Kind.String() == "map" {
			target = name[s.Target.Index].Name
		} else {
			target = o.Programs[s.Target.Index].Name
		}
		words = append(words, fmt.Sprintf("%d=%s", s.Index, target))
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

func TestDifferential(t *testing.T) {
	dir, paths := ciliumObjects(t)
	for _, path := range paths {
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		name, _ := filepath.Rel(dir, path)
		for _, d := range differences(t, name, raw) {
			t.Error(d)
		}
	}
}
