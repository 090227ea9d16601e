package elfload_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/bpfload/bpfload/elfload"
	"github.com/bpfload/bpfload/internal/kerneltest"
)

// legacyLine is a definition or an annotation in a fixture's source: what a user
// deletes when the converted text takes its place.
var legacyLine = regexp.MustCompile(`(?m)^(static |const )*(struct \w+ SEC\("\.?maps[^"]*"\)|struct ____btf_map_|BPF_ANNOTATE_KV_PAIR\().*;$`)

// movedProgram is the note that a program's section has to change.
var movedProgram = regexp.MustCompile(`^program \S+ stands in section (.+), (?:which told its slot|which newer loaders do not know); now that is SEC\("([^"]+)"\)$`)

// rebuild makes the source that a user makes of a fixture's: converted definitions
// in the place of the legacy ones, and the sections that the notes tell.
func rebuild(t *testing.T, name, text string, warns []elfload.Warning) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(objects, name+".c"))
	if err != nil {
		t.Fatal(err)
	}
	source := legacyLine.ReplaceAllString(string(raw), "")
	for _, w := range warns {
		if m := movedProgram.FindStringSubmatch(w.Message); m != nil {
			source = strings.ReplaceAll(source, `SEC("`+m[1]+`")`, `SEC("`+m[2]+`")`)
		}
	}
	first := strings.Index(source, "\nSEC(") // the first program or function
	if static := strings.Index(source, "\nstatic NOINLINE"); static >= 0 && static < first {
		first = static
	}
	return source[:first] + "\n#define BPFLOAD_NO_TYPES\n" + text + source[first:]
}

// A legacy object that bpftool refuses is one that it takes, programs and all, once its
// source has the converted definitions; here both load, with the same maps and slots.
func TestConvertedRebuilt(t *testing.T) {
	kerneltest.Require(t)
	bpftool, err := exec.LookPath("bpftool")
	if err != nil {
		t.Skip("bpftool is not installed: there is nobody to ask")
	}
	cc := compilers(t)[0]
	include, err := filepath.Abs(objects)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"legacy_s16", "legacy_s20", "legacy_s24", "legacy_samples", "legacy_samples_s20", "legacy_kv",
		"legacy_subprog", "legacy_iproute2", "legacy_iproute2_45", "legacy_iproute2_41", "legacy_iproute2_slots", "legacy_calico",
		"legacy_gobpf", "legacy_goebpf", "legacy_redbpf", "legacy_aws", "legacy_cilium", "legacy_perf", "legacy_deepflow"} {
		t.Run(name, func(t *testing.T) {
			old := filepath.Join(objects, name+".o")
			obj, text, warns := convertedFixture(t, name+".o")
			object := compile(t, cc, "bpfel", rebuild(t, name, text, warns), "-I"+include, "-Wno-error=pragma-once-outside-header")
			dir := kerneltest.BPFFS(t)
			if err := loadByBpftool(bpftool, old, filepath.Join(dir, "legacy")); err == nil {
				t.Error("bpftool takes the legacy object: there is nothing to prove")
			}
			if err := loadByBpftool(bpftool, object, filepath.Join(dir, "rebuilt")); err != nil {
				t.Errorf("bpftool refuses the rebuilt object: %v", err)
			}
			again, err := elfload.Open(object)
			if err != nil {
				t.Fatal(err)
			}
			if got, want := describe(t, again, elfload.Options{}), describe(t, obj, elfload.Options{}); strings.Join(got, "\n") != strings.Join(want, "\n") {
				t.Errorf("plans differ\ngot  %s\nwant %s", strings.Join(got, "\n     "), strings.Join(want, "\n     "))
			}
			for _, path := range []string{old, object} {
				c, err := elfload.Load(t.Context(), path, elfload.Options{})
				if err != nil {
					t.Fatal(err)
				}
				if err := c.Close(); err != nil {
					t.Error(err)
				}
			}
		})
	}
}
