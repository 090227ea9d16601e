package elfload_test

import (
	"bytes"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bpfload/bpfload/elfload"
	"github.com/bpfload/bpfload/internal/elftest"
)

// plannedText is the text of a plan for an object of these bytes at that path.
func plannedText(t *testing.T, raw []byte, path string, opts elfload.Options) string {
	t.Helper()
	obj, err := elfload.Read(raw, elfload.ReadOptions{Name: "name", Dialect: opts.Dialect})
	if err != nil {
		t.Fatal(err)
	}
	obj.Path = path
	return string(planBytes(t, obj, opts))
}

// The object has what only some maps have: an inner map by index, a NUMA node,
// flags, aliases, and a name that is long and odd.
func TestPlanText(t *testing.T) {
	raw := elftest.Legacy(nil, "maps",
		elftest.LegacyMap{Name: "inner", Words: []uint32{1, 4, 8, 5, 1 << 2, 0, 1}, Aliases: []string{"also", "odd name"}},
		elftest.LegacyMap{Name: "outer", Words: []uint32{12, 4, 4, 3, 0, 0, 0}},
		elftest.LegacyMap{Name: "a name, with=everything", Words: []uint32{2, 4, 8, 1, 1<<7 | 1<<10, 0, 0}}).Bytes()
	want := `object "an object.o" byte_order=little license="" maps=3 programs=0

create_map         0 inner type=hash key_size=4 value_size=8 max_entries=5 map_flags=0x4:BPF_F_NUMA_NODE numa_node=1 pin=/p/maps/inner at=maps+0x0 dialect=samples evidence="named by the caller" aliases=also,"odd name" ext.inner_map_idx=0
create_map         1 outer type=array_of_maps key_size=4 value_size=4 max_entries=3 pin=/p/maps/outer at=maps+0x1c dialect=samples evidence="named by the caller" ext.inner_map_idx=0
                     inner -> 0 inner
create_map         2 "a name, with=everything" kernel_name=a_name__with_ev type=array key_size=4 value_size=8 max_entries=1 map_flags=0x480:BPF_F_RDONLY_PROG|BPF_F_MMAPABLE pin="/p/maps/a name, with=everything" at=maps+0x38 dialect=samples evidence="named by the caller" ext.inner_map_idx=0
pin_map            0 inner path=/p/maps/inner
pin_map            1 outer path=/p/maps/outer
pin_map            2 "a name, with=everything" path="/p/maps/a name, with=everything"

warning name_changed map="a name, with=everything" at=maps+0x38: the kernel allows only letters, digits, _ and . in names: it is told "a_name__with_ev"
`
	if got := plannedText(t, raw, "some where/an object.o", elfload.Options{Dialect: "samples", PinPath: "/p"}); got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}

func TestPlanTextDependsOnTheFileNameAlone(t *testing.T) {
	raw := elftest.Legacy(nil, "maps", elftest.LegacyMap{Name: "m", Words: []uint32{2, 4, 8, 1, 0}}).Bytes()
	here := plannedText(t, raw, "x.o", elfload.Options{})
	for range 10 {
		if there := plannedText(t, raw, "/another/directory/x.o", elfload.Options{Jobs: 3, VerifierLog: true}); there != here {
			t.Fatalf("got:\n%s\nwant:\n%s", there, here)
		}
	}
	if bare := plannedText(t, raw, "", elfload.Options{}); !strings.HasPrefix(bare, "object name byte_order=") {
		t.Errorf("an object without a path is called\n%s", bare)
	}
}

// One line per step, in order, each beginning with the step's name.
func TestPlanTextHasEveryStep(t *testing.T) {
	for _, path := range fixtures(t) {
		obj, err := elfload.Open(path)
		if err != nil {
			continue
		}
		plan, err := obj.Plan(elfload.Options{PinPath: "/p", PageSize: 4096})
		if err != nil {
			continue
		}
		var b bytes.Buffer
		if err := plan.WriteText(&b); err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(b.String(), "\n")
		at := 2 // behind the object and an empty line
		for i, s := range plan.Steps {
			if f := strings.Fields(lines[at]); len(f) == 0 || f[0] != s.Op.String() {
				t.Errorf("%s: line of step %d is %q, want %v", filepath.Base(path), i, lines[at], s.Op)
				break
			}
			for at++; strings.HasPrefix(lines[at], " "); at++ { // more of the step
			}
		}
	}
}

func TestPlanTextOfPrograms(t *testing.T) {
	obj, err := elfload.Open(filepath.Join(objects, "tailcall.o"))
	if err != nil {
		t.Fatal(err)
	}
	text := string(planBytes(t, obj, elfload.Options{MapsOnly: true}))
	for _, want := range []string{"\n\nnot_loaded         0 tailcall_1 type=socket_filter at=socket+0x0\nnot_loaded         1 entry type=socket_filter at=socket+0x10\n\n",
		"\nwarning slot_empty map=prog_array_init program=tailcall_1 at=.maps+"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	if strings.Contains(text, "load_program") {
		t.Errorf("a program is loaded:\n%s", text)
	}
}

type failing struct{}

var errFailing = errors.New("cannot write")

func (failing) Write([]byte) (int, error) { return 0, errFailing }

func TestWriteErrorsAreReturned(t *testing.T) {
	obj, err := elfload.Open(filepath.Join(objects, "order.o"))
	if err != nil {
		t.Fatal(err)
	}
	plan, err := obj.Plan(elfload.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := plan.WriteText(failing{}); !errors.Is(err, errFailing) {
		t.Errorf("WriteText: %v", err)
	}
	if err := plan.Document().WriteJSON(failing{}); !errors.Is(err, errFailing) {
		t.Errorf("WriteJSON: %v", err)
	}
}
