package elfload_test

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/bpfload/bpfload/elfload"
)

var update = flag.Bool("update", false, "write the golden plans anew")

const objects = "../testdata/objs"

// fixtures are all compiled objects.
func fixtures(tb testing.TB) []string {
	tb.Helper()
	paths, err := filepath.Glob(objects + "/*.o")
	if err != nil || len(paths) < 40 {
		tb.Fatalf("%d fixtures in %s: %v", len(paths), objects, err)
	}
	return paths
}

// planText is what a golden file holds: the plan, or the error with its code.
func planText(path string) (text, ext string) {
	obj, err := elfload.Open(path)
	var plan *elfload.Plan
	if err == nil {
		plan, err = obj.Plan(elfload.Options{PageSize: 4096})
	}
	if err != nil {
		var e *elfload.Error
		if !errors.As(err, &e) {
			return fmt.Sprintf("error without a place: %v\n", err), ".err"
		}
		text = fmt.Sprintf("%s error %s: %s\n", e.Stage, e.Code, e)
		if e.Hint != "" {
			text += "hint: " + e.Hint + "\n"
		}
		return text, ".err"
	}
	var b bytes.Buffer
	if err := plan.WriteText(&b); err != nil {
		return err.Error(), ".err"
	}
	return b.String(), ".plan"
}

// Every fixture has its plan, or the error that it deserves, beside it.
func TestGoldenPlans(t *testing.T) {
	for _, path := range fixtures(t) {
		t.Run(filepath.Base(path), func(t *testing.T) {
			text, ext := planText(path)
			golden := strings.TrimSuffix(path, ".o") + ext
			if *update {
				for _, old := range []string{".plan", ".err"} {
					os.Remove(strings.TrimSuffix(path, ".o") + old)
				}
				if err := os.WriteFile(golden, []byte(text), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatalf("%v; this is what it would hold:\n%s", err, text)
			}
			if text != string(want) {
				t.Errorf("%s is not what it was:\n%s\nwant:\n%s", golden, text, want)
			}
		})
	}
}

// The same file gives the same bytes and the same error every time.
func TestPlansAreDeterministic(t *testing.T) {
	for _, path := range fixtures(t) {
		first, _ := planText(path)
		for range 5 {
			if again, _ := planText(path); again != first {
				t.Fatalf("%s: two readings differ:\n%s\n%s", path, first, again)
			}
		}
	}
}

// Byte order does not change what an object means: NAME.eb.o has NAME.o's plan
// but for the byte order itself and what depends on the bytes.
func TestByteOrders(t *testing.T) {
	pairs := 0
	for _, path := range fixtures(t) {
		big := strings.TrimSuffix(path, ".o") + ".eb.o"
		if _, err := os.Stat(big); err != nil {
			continue
		}
		pairs++
		le, lext := planText(path)
		be, bext := planText(big)
		if lext != bext {
			t.Errorf("%s: %s one way, %s the other:\n%s\n%s", path, lext, bext, le, be)
			continue
		}
		if a, b := shape(le), shape(be); a != b {
			t.Errorf("%s: plans differ by more than bytes:\n%s\n%s", path, a, b)
		}
	}
	if pairs < 40 {
		t.Errorf("only %d pairs", pairs)
	}
}

// objectHash is the namespace of an object in iproute2's pins: its SHA-1.
var objectHash = regexp.MustCompile(`tc/[0-9a-f]{40}/`)

// shape takes out of a plan what depends on the byte order: hashes of bytes and
// the object's own line.
func shape(text string) string {
	var out []string
	for i, line := range strings.Split(text, "\n") {
		if i == 0 && strings.HasPrefix(line, "object") {
			continue
		}
		for _, word := range []string{"sha256:", "sha256="} {
			for at := strings.Index(line, word); at >= 0; at = -1 {
				end := at + len(word)
				for end < len(line) && strings.IndexByte("0123456789abcdef", line[end]) >= 0 {
					end++
				}
				line = line[:at] + line[end:]
			}
		}
		out = append(out, objectHash.ReplaceAllString(line, "tc/HASH/"))
	}
	return strings.Join(out, "\n")
}
