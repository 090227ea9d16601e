//go:build unix

package elfload

import (
	"context"
	"fmt"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/bpfload/bpfload/internal/elftest"
	"github.com/bpfload/bpfload/internal/kerneltest"
)

// pair is the two ends of a stream socket.
func pair(t *testing.T) (a, b *net.UnixConn) {
	t.Helper()
	fds, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	var ends [2]*net.UnixConn
	for i, fd := range fds {
		f := os.NewFile(uintptr(fd), "")
		c, err := net.FileConn(f)
		if err != nil {
			t.Fatal(err)
		}
		f.Close()
		t.Cleanup(func() { c.Close() })
		ends[i] = c.(*net.UnixConn)
	}
	return ends[0], ends[1]
}

// More maps than one message carries come in order, and two tables after each other.
func TestSendInBatches(t *testing.T) {
	kerneltest.Require(t)
	for _, n := range []int{0, 1, 252, 253, 254, 506, 600} {
		m := elftest.NewMaps(nil)
		for i := range n {
			m.Map(fmt.Sprintf("m%d", i), m.Uint("type", 2), m.Uint("key_size", 4), m.Uint("value_size", 4), m.Uint("max_entries", 1))
		}
		obj, err := Read(m.Object().Bytes(), ReadOptions{})
		if err != nil {
			t.Fatal(err)
		}
		plan, err := obj.Plan(Options{})
		if err != nil {
			t.Fatal(err)
		}
		c, err := plan.Load(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		h, err := c.Handover(HandoverOptions{})
		if err != nil {
			t.Fatal(err)
		}
		a, b := pair(t)
		sent := make(chan error)
		go func() {
			for range 2 {
				sent <- h.Send(a)
			}
		}()
		for range 2 {
			table, err := Receive(b)
			if err != nil {
				t.Fatalf("%d maps: %v", n, err)
			}
			if err := <-sent; err != nil {
				t.Errorf("%d maps: %v", n, err)
			}
			for i := range table.MapData {
				if d := &table.MapData[i]; d.Name != fmt.Sprintf("m%d", i) || d.ID != c.MapData[i].ID {
					t.Errorf("%d maps: row %d is %+v", n, i, d)
				}
			}
			if len(table.MapData) != n {
				t.Errorf("%d rows instead of %d", len(table.MapData), n)
			}
			if err := table.Close(); err != nil {
				t.Error(err)
			}
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestReceiveRefusesOtherStreams(t *testing.T) {
	header := func(count, names, document any) string {
		return fmt.Sprintf("bpfload/1 %010v %010v %010v\n", count, names, document)
	}
	for _, tc := range []struct{ name, text, want string }{
		{"nothing", "", "EOF"},
		{"half a header", "bpfload/1 00000", "EOF"},
		{"another protocol", strings.Repeat("GET / HTTP/1.1\r\n", 9), "does not begin with bpfload/1"},
		{"another number", strings.Replace(header(0, 1, 3), "/1", "/9", 1), "does not begin with bpfload/1"},
		{"no number", header("x", 1, 3), "not a number"},
		{"too many descriptors", header(9999999999, 1, 3), "not a number up to"},
		{"a long document", header(0, 1, 9999999999), "not a number up to"},
		{"descriptors that do not come", header(2, 4, 3) + "a:b\n{}\n", "0 descriptors instead of 2"},
		{"names without an end", header(0, 1, 3) + "x{}\n", "does not end"},
		{"names for nothing", header(0, 2, 3) + "x\n{}\n", "1 names for 0"},
		{"an empty document", header(0, 1, 3) + "\n{}\n", "schema"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			a, b := pair(t)
			if _, err := a.Write([]byte(tc.text)); err != nil {
				t.Fatal(err)
			}
			a.Close()
			table, err := Receive(b)
			if table != nil || err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("%v, want %q", err, tc.want)
			}
		})
	}
}

// What came before an error is closed.
func TestReceiveClosesWhatCame(t *testing.T) {
	a, b := pair(t)
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	text := fmt.Sprintf(sendHeader, 2, 4, 3)
	if _, _, err := a.WriteMsgUnix([]byte(text), syscall.UnixRights(int(w.Fd())), nil); err != nil {
		t.Fatal(err)
	}
	w.Close()
	a.Close()
	if _, err := Receive(b); err == nil {
		t.Fatal("half a table is received")
	}
	if n, err := r.Read(make([]byte, 1)); n != 0 || err == nil { // no end that writes is open
		t.Errorf("%d bytes, %v", n, err)
	}
}
