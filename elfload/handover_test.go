package elfload

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/bpfload/bpfload/internal/bpfsys"
	"github.com/bpfload/bpfload/internal/mapdef"
)

func TestFDNames(t *testing.T) {
	for _, tc := range []struct{ name, escaped string }{
		{"events", "events"},
		{".rodata.str1.1", ".rodata.str1.1"},
		{"", "%"},
		{"a:b", "a%3Ab"},
		{"100%", "100%25"},
		{"%3A", "%253A"},
		{`a\x`, "a%5Cx"},
		{"a b\n", "a%20b%0A"},
		{"\x7fé", "%7F%C3%A9"},
		{"\xff\x00", "%FF%00"},
	} {
		if got := escapeFDName(tc.name); got != tc.escaped {
			t.Errorf("%q is escaped as %q, want %q", tc.name, got, tc.escaped)
		}
		if got, err := unescapeFDName(tc.escaped); err != nil || got != tc.name {
			t.Errorf("%q is read as %q, %v", tc.escaped, got, err)
		}
	}
	for _, bad := range []string{"a%", "a%4", "%zz", "%+1"} {
		if got, err := unescapeFDName(bad); err == nil {
			t.Errorf("%q is read as %q", bad, got)
		}
	}
}

func TestFDNameLists(t *testing.T) {
	for _, names := range [][]string{nil, {"a"}, {""}, {"", ""}, {"a:b", "", "%"}} {
		got, err := splitFDNames(joinFDNames(names), len(names))
		if err != nil || !slices.Equal(got, names) {
			t.Errorf("%q becomes %q, %v", names, got, err)
		}
	}
	if _, err := splitFDNames("a:b", 3); err == nil {
		t.Error("two names pass for three descriptors")
	}
}

// recorded loads a fixture into a recorder.
func recorded(t *testing.T, file string, opts Options) (*Collection, *recorder) {
	t.Helper()
	obj, err := Open("../testdata/objs/" + file)
	if err != nil {
		t.Fatal(err)
	}
	plan, err := obj.Plan(opts)
	if err != nil {
		t.Fatal(err)
	}
	r := newRecorder()
	c, err := plan.load(context.Background(), r)
	if err != nil {
		t.Fatal(err)
	}
	return c, r
}

func TestHandoverIsInTableOrder(t *testing.T) {
	c, _ := recorded(t, "order.o", Options{})
	h, err := c.Handover(HandoverOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"outer", "inner", "a", "b"}; !slices.Equal(h.Names, want) {
		t.Errorf("names %q, want %q", h.Names, want)
	}
	for i := range h.FDs {
		if h.FDs[i] != c.MapData[i].FD || h.Numbers[i] != (MapNumber{uint64(i), i}) {
			t.Errorf("%d: descriptor %d, number %v", i, h.FDs[i], h.Numbers[i])
		}
	}
	line, err := h.Line(3)
	if err != nil || strings.Contains(string(line), "\n") {
		t.Fatalf("%q, %v", line, err)
	}
	var d Document
	if err := json.Unmarshal(line, &d); err != nil {
		t.Fatal(err)
	}
	for i := range d.Maps {
		if *d.Maps[i].FD != 3+i {
			t.Errorf("map %d has descriptor %d in the document", i, *d.Maps[i].FD)
		}
	}
	if d.Programs[0].FD != nil {
		t.Error("a program that is not passed has a descriptor in the document")
	}
}

func TestHandoverReadOnly(t *testing.T) {
	opts := HandoverOptions{ReadOnly: []string{"b", "outer"}}
	c, r := recorded(t, "order.o", Options{PinPath: "/sys/fs/bpf/x"})
	h, err := c.Handover(opts)
	if err != nil {
		t.Fatal(err)
	}
	if h.FDs[0] == c.MapData[0].FD || h.FDs[3] == c.MapData[3].FD || h.FDs[1] != c.MapData[1].FD {
		t.Errorf("descriptors %v of %v", h.FDs, c.MapData)
	}
	if !h.doc.Maps[0].ReadOnly || h.doc.Maps[1].ReadOnly || !h.doc.Maps[3].ReadOnly {
		t.Errorf("%+v", h.doc.Maps)
	}
	if err := errors.Join(h.Close(), h.Close()); err != nil {
		t.Error(err)
	}
	// Without CAP_SYS_ADMIN ids cannot be opened; the pin can.
	r.refuse = func(call string, _ any) syscall.Errno {
		if call == "map_by_id" {
			return syscall.EPERM
		}
		return 0
	}
	if h, err = c.Handover(opts); err != nil {
		t.Fatal(err)
	}
	if err := h.Close(); err != nil {
		t.Error(err)
	}
	r.pins["/sys/fs/bpf/x/maps/outer"] = c.MapData[1].FD // which is another map now
	_, err = c.Handover(opts)
	if e := (*Error)(nil); !errors.As(err, &e) || e.Kind != ErrPrivilege || e.Symbol != "outer" {
		t.Errorf("the pin of another map: %v", err)
	}
	pins, dirs := len(r.pins), len(r.dirs)
	if err := errors.Join(c.Close(), r.leftovers(pins, dirs)); err != nil {
		t.Error(err)
	}
}

