package elfload_test

import (
	"context"
	"net"
	"path/filepath"
	"testing"
	"time"

	"github.com/bpfload/bpfload/elfload"
	"github.com/bpfload/bpfload/internal/kerneltest"
)

// loadOrRefused is load, or nil where this kernel cannot attach so.
func loadOrRefused(t *testing.T, file string, opts elfload.Options) *elfload.Collection {
	t.Helper()
	c, err := elfload.Load(context.Background(), filepath.Join(objects, file), opts)
	if err != nil {
		if k := elfload.Kind(err); k != elfload.ErrNotSupported && k != elfload.ErrPrivilege {
			t.Errorf("%v, kind %v", err, k)
		}
		t.Logf("this kernel refuses it: %v", err)
		return nil
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

// A packet that goes out runs the program at that hook.
func TestAttachToNetfilterRuns(t *testing.T) {
	n := newNetwork(t)
	c := loadOrRefused(t, "attach_sockets.o", elfload.Options{Attach: to("on_output=netfilter:ipv4:output:-128")})
	if c == nil {
		return
	}
	n.send(3)
	if got := hits(t, c, 2); got != 3 {
		t.Errorf("3 packets, %d calls", got)
	}
}

// Programs of a sockmap see what is sent by, and comes in at, the sockets in it.
func TestAttachToSockmapRuns(t *testing.T) {
	newNetwork(t)
	c := loadOrRefused(t, "attach_sockets.o", elfload.Options{Attach: to("on_stream=sockmap:sockets", "on_msg=sockmap:sockets")})
	if c == nil {
		return
	}
	ln, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	ends := make([]net.Conn, 2)
	if ends[0], err = net.Dial("tcp4", ln.Addr().String()); err != nil {
		t.Fatal(err)
	}
	defer ends[0].Close()
	if ends[1], err = ln.Accept(); err != nil {
		t.Fatal(err)
	}
	defer ends[1].Close()
	for i, end := range ends {
		raw, err := end.(*net.TCPConn).SyscallConn()
		if err != nil {
			t.Fatal(err)
		}
		if cerr := raw.Control(func(fd uintptr) { err = c.Map("sockets").Put(uint32(i), uint32(fd)) }); cerr != nil || err != nil {
			t.Fatal(cerr, err)
		}
	}
	if _, err := ends[0].Write([]byte("hello")); err != nil {
		t.Fatal(err)
	}
	if !kerneltest.Wait(func() bool { return hits(t, c, 0) > 0 && hits(t, c, 1) > 0 }) {
		t.Errorf("a message: sk_skb has seen %d, sk_msg %d", hits(t, c, 0), hits(t, c, 1))
	}
	if err := ends[1].SetReadDeadline(time.Now().Add(kerneltest.Patience)); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 16)
	if got, err := ends[1].Read(buf); err != nil || string(buf[:got]) != "hello" {
		t.Errorf("it arrives as %q, %v", buf[:got], err)
	}
}
