package elfload_test

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/bpfload/bpfload/elfload"
	"github.com/bpfload/bpfload/internal/kerneltest"
)

// congestionControls are the names that the kernel knows, loaded modules only.
func congestionControls(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile("/proc/sys/net/ipv4/tcp_available_congestion_control")
	if err != nil {
		t.Skip(err)
	}
	return strings.Fields(string(text))
}

func requireControl(t *testing.T, name string, want bool) {
	t.Helper()
	if have := slices.Contains(congestionControls(t), name); have != want {
		t.Fatalf("congestion control %q is there: %t, want %t", name, have, want)
	}
}

// talk makes a connection over the loopback device that is controlled by name.
func talk(t *testing.T, name string) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	go func() {
		if c, err := ln.Accept(); err == nil {
			_, _ = c.Write(make([]byte, 1<<20))
			c.Close()
		}
	}()
	d := net.Dialer{Control: func(_, _ string, raw syscall.RawConn) error {
		var serr error
		err := raw.Control(func(fd uintptr) {
			serr = unix.SetsockoptString(int(fd), unix.IPPROTO_TCP, unix.TCP_CONGESTION, name)
		})
		return errors.Join(err, serr)
	}}
	c, err := d.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	buf, total := make([]byte, 1<<16), 0
	for {
		n, err := c.Read(buf)
		total += n
		if err != nil {
			break
		}
	}
	if total != 1<<20 {
		t.Errorf("%d bytes have come through", total)
	}
}

// R127: the image is written when the map is attached, not when it is loaded.
func TestStructOpsRegister(t *testing.T) {
	kerneltest.Require(t)
	requireControl(t, "bpfload_fx", false)
	c := load(t, "struct_ops.o", elfload.Options{})
	requireControl(t, "bpfload_fx", false)
	d := c.Data("plain")
	info, err := d.Map.Info()
	if err != nil {
		t.Fatal(err)
	}
	if info.ValueSize == d.Def.ValueSize || d.ValueSize != info.ValueSize {
		t.Errorf("R122 the value has %d bytes, the table says %d", info.ValueSize, d.ValueSize)
	}
	ops, err := c.AttachStructOps("plain")
	if err != nil {
		t.Fatal(err)
	}
	requireControl(t, "bpfload_fx", true)
	talk(t, "bpfload_fx")
	if ops.FD != -1 {
		t.Errorf("a map in .struct_ops has link %d", ops.FD)
	}
	for range 2 {
		if err := ops.Close(); err != nil {
			t.Fatal(err)
		}
	}
	requireControl(t, "bpfload_fx", false)
}

// R122, R123, R125, R126: a flavour of the struct, in .struct_ops.link, with a
// member that no kernel has.
func TestStructOpsLink(t *testing.T) {
	kerneltest.Require(t)
	c := load(t, "struct_ops_link.o", elfload.Options{})
	for _, p := range []struct {
		name   string
		loaded bool
	}{{"shared", true}, {"avoids", true}, {"undoes", true}, {"spare", false}, {"never", false}} {
		if (c.Program(p.name) != nil) != p.loaded {
			t.Errorf("R126 program %q is loaded: %t", p.name, !p.loaded)
		}
	}
	if c.Map("first") != nil || c.Map("second") != nil {
		t.Error("D1 optional maps were created")
	}
	if !slices.ContainsFunc(c.Warnings, func(w elfload.Warning) bool { return w.Code == "struct_ops_member" && w.Program == "never" }) {
		t.Errorf("R125 nothing tells that a member is missing: %v", c.Warnings)
	}
	for range 2 { // the kernel keeps the value: the second time it is there already
		ops, err := c.AttachStructOps("linked")
		if err != nil {
			t.Fatal(err)
		}
		requireControl(t, "bpfload_ln", true)
		talk(t, "bpfload_ln")
		if ops.FD < 3 {
			t.Errorf("the link is %d", ops.FD)
		}
		if err := ops.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := c.AttachStructOps("first"); !errors.Is(err, elfload.ErrUsage) {
		t.Errorf("a map that was not created: %v", err)
	}
	if _, err := c.AttachStructOps("nosuch"); !errors.Is(err, elfload.ErrUsage) {
		t.Errorf("no such map: %v", err)
	}
}

// R124: an optional map is created on request, and its programs with it.
func TestStructOpsOptional(t *testing.T) {
	kerneltest.Require(t)
	c := load(t, "struct_ops_link.o", elfload.Options{Autoload: []string{"first"}})
	if c.Map("first") == nil || c.Map("second") != nil || c.Program("spare") == nil {
		t.Errorf("maps %v, program %v", c.MapData, c.Program("spare"))
	}
	_, err := c.AttachStructOps("first") // sets too few members
	var e *elfload.Error
	if !errors.As(err, &e) || e.Errno != syscall.EINVAL || e.Symbol != "first" || e.Hint == "" {
		t.Errorf("a congestion control without undo_cwnd: %v", err)
	}
}

// A struct_ops map is taken from its pin like any other.
func TestStructOpsPin(t *testing.T) {
	kerneltest.Require(t)
	dir := filepath.Join(kerneltest.BPFFS(t), "struct_ops")
	first := load(t, "struct_ops.o", elfload.Options{PinPath: dir})
	second := load(t, "struct_ops.o", elfload.Options{PinPath: dir})
	a, b := first.Data("plain"), second.Data("plain")
	if !b.Reused || a.ID != b.ID || b.ValueSize != a.ValueSize {
		t.Errorf("map %d of %d bytes, then map %d of %d bytes, reused: %t", a.ID, a.ValueSize, b.ID, b.ValueSize, b.Reused)
	}
}

// Without programs there is nothing to register.
func TestStructOpsMapsOnly(t *testing.T) {
	kerneltest.Require(t)
	c := load(t, "struct_ops.o", elfload.Options{MapsOnly: true})
	if _, err := c.AttachStructOps("plain"); !errors.Is(err, elfload.ErrUsage) || !strings.Contains(err.Error(), "ssthresh") {
		t.Errorf("attaching without programs: %v", err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := c.AttachStructOps("plain"); !errors.Is(err, elfload.ErrUsage) {
		t.Errorf("attaching what is closed: %v", err)
	}
}
