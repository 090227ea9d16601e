package elfload_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/bpfload/bpfload/elfload"
	"github.com/bpfload/bpfload/internal/kerneltest"
	"github.com/bpfload/bpfload/internal/mapdef"
)

// compilers are those of the installed compilers that the printed C is for. Without any
// the test is skipped, unless nothing may be.
func compilers(t *testing.T) []string {
	t.Helper()
	var found []string
	for _, c := range []string{"clang-19", "clang-14", "clang"} {
		if _, err := exec.LookPath(c); err == nil && (c != "clang" || len(found) == 0) {
			found = append(found, c)
		}
	}
	if len(found) == 0 {
		if os.Getenv(kerneltest.RequireEnv) == "1" {
			t.Fatalf("%s=1 forbids skipping: there is no clang", kerneltest.RequireEnv)
		}
		t.Skip("there is no clang to compile the printed C with")
	}
	return found
}

// compile makes an object, its programs being stubs.
func compile(t *testing.T, cc, target, text string, flags ...string) string {
	t.Helper()
	out := filepath.Join(t.TempDir(), "converted.o")
	args := []string{"-target", target, "-g", "-O2", "-Wall", "-Wextra", "-Wno-unused-parameter", "-Werror", "-x", "c", "-c", "-", "-o", out}
	cmd := exec.Command(cc, append(args, flags...)...)
	cmd.Stdin = strings.NewReader(text)
	if msg, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s\n%s", cc, err, msg, text)
	}
	return out
}

// converted is what Convert prints of an object, and its warnings.
func converted(t *testing.T, obj *elfload.Object, opts elfload.ConvertOptions) (string, []elfload.Warning) {
	t.Helper()
	var b bytes.Buffer
	warns, err := obj.Convert(&b, opts)
	if err != nil {
		t.Fatal(err)
	}
	return b.String(), warns
}

// convertRow says how an object has to be read to be converted.
type convertRow struct {
	dialect string
	relaxed bool
	inner   []elfload.InnerMap
	maps    []elfload.MapOverride
}

// convertRows are those that need to be told something.
var convertRows = map[string]convertRow{
	"legacy_katran":        {dialect: "katran", inner: []elfload.InnerMap{{Outer: "vips", Inner: "prototype"}}},
	"legacy_falco":         {maps: []elfload.MapOverride{{Map: "frame_scratch_map", Field: "max_entries", Value: "7"}}},
	"legacy_err_ambiguous": {dialect: "aya"},
	"legacy_err_aws_or":    {dialect: "aws"},
	"legacy_err_forward":   {relaxed: true},
}

// convertible opens what has legacy definitions that can be read.
func convertible(t *testing.T, path string) (*elfload.Object, convertRow) {
	t.Helper()
	name, _, _ := strings.Cut(filepath.Base(path), ".")
	row := convertRows[name]
	obj, err := elfload.ReadOptions{Dialect: row.dialect, Relaxed: row.relaxed}.Open(path)
	if err != nil {
		if !strings.HasPrefix(name, "legacy_err_") {
			t.Fatalf("cannot be read: %v", err)
		}
		return nil, row
	}
	return obj, row
}

// The printed C compiles alone, and the object that it makes has the same plan: for every
// dialect, with every compiler.
func TestConvertedPlans(t *testing.T) {
	ccs := compilers(t)
	paths := slices.DeleteFunc(fixtures(t), func(path string) bool {
		name := filepath.Base(path)
		return !strings.HasPrefix(name, "legacy_") && !strings.HasPrefix(name, "convert_")
	})
	if len(paths) < 100 {
		t.Errorf("only %d objects", len(paths))
	}
	for _, path := range paths {
		name := filepath.Base(path)
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			obj, row := convertible(t, path)
			if obj == nil {
				return
			}
			text, _ := converted(t, obj, elfload.ConvertOptions{Maps: row.maps, Inner: row.inner})
			want := describe(t, obj, elfload.Options{Maps: row.maps, Inner: row.inner})
			if strings.Contains(text, "holds no legacy definitions") {
				if slices.ContainsFunc(obj.Maps, func(d elfload.MapDef) bool { return isLegacy(&d) }) {
					t.Errorf("legacy definitions are not printed: %s", text)
				}
				return
			}
			target := map[string]string{"little": "bpfel", "big": "bpfeb"}[obj.ByteOrder()]
			for i, cc := range ccs {
				if i > 0 && strings.Count(name, ".") > 1 {
					continue // NAME.eb.o and the like print what NAME.o does
				}
				again, err := elfload.Open(compile(t, cc, target, text, "-DBPFLOAD_STUBS"))
				if err != nil {
					t.Fatalf("%s: %v\n%s", cc, err, text)
				}
				if got := describe(t, again, elfload.Options{}); !slices.Equal(got, want) {
					t.Errorf("%s: plans differ\ngot  %s\nwant %s\n%s", cc, strings.Join(got, "\n     "), strings.Join(want, "\n     "), text)
					continue
				}
				compareTypes(t, obj, again)
			}
		})
	}
}

