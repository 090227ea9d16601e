package elfload_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"syscall"
	"testing"
	"unicode"

	"github.com/bpfload/bpfload/elfload"
	"github.com/bpfload/bpfload/internal/elftest"
	"github.com/bpfload/bpfload/verifierlog"
)

// documents are those of the object and of its plan, as far as they exist.
func documents(path string) []*elfload.Document {
	obj, err := elfload.Open(path)
	if err != nil {
		d := elfload.NewDocument(path)
		d.SetError(err)
		return []*elfload.Document{d}
	}
	docs := []*elfload.Document{obj.Document()}
	plan, err := obj.Plan(elfload.Options{PageSize: 4096})
	if err != nil {
		d := obj.Document()
		d.SetError(err)
		return append(docs, d)
	}
	return append(docs, plan.Document())
}

func encode(t *testing.T, d *elfload.Document) []byte {
	t.Helper()
	b, err := d.Line()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// The child of `bpfload run` decodes what bpfload has encoded.
func TestDocumentRoundTrip(t *testing.T) {
	for _, path := range fixtures(t) {
		for _, d := range documents(path) {
			var back elfload.Document
			if err := json.Unmarshal(encode(t, d), &back); err != nil {
				t.Errorf("%s: %v", path, err)
			} else if !reflect.DeepEqual(d, &back) {
				t.Errorf("%s: the document changes on its way through JSON:\n%+v\n%+v", path, d, back)
			}
		}
	}
}

// nullable are the only fields that may be null; lists are not among them.
var nullable = map[string]bool{"object.version": true}

func findNulls(t *testing.T, where string, v any) {
	t.Helper()
	switch v := v.(type) {
	case nil:
		if !nullable[where] {
			t.Errorf("%s is null", where)
		}
	case map[string]any:
		for k, e := range v {
			findNulls(t, strings.TrimPrefix(where+"."+k, "."), e)
		}
	case []any:
		for _, e := range v {
			findNulls(t, where+"[]", e)
		}
	}
}

func TestDocumentHasNoNullLists(t *testing.T) {
	for _, path := range fixtures(t) {
		for _, d := range documents(path) {
			var v any
			if err := json.Unmarshal(encode(t, d), &v); err != nil {
				t.Fatal(err)
			}
			findNulls(t, "", v)
		}
	}
}

// fields are the names that scripts depend on; others may be added.
var fields = map[string][]string{
	"":       {"schema", "object", "maps", "programs", "warnings"},
	"object": {"path", "byte_order", "license", "version"},
	"maps": {"index", "name", "section", "offset", "dialect", "type", "type_id", "key_size", "value_size", "max_entries",
		"map_flags", "map_extra", "numa_node", "pinning", "pin_path", "key_type", "value_type", "internal", "initial_size",
		"frozen", "values", "reused"},
	"programs": {"index", "name", "section", "type", "expected_attach_type", "attach_to", "instructions", "maps", "autoload"},
	"values":   {"slot", "kind", "target"},
	"error":    {"stage", "code", "section", "symbol", "errno", "message", "hint", "log"},
}

func wantFields(t *testing.T, what string, v any) {
	t.Helper()
	m, ok := v.(map[string]any)
	if !ok {
		t.Fatalf("%s is %v", what, v)
	}
	for _, f := range fields[what] {
		if _, ok := m[f]; !ok {
			t.Errorf("%s has no %q: %v", what, f, m)
		}
	}
}

func TestDocumentFields(t *testing.T) {
	seen := make(map[string]bool)
	for _, path := range fixtures(t) {
		for _, d := range documents(path) {
			var v map[string]any
			if err := json.Unmarshal(encode(t, d), &v); err != nil {
				t.Fatal(err)
			}
			wantFields(t, "", v)
			wantFields(t, "object", v["object"])
			for _, list := range []string{"maps", "programs"} {
				for _, e := range v[list].([]any) {
					seen[list] = true
					wantFields(t, list, e)
					for _, s := range slots(e) {
						seen["values"] = true
						wantFields(t, "values", s)
					}
					for _, f := range []string{"fd", "id"} {
						if _, ok := e.(map[string]any)[f]; ok {
							t.Errorf("%s: %s of an object that is not loaded has %q", path, list, f)
						}
					}
				}
			}
			if e, ok := v["error"]; ok {
				seen["error"] = true
				wantFields(t, "error", e)
			}
			if v["schema"] != "bpfload/1" {
				t.Errorf("schema is %v", v["schema"])
			}
		}
	}
	for what := range fields {
		if what != "" && what != "object" && !seen[what] {
			t.Errorf("no fixture shows %q", what)
		}
	}
}

func slots(m any) []any {
	s, _ := m.(map[string]any)["values"].([]any)
	return s
}

// hostileObject has a legacy map of that name in a section whose name holds it too.
func hostileObject(t *testing.T, name string) *elfload.Object {
	t.Helper()
	raw := elftest.Legacy(nil, "maps/"+name, elftest.LegacyMap{Name: name, Words: []uint32{2, 4, 4, 1, 0}}).Bytes()
	obj, err := elfload.Read(raw, elfload.ReadOptions{Name: "hostile"})
	if err != nil {
		t.Fatalf("%q: %v", name, err)
	}
	return obj
}

func TestHostileNamesStayInTheirPlace(t *testing.T) {
	for _, name := range hostileNames {
		if name == "" || strings.Contains(name, "\x00") { // no such symbol
			continue
		}
		obj := hostileObject(t, name)
		if got := obj.Maps[0].Name; got != name {
			t.Fatalf("map %q is called %q", name, got)
		}
		d := obj.Document()
		for form, b := range map[string][]byte{"line": encode(t, d), "indented": indented(t, d), "plan": planBytes(t, obj, elfload.Options{})} {
			if i := bytes.IndexFunc(b, func(r rune) bool {
				return r != '\n' && !unicode.IsPrint(r) || r == unicode.ReplacementChar && name != "\ufffd"
			}); i >= 0 {
				t.Errorf("%s of %q has %q at byte %d", form, name, b[i:min(i+4, len(b))], i)
			}
			if form == "line" && bytes.IndexByte(b, '\n') >= 0 {
				t.Errorf("the line of %q has more than one line", name)
			}
		}
		var back elfload.Document
		if err := json.Unmarshal(encode(t, d), &back); err != nil || string(back.Maps[0].Name) != name || string(back.Maps[0].Section) != "maps/"+name {
			t.Errorf("%q comes back as %q in %q, %v", name, back.Maps[0].Name, back.Maps[0].Section, err)
		}
	}
}

func indented(t *testing.T, d *elfload.Document) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := d.WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// planBytes is the text of the object's plan.
func planBytes(t *testing.T, obj *elfload.Object, opts elfload.Options) []byte {
	t.Helper()
	plan, err := obj.Plan(opts)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := plan.WriteText(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestDocumentError(t *testing.T) {
	full := &elfload.Error{Stage: elfload.StageMap, Code: "map_create", Section: ".maps", Symbol: "m\xff", Offset: elfload.Offset{Bytes: 64, Known: true},
		Err: fmt.Errorf("value_size 0 \xfe"), Errno: syscall.EINVAL, Hint: "give it one", Log: "line\n"}
	offset := uint64(64)
	rows := []struct {
		name string
		err  error
		want *elfload.DocumentError
	}{
		{"none", nil, nil},
		{"place and reason stand apart", full, &elfload.DocumentError{Stage: "map", Code: "map_create", Section: ".maps", Symbol: "m\xff", Offset: &offset,
			Errno: 22, ErrnoName: "EINVAL", Message: `value_size 0 \xfe`, Hint: "give it one", Log: "line\n"}},
		{"offset 0 is not absent", &elfload.Error{Stage: elfload.StageRead, Offset: elfload.Offset{Known: true}, Err: errors.New("x")},
			&elfload.DocumentError{Stage: "read", Offset: new(uint64), Message: "x"}},
		{"kind alone", &elfload.Error{Stage: elfload.StagePin, Kind: elfload.ErrIncompatiblePin}, &elfload.DocumentError{Stage: "pin", Message: elfload.ErrIncompatiblePin.Error()}},
		{"what undoing said is kept", errors.Join(&elfload.Error{Stage: elfload.StageMap, Code: "c", Err: errors.New("first")}, errors.New("second")),
			&elfload.DocumentError{Stage: "map", Code: "c", Message: "first\nsecond"}},
		{"the hint of a verifier's log is what it means", &elfload.Error{Stage: elfload.StageProgram, Err: errors.New("x"), Log: "R1 !read_ok\n"},
			&elfload.DocumentError{Stage: "program", Message: "x", Hint: verifierlog.Read("R1 !read_ok\n").Cause, Log: "R1 !read_ok\n"}},
		{"foreign error", errors.New("other"), &elfload.DocumentError{Code: "error", Message: "other"}},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			d := elfload.NewDocument("x.o")
			d.SetError(row.err)
			if !reflect.DeepEqual(d.Error, row.want) {
				t.Errorf("got %+v, want %+v", d.Error, row.want)
			}
			var back elfload.Document
			if err := json.Unmarshal(encode(t, d), &back); err != nil || !reflect.DeepEqual(back.Error, row.want) {
				t.Errorf("comes back as %+v, %v", back.Error, err)
			}
		})
	}
}

func TestDocumentOfArrayOfMaps(t *testing.T) {
	obj, err := elfload.Open(filepath.Join(objects, "array_of_maps.o"))
	if err != nil {
		t.Fatal(err)
	}
	d := obj.Document()
	for i := range d.Maps {
		m := &d.Maps[i]
		if m.Index != i || (m.Type == "array_of_maps") != (m.Inner != nil) {
			t.Errorf("map %d: %+v", i, m)
		}
		for _, s := range m.Values {
			if s.Kind != "map" || d.Maps[s.TargetIndex].Name != s.Target {
				t.Errorf("slot %+v of map %q", s, m.Name)
			}
		}
	}
}

func TestPlanDocumentNamesItsSteps(t *testing.T) {
	obj, err := elfload.Open(filepath.Join(objects, "tailcall.o"))
	if err != nil {
		t.Fatal(err)
	}
	plan, err := obj.Plan(elfload.Options{PinPath: "/sys/fs/bpf/x"})
	if err != nil {
		t.Fatal(err)
	}
	d := plan.Document()
	if len(d.Steps) != len(plan.Steps) {
		t.Fatalf("%d steps of %d", len(d.Steps), len(plan.Steps))
	}
	for i, s := range d.Steps {
		if s.Op != plan.Steps[i].Op.String() {
			t.Errorf("step %d is %s, want %v", i, s.Op, plan.Steps[i].Op)
		}
		switch s.Op {
		case "set_program_slot":
			if s.Map == nil || s.Slot == nil || s.Target == nil || s.Program != nil {
				t.Errorf("step %d: %+v", i, s)
			}
		case "load_program", "pin_program":
			if s.Program == nil || s.Map != nil {
				t.Errorf("step %d: %+v", i, s)
			}
		}
	}
	if p := d.Programs[0].PinPath; !strings.HasPrefix(string(p), "/sys/fs/bpf/x/progs/") {
		t.Errorf("pin path %q", p)
	}
}

func TestCollectionDocument(t *testing.T) {
	obj, err := elfload.Open(filepath.Join(objects, "order.o"))
	if err != nil {
		t.Fatal(err)
	}
	plan, err := obj.Plan(elfload.Options{})
	if err != nil {
		t.Fatal(err)
	}
	plan.Maps[1].Create = false
	c := &elfload.Collection{Plan: plan, MapData: make([]elfload.MapData, len(plan.Maps)), Programs: make([]elfload.LoadedProgram, len(plan.Programs))}
	for i := range c.MapData {
		c.MapData[i] = elfload.MapData{Index: i, FD: 10 + i, ID: uint32(20 + i), MaxEntries: 7, Reused: i == 2}
	}
	c.MapData[1] = elfload.MapData{Index: 1, FD: -1}
	d := c.Document()
	for i, m := range d.Maps {
		switch {
		case i == 1:
			if m.FD != nil || m.ID != nil || !m.LeftOut || m.MaxEntries != plan.Maps[1].MaxEntries {
				t.Errorf("a map that was not created: %+v", m)
			}
		case m.FD == nil || *m.FD != 10+i || m.ID == nil || *m.ID != uint32(20+i) || m.MaxEntries != 7 || m.Reused != (i == 2) || m.LeftOut:
			t.Errorf("map %d: %+v", i, m)
		}
	}
	for i, p := range d.Programs {
		if p.FD != nil || p.ID != nil {
			t.Errorf("program %d, which was not loaded: %+v", i, p)
		}
	}
	if d.Steps != nil {
		t.Error("what was loaded has steps")
	}
}

// What a document says of a program's length and maps is the same before and
// after planning, and whether or not the program is going to be loaded.
func TestDocumentProgramsAgree(t *testing.T) {
	compared := 0
	for _, path := range fixtures(t) {
		o, err := elfload.Open(path)
		if err != nil {
			continue
		}
		want := o.Document().Programs
		for _, opts := range []elfload.Options{{}, {MapsOnly: true}} {
			plan, err := o.Plan(opts)
			if err != nil {
				continue
			}
			for i, got := range plan.Document().Programs {
				if got.Instructions != want[i].Instructions || !slices.Equal(got.Maps, want[i].Maps) {
					t.Errorf("%s: planned program %+v, want %+v", path, got, want[i])
				}
				compared++
			}
		}
	}
	if compared < 300 {
		t.Errorf("only %d programs were compared", compared)
	}
}
