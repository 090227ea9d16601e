package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bpfload/bpfload/elfload"
	"github.com/bpfload/bpfload/internal/kerneltest"
)

// socketDir is a directory with a short path, as those of sockets must be (108 bytes).
func socketDir(t *testing.T) string {
	t.Helper()
	root := os.TempDir()
	if len(root) > 80 {
		root = "/tmp"
	}
	dir, err := os.MkdirTemp(root, "bl")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// listen is a stream socket and its path.
func listen(t *testing.T) (*net.UnixListener, string) {
	t.Helper()
	path := filepath.Join(socketDir(t), "s")
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l, path
}

// The maps live on in the receiver, although the loader has ended before it reads.
func TestSendPassesTheTable(t *testing.T) {
	kerneltest.Require(t)
	l, path := listen(t)
	sent := bpfload(t, "load", "--json", "--send", path, "--progs", "--read-only", "a", objects+"order.o")
	if sent.code != 0 {
		t.Fatalf("%+v", sent)
	}
	conn, err := l.AcceptUnix()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	table, err := elfload.Receive(conn)
	if err != nil {
		t.Fatal(err)
	}
	defer table.Close()
	d := sent.document(t)
	for i := range d.Maps {
		info, err := table.MapData[i].Map.Info()
		if err != nil {
			t.Fatal(err)
		}
		if id, _ := info.ID(); table.MapData[i].Name != string(d.Maps[i].Name) || uint32(id) != *d.Maps[i].ID {
			t.Errorf("row %d is %+v, want %+v", i, table.MapData[i], d.Maps[i])
		}
	}
	if err := table.Map("b").Put(uint32(1), uint64(2)); err != nil {
		t.Error(err)
	}
	if err := table.Map("a").Put(uint32(1), uint64(2)); err == nil {
		t.Error("a map that was passed read-only can be written")
	}
	if table.Program("uses_all") == nil {
		t.Error("the program was not passed")
	}
	if n, err := conn.Read(make([]byte, 1)); n != 0 || !errors.Is(err, io.EOF) {
		t.Errorf("%d more bytes, %v", n, err)
	}
}

func TestSendToPython(t *testing.T) {
	kerneltest.Require(t)
	l, path := listen(t)
	l.Close()
	cmd := exec.CommandContext(t.Context(), python(t), "testdata/receive.py", path)
	cmd.Stderr = os.Stderr
	pipe, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	out := bufio.NewReader(pipe)
	if line, err := out.ReadString('\n'); line != "listening\n" {
		t.Fatalf("%q, %v", line, err)
	}
	bpfload(t, "load", "--send", path, objects+"hundred.o").want(t, 0, []string{"map_data"}, nil)
	first, _ := out.ReadString('\n')
	rest, err := io.ReadAll(out)
	if err := errors.Join(err, cmd.Wait()); err != nil {
		t.Fatal(err)
	}
	var d elfload.Document
	if err := json.Unmarshal([]byte(first), &d); err != nil {
		t.Fatal(err)
	}
	var want strings.Builder
	for i := range d.Maps {
		fmt.Fprintf(&want, "%s %d %d\n", d.Maps[i].Name, i, *d.Maps[i].ID)
	}
	if len(d.Maps) != 100 || string(rest) != want.String() {
		t.Errorf("received %s, want %s", rest, &want)
	}
}

func TestSendFailsBeforeTheLoad(t *testing.T) {
	_, path := listen(t)
	bpfload(t, "load", "--send", path+"x", objects+"order.o").want(t, exitOther, nil, []string{"error: --send", "no such file"})
	bpfload(t, "load", "--send", path, "--read-only", "x", objects+"order.o").want(t, exitUsage, nil, []string{`"x"`})
	bpfload(t, "load", "--progs", objects+"order.o").want(t, exitUsage, nil, []string{"--send"})
}