// describe tells of each map that Convert prints, or has printed, what the plan says.
func describe(t *testing.T, obj *elfload.Object, opts elfload.Options) []string {
	t.Helper()
	opts.MapsOnly, opts.PageSize = true, 4096
	plan, err := obj.Plan(opts)
	if err != nil {
		t.Fatal(err)
	}
	legacy := slices.ContainsFunc(plan.Maps, func(m elfload.PlannedMap) bool { return isLegacy(&m.MapDef) })
	var all []string
	for i := range plan.Maps {
		m := &plan.Maps[i]
		if m.Internal || legacy && !isLegacy(&m.MapDef) {
			continue
		}
		line := fmt.Sprintf("%s kernel_name=%s %s by_name=%v", m.Name, m.KernelName, attributes(obj, &m.MapDef, m.PerCPUEntries), m.Pinning == mapdef.PinByName)
		switch {
		case m.Inner != nil:
			line += " inner: " + attributes(obj, m.Inner, m.InnerPerCPUEntries)
		case m.InnerMap != mapdef.NoMap:
			in := &plan.Maps[m.InnerMap]
			line += " inner: " + attributes(obj, &in.MapDef, in.PerCPUEntries)
		}
		for _, s := range m.Slots {
			target := "program"
			if s.Target.Kind == mapdef.TargetMap {
				target = "map " + plan.Maps[s.Target.Index].Name
			} else {
				target += " " + plan.Programs[s.Target.Index].Name
			}
			line += fmt.Sprintf(" [%d]=%s", s.Index, target)
		}
		all = append(all, line)
	}
	return all
}

func isLegacy(m *elfload.MapDef) bool { return m.Legacy() }

func attributes(obj *elfload.Object, d *elfload.MapDef, perCPU bool) string {
	numa := "none"
	if d.Flags&4 != 0 {
		numa = fmt.Sprint(d.NumaNode)
	}
	return fmt.Sprintf("type=%d key=%d:%s value=%d:%s entries=%d:%v flags=%#x extra=%#x numa=%s", d.Type, d.KeySize, obj.TypeName(d.KeyType),
		d.ValueSize, obj.TypeName(d.ValueType), d.MaxEntries, perCPU, d.Flags, d.Extra, numa)
}

// The text is the same every time.
func TestConvertIsDeterministic(t *testing.T) {
	for _, path := range fixtures(t) {
		obj, err := elfload.Open(path)
		if err != nil {
			continue
		}
		first, warns := converted(t, obj, elfload.ConvertOptions{})
		for range 5 {
			again, err := elfload.Open(path)
			if err != nil {
				t.Fatal(err)
			}
			text, others := converted(t, again, elfload.ConvertOptions{})
			if text != first || !slices.Equal(warns, others) {
				t.Fatalf("%s: two conversions differ:\n%s\n%s", path, first, text)
			}
		}
	}
}

// goldenConversions are texts to be read by people.
var goldenConversions = []string{"legacy_iproute2", "legacy_samples", "convert_types", "convert_order", "convert_names"}

func TestGoldenConversions(t *testing.T) {
	for _, name := range goldenConversions {
		t.Run(name, func(t *testing.T) {
			obj, err := elfload.Open(filepath.Join(objects, name+".o"))
			if err != nil {
				t.Fatal(err)
			}
			text, _ := converted(t, obj, elfload.ConvertOptions{})
			golden := filepath.Join("testdata", "convert", name+".c")
			if *update {
				if err := os.WriteFile(golden, []byte(text), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatalf("%v; this is what it would hold:\n%s", err, text)
			}
			if text != string(want) {
				t.Errorf("%s is not what it was:\n%s", golden, text)
			}
		})
	}
}

func TestConvertNothing(t *testing.T) {
	obj, err := elfload.Open(filepath.Join(objects, "order.o"))
	if err != nil {
		t.Fatal(err)
	}
	text, warns := converted(t, obj, elfload.ConvertOptions{})
	if text != "/* order.o holds no legacy definitions. */\n" {
		t.Errorf("prints %q", text)
	}
	if n := len(warns); n == 0 || warns[n-1].Code != "no_legacy_maps" {
		t.Errorf("warnings are %+v", warns)
	}
}

func TestConvertInnerOption(t *testing.T) {
	obj, err := elfload.Open(filepath.Join(objects, "legacy_samples.o"))
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		outer, inner, want string
	}{
		{"none", "inner", "no map of maps has this name"}, {"inner", "pad0", "no map of maps has this name"},
		{"outer", "none", "can be an inner map"}, {"outer", "outer", "can be an inner map"},
	} {
		var b bytes.Buffer
		_, err := obj.Convert(&b, elfload.ConvertOptions{Inner: []elfload.InnerMap{{Outer: row.outer, Inner: row.inner}}})
		if !errors.Is(err, elfload.ErrUsage) || !strings.Contains(err.Error(), row.want) || b.Len() != 0 {
			t.Errorf("%s=%s: %v, %q", row.outer, row.inner, err, b.String())
		}
	}
	text, _ := converted(t, obj, elfload.ConvertOptions{Inner: []elfload.InnerMap{{Outer: "outer", Inner: "pad0"}}})
	if !strings.Contains(text, "__array(values, struct pad0_map);") {
		t.Errorf("L43 outer has another template:\n%s", text)
	}
}

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, os.ErrClosed }

func TestConvertToBrokenWriter(t *testing.T) {
	for _, name := range []string{"legacy_samples.o", "order.o"} {
		obj, err := elfload.Open(filepath.Join(objects, name))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := obj.Convert(brokenWriter{}, elfload.ConvertOptions{}); !errors.Is(err, os.ErrClosed) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