func TestHandoverRefusesUnknownMaps(t *testing.T) {
	c, _ := recorded(t, "order.o", Options{})
	if _, err := c.Handover(HandoverOptions{ReadOnly: []string{"nope"}}); !errors.Is(err, ErrUsage) {
		t.Errorf("%v", err)
	}
}

// L69: an id counts before an index, and a second map of one number gets none.
func TestMapNumbers(t *testing.T) {
	id := func(n uint64) []mapdef.ExtField { return []mapdef.ExtField{{Name: "id", Value: n}} }
	var maps []MapData
	for i, m := range []struct {
		name, dialect string
		ext           []mapdef.ExtField
		fd            int
	}{
		{"none", "iproute2", id(0), 10},
		{"absent", "btf", nil, -1},
		{"two", "iproute2-4.5", id(3), 11},
		{"index 3", "btf", nil, 12},
		{"again", "iproute2", id(3), 13},
		{"other dialect", "windows", id(77), 14},
	} {
		maps = append(maps, MapData{Index: i, Name: m.name, FD: m.fd, Def: &PlannedMap{MapDef: MapDef{Dialect: m.dialect, Ext: m.ext}}})
	}
	h := &Handover{doc: NewDocument("")}
	h.number(&Collection{MapData: maps})
	if want := []MapNumber{{0, 0}, {3, 1}, {5, 4}}; !slices.Equal(h.Numbers, want) {
		t.Errorf("numbers %v, want %v", h.Numbers, want)
	}
	if w := h.Warnings(); len(w) != 2 || w[0].Map != "again" || w[1].Map != "index 3" || len(h.doc.Warnings) != 2 {
		t.Errorf("warnings %+v", w)
	}
}

func TestHandoverEnvironment(t *testing.T) {
	h := &Handover{doc: NewDocument("x.o"), FDs: []int{10, 11}, Names: []string{"a:b", "p"}, maps: 1, Numbers: []MapNumber{{7, 0}}}
	old := []string{"PATH=/bin", "LISTEN_PID=1", "LISTEN_FDS=9", "LISTEN_FDNAMES=x", "LISTEN_PIDFDID=4", "BPFLOAD_MAP_DATA=x",
		"BPFLOAD_MAP_DATA_FD=9", "BPF_NUM_MAPS=9", "BPF_MAP12=3", "BPF_MAPS=kept", "BPF_MAP=kept", "BPF_MAP1x=kept", "odd"}
	env, document, err := h.environment(old, 42)
	if err != nil || document != nil {
		t.Fatal(err)
	}
	line, _ := h.Line(3)
	want := []string{"PATH=/bin", "BPF_MAPS=kept", "BPF_MAP=kept", "BPF_MAP1x=kept", "odd", "LISTEN_PID=42", "LISTEN_FDS=2",
		"LISTEN_FDNAMES=a%3Ab:p", "BPFLOAD_MAP_DATA=" + string(line), "BPF_NUM_MAPS=1", "BPF_MAP7=3"}
	if !slices.Equal(env, want) {
		t.Errorf("%q\nwant %q", env, want)
	}

	h.doc.Object.License = Text(strings.Repeat("x", maxEnvDocument))
	env, document, err = h.environment(nil, 42)
	if err != nil || len(document) <= maxEnvDocument || !slices.Contains(env, "BPFLOAD_MAP_DATA_FD=5") {
		t.Errorf("a long document: %d bytes, %v", len(document), err)
	}
	if slices.ContainsFunc(env, func(s string) bool { return strings.HasPrefix(s, "BPFLOAD_MAP_DATA=") }) {
		t.Error("a long document is in the environment too")
	}

	h.Names[0] = strings.Repeat("n", maxEnvString)
	if _, _, err = h.environment(nil, 42); !errors.Is(err, ErrUsage) {
		t.Errorf("names that no variable holds: %v", err)
	}
}

var _ handoverKernel = host{}

// A failing call leaves nothing open but the collection.
func TestHandoverFailsWithoutLeftovers(t *testing.T) {
	c, r := recorded(t, "order.o", Options{PinPath: "/sys/fs/bpf/x"})
	before := len(r.fds)
	for n := 1; n < 8; n++ {
		calls := 0
		r.refuse = func(call string, _ any) syscall.Errno {
			if calls++; calls >= n {
				return syscall.EPERM
			}
			return 0
		}
		h, err := c.Handover(HandoverOptions{ReadOnly: []string{"a", "b"}})
		if err == nil {
			err = h.Close()
		} else if !errors.Is(err, ErrPrivilege) || bpfsys.Errno(err) != syscall.EPERM {
			t.Errorf("call %d: %v", n, err)
		} else {
			err = nil
		}
		if err != nil || len(r.fds) != before {
			t.Errorf("call %d: %v, %d descriptors instead of %d", n, err, len(r.fds), before)
		}
	}
}
