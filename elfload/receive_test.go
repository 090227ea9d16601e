package elfload

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/cilium/ebpf"

	"github.com/bpfload/bpfload/internal/bpfsys"
)

// passed is a kernel in a process that was given descriptors from 3 on.
type passed struct {
	*recorder
	env    map[string]string
	sealed []byte
	onExec []int
}

func (p *passed) CloseOnExec(fd int) error {
	p.onExec = append(p.onExec, fd)
	if _, ok := p.fds[fd]; !ok {
		return errors.New("bad file descriptor")
	}
	return nil
}

func (p *passed) ReadSealed(fd int) ([]byte, error) {
	if p.sealed == nil || p.fds[fd] != "document" {
		return nil, errors.New("it is not a sealed file")
	}
	return p.sealed, p.Close(fd)
}

// ProgInfo gives a program the id that it had in the loader.
func (p *passed) ProgInfo(fd int) (bpfsys.ProgInfo, error) {
	return bpfsys.ProgInfo{ID: uint32(p.fdObj[fd])}, p.call("prog_info", nil, "")
}

// Map and Program keep descriptors in the recorder's account.
func (p *passed) Map(fd int) (*ebpf.Map, error)         { return nil, p.wrap("map_wrap", fd) }
func (p *passed) Program(fd int) (*ebpf.Program, error) { return nil, p.wrap("prog_wrap", fd) }

// hand loads a fixture and hands it over to a process with id 42.
func hand(t *testing.T, file string, o HandoverOptions) *passed {
	t.Helper()
	c, r := recorded(t, file, Options{})
	h, err := c.Handover(o)
	if err != nil {
		t.Fatal(err)
	}
	env, _, err := h.environment(nil, 42)
	if err != nil {
		t.Fatal(err)
	}
	p := &passed{recorder: newRecorder(), env: map[string]string{}}
	p.objs = r.objs
	for i, fd := range h.FDs {
		p.fds[firstPassedFD+i], p.fdObj[firstPassedFD+i] = r.fds[fd], r.fdObj[fd]
	}
	for _, v := range env {
		name, value, _ := strings.Cut(v, "=")
		p.env[name] = value
	}
	return p
}

func (p *passed) receive() (*Table, error) {
	return fromEnvironment(func(name string) string { return p.env[name] }, 42, p, p)
}

func TestReceiveGivesTheSameTable(t *testing.T) {
	p := hand(t, "order.o", HandoverOptions{Programs: true})
	table, err := p.receive()
	if err != nil {
		t.Fatal(err)
	}
	obj, _ := Open("../testdata/objs/order.o")
	for i := range obj.Maps {
		m, d := &table.MapData[i], &obj.Maps[i]
		if m.Index != i || m.Name != d.Name || m.FD != 3+i || m.ID == 0 || m.Def.Type != d.Type || m.Def.KeySize != d.KeySize ||
			m.Def.ValueSize != d.ValueSize || m.Def.MaxEntries != d.MaxEntries || m.Def.Dialect != d.Dialect || (m.Def.Inner == nil) != (d.Inner == nil) {
			t.Errorf("row %d is %+v, want %+v", i, m, d)
		}
		if table.Data(d.Name) != m {
			t.Errorf("row %d is not found by its name", i)
		}
	}
	if p := table.Programs[0]; p.FD != 7 || p.Name != "uses_all" || p.Def.Section != "xdp" {
		t.Errorf("program %+v", p)
	}
	if !slices.Equal(p.onExec, []int{3, 4, 5, 6, 7}) {
		t.Errorf("close-on-exec %v", p.onExec)
	}
	if table.Map("nope") != nil || table.Program("nope") != nil {
		t.Error("names that are not there are found")
	}
	if err := errors.Join(table.Close(), table.Close(), p.leftovers(0, len(p.dirs))); err != nil {
		t.Error(err)
	}
}

func TestReceiveALongDocument(t *testing.T) {
	p := hand(t, "order.o", HandoverOptions{})
	p.sealed, p.fds[7] = []byte(p.env[envMapData]), "document"
	p.env[envMapData], p.env[envMapDataFD] = "", "7"
	table, err := p.receive()
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(table.Close(), p.leftovers(0, len(p.dirs))); err != nil {
		t.Error(err)
	}
}

func TestReceiveRefuses(t *testing.T) {
	edit := func(from, to string) func(*passed) {
		return func(p *passed) {
			if !strings.Contains(p.env[envMapData], from) {
				panic("the document has no " + from)
			}
			p.env[envMapData] = strings.Replace(p.env[envMapData], from, to, 1)
		}
	}
	set := func(name, value string) func(*passed) { return func(p *passed) { p.env[name] = value } }
	for _, tc := range []struct {
		name string
		do   func(*passed)
		kind error
		text string
		left int // descriptors that stay open, those of somebody else
	}{
		{"no variables", func(p *passed) { clear(p.env) }, ErrNothingPassed, "", 5},
		{"another process", set(envListenPID, "43"), ErrNothingPassed, "", 5},
		{"another's protocol", set(envMapData, ""), ErrNothingPassed, "", 5},
		{"a count that is none", set(envListenFDs, "-1"), ErrUsage, "LISTEN_FDS", 5},
		{"too many", set(envListenFDs, "99999999"), ErrUsage, "LISTEN_FDS", 5},
		{"fewer names", set(envListenFDNames, "a:b"), ErrUsage, "2 names for 5", 5},
		{"a bad escape", set(envListenFDNames, "a%:b:c:d:e"), ErrUsage, "escape", 5},
		{"another name", set(envListenFDNames, "outer:b:a:inner:uses_all"), ErrUsage, `"inner"`, 0},
		{"no JSON", set(envMapData, "{"), ErrUsage, "document", 0},
		{"another schema", edit("bpfload/1", "bpfload/9"), ErrUsage, "bpfload/9", 0},
		{"a descriptor out of range", edit(`"fd":4`, `"fd":8`), ErrUsage, "5 were passed", 0},
		{"a negative descriptor", edit(`"fd":4`, `"fd":-4`), ErrUsage, "5 were passed", 0},
		{"standard input", edit(`"fd":3`, `"fd":0`), ErrUsage, "5 were passed", 0},
		{"one descriptor twice", edit(`"fd":4`, `"fd":3`), ErrUsage, "so is another", 0},
		{"one that the document lacks", edit(`,"fd":7`, ``), ErrUsage, "not in the document", 0},
		{"another map", func(p *passed) { p.fdObj[5] = p.fdObj[6] }, ErrIncompatiblePin, "id ", 0},
		{"another size", edit(`"value_size":8`, `"value_size":16`), ErrIncompatiblePin, "value_size", 0},
		{"another program", edit(`"fd":7`, `"fd":7,"id":99`), ErrIncompatiblePin, "program", 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p := hand(t, "order.o", HandoverOptions{Programs: true})
			tc.do(p)
			table, err := p.receive()
			if table != nil || !errors.Is(err, tc.kind) || !strings.Contains(fmt.Sprint(err), tc.text) {
				t.Errorf("%v, want %q", err, tc.text)
			}
			if len(p.fds) != tc.left || len(p.wrong) > 0 {
				t.Errorf("open %v, %v", p.fds, p.wrong)
			}
		})
	}
}

// A long document must be sealed, and be where the protocol says.
func TestReceiveRefusesOtherFiles(t *testing.T) {
	for name, do := range map[string]func(*passed){
		"elsewhere":  func(p *passed) { p.env[envMapDataFD] = "0" },
		"not sealed": func(p *passed) { p.sealed = nil },
	} {
		p := hand(t, "order.o", HandoverOptions{})
		p.sealed, p.fds[7] = []byte(p.env[envMapData]), "document"
		p.env[envMapData], p.env[envMapDataFD] = "", "7"
		do(p)
		if _, err := p.receive(); err == nil || !strings.Contains(err.Error(), envMapDataFD) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Every call that fails leaves nothing open.
func TestReceiveFailsWithoutLeftovers(t *testing.T) {
	calls := 0
	for n := 1; n == 1 || calls >= n; n++ {
		p := hand(t, "order.o", HandoverOptions{Programs: true})
		p.failAt, p.errno = n, 9
		table, err := p.receive()
		if err == nil {
			err = table.Close()
		} else if table != nil {
			t.Errorf("call %d: a table and %v", n, err)
		} else {
			err = nil
		}
		if err := errors.Join(err, p.leftovers(0, len(p.dirs))); err != nil {
			t.Errorf("call %d: %v", n, err)
		}
		calls = len(p.calls)
	}
}

// Links that are not pinned end with their last descriptor: they are handed over
// with the maps, and the Table has them.
func TestReceiveLinks(t *testing.T) {
	load := func(o Options) (*Collection, *recorder) {
		o.Attach.To = attachEverywhere[:2]
		plan, err := attachPlan(t, o)
		if err != nil {
			t.Fatal(err)
		}
		r := newRecorder()
		r.vmlinux = faultTypes().Bytes()
		c, err := plan.load(context.Background(), r)
		if err != nil {
			t.Fatal(err)
		}
		return c, r
	}
	c, r := load(Options{})
	h, err := c.Handover(HandoverOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"hits", "links/on_xdp", "links/on_tc"}; !slices.Equal(h.Names, want) {
		t.Errorf("names %q, want %q", h.Names, want)
	}
	line, err := h.Line(0)
	if err != nil {
		t.Fatal(err)
	}
	in := &receiver{k: r, names: h.Names}
	for _, fd := range h.FDs {
		again, err := r.Dup(fd)
		if err != nil {
			t.Fatal(err)
		}
		in.fds = append(in.fds, again)
	}
	if err := errors.Join(h.Close(), c.Close()); err != nil {
		t.Fatal(err)
	}
	table, err := in.receive(line)
	if err != nil {
		t.Fatal(err)
	}
	if len(table.Links) != 2 || table.Links[1].Name != "on_tc" || table.Links[1].Def.Target() != "tcx-ingress:lo" || table.Links[1].Def.Program != 1 || table.Links[1].FD < 3 {
		t.Errorf("links %+v", table.Links)
	}
	if err := errors.Join(table.Close(), r.leftovers(0, len(r.dirs))); err != nil {
		t.Error(err)
	}
	// Pinned ones stay by themselves.
	c, _ = load(Options{PinPath: "/sys/fs/bpf/x"})
	if h, err = c.Handover(HandoverOptions{}); err != nil || !slices.Equal(h.Names, []string{"hits"}) {
		t.Errorf("names %q, %v", h.Names, err)
	}
}
