package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/cilium/ebpf"

	"github.com/bpfload/bpfload/elfload"
	"github.com/bpfload/bpfload/internal/kerneltest"
)

// manager plays the service manager: it reads what a service tells, keeps the
// descriptors that it stores, and passes them to its next start.
type manager struct {
	t      *testing.T
	conn   *net.UnixConn
	socket string
	said   chan string // assignments, but FDSTORE and BARRIER

	mu     sync.Mutex // what follows is written while the service runs
	names  []string
	fds    []*os.File
	stored []string // names of what was stored since the last start
	// removed are closed at the end: the race detector does not know that a process
	// which they were passed to had to start before it could ask for that.
	removed []*os.File
}

func newManager(t *testing.T) *manager {
	t.Helper()
	m := &manager{t: t, socket: filepath.Join(socketDir(t), "notify"), said: make(chan string, 64)}
	var err error
	if m.conn, err = net.ListenUnixgram("unixgram", &net.UnixAddr{Name: m.socket, Net: "unixgram"}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		m.conn.Close()
		for _, f := range slices.Concat(m.fds, m.removed) {
			f.Close()
		}
	})
	return m
}

// listen reads messages until the manager ends; stop makes it stop and wait.
func (m *manager) listen() (stop func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		buf, oob := make([]byte, 4096), make([]byte, syscall.CmsgSpace(4*253))
		for {
			n, oobn, _, _, err := m.conn.ReadMsgUnix(buf, oob)
			if err != nil {
				return
			}
			m.message(string(buf[:n]), rights(oob[:oobn]))
		}
	}()
	return func() {
		_ = m.conn.SetReadDeadline(time.Now())
		<-done
		_ = m.conn.SetReadDeadline(time.Time{})
	}
}

func rights(oob []byte) []*os.File {
	var out []*os.File
	messages, _ := syscall.ParseSocketControlMessage(oob)
	for i := range messages {
		fds, _ := syscall.ParseUnixRights(&messages[i])
		for _, fd := range fds {
			out = append(out, os.NewFile(uintptr(fd), "passed"))
		}
	}
	return out
}

func (m *manager) message(text string, files []*os.File) {
	said := make(map[string]string)
	for _, line := range strings.Split(text, "\n") {
		key, value, _ := strings.Cut(line, "=")
		said[key] = value
	}
	switch {
	case said["FDSTORE"] == "1" && len(files) == 1:
		m.mu.Lock()
		defer m.mu.Unlock()
		m.names, m.fds, m.stored = append(m.names, said["FDNAME"]), append(m.fds, files[0]), append(m.stored, said["FDNAME"])
	case said["BARRIER"] == "1" && len(files) == 1:
		files[0].Close()
	case said["FDSTOREREMOVE"] == "1":
		m.mu.Lock()
		for at := slices.Index(m.names, said["FDNAME"]); at >= 0; at = slices.Index(m.names, said["FDNAME"]) {
			m.removed = append(m.removed, m.fds[at])
			m.names, m.fds = slices.Delete(m.names, at, at+1), slices.Delete(m.fds, at, at+1)
		}
		m.mu.Unlock()
		m.said <- text
	default:
		m.said <- text
	}
}

// start is the service: bpfload with what the manager has stored.
func (m *manager) start(ctx context.Context, args ...string) *exec.Cmd {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.stored = nil
	exe, err := os.Executable()
	if err != nil {
		m.t.Fatal(err)
	}
	// Only the process itself knows its id.
	cmd := exec.CommandContext(ctx, "sh", append([]string{"-c", `export LISTEN_PID=$$; exec "$@"`, "sh", exe}, args...)...)
	cmd.Env = append(os.Environ(), mainEnv+"=1", "NOTIFY_SOCKET="+m.socket)
	if len(m.fds) > 0 {
		cmd.Env = append(cmd.Env, fmt.Sprint("LISTEN_FDS=", len(m.fds)), "LISTEN_FDNAMES="+strings.Join(m.names, ":"))
		cmd.ExtraFiles = slices.Clone(m.fds)
	}
	return cmd
}

func (m *manager) hears(want string) {
	m.t.Helper()
	select {
	case got := <-m.said:
		if first, _, _ := strings.Cut(got, "\n"); first != want {
			m.t.Errorf("the service says %q, not %q", got, want)
		}
	case <-time.After(2 * kerneltest.Patience):
		m.t.Fatalf("the service does not say %q", want)
	}
}

// newly are the names of what was stored since the last start.
func (m *manager) newly() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.stored)
}

// file opens what was stored under a name.
func (m *manager) file(name string) *ebpf.Map {
	m.t.Helper()
	m.mu.Lock()
	defer m.mu.Unlock()
	at := slices.Index(m.names, name)
	if at < 0 {
		m.t.Fatalf("nothing is stored as %q: %q", name, m.names)
	}
	fd, err := syscall.Dup(int(m.fds[at].Fd()))
	if err != nil {
		m.t.Fatal(err)
	}
	out, err := ebpf.NewMapFromFD(fd)
	if err != nil {
		m.t.Fatal(err)
	}
	m.t.Cleanup(func() { out.Close() })
	return out
}

// A service that is restarted has its maps, with their contents; the constants are
// the new object's. One whose maps are incompatible makes nothing.
func TestServiceKeepsItsMaps(t *testing.T) {
	kerneltest.Require(t)
	m := newManager(t)
	stop := m.listen()
	defer stop()
	var out, errs bytes.Buffer
	first := m.start(t.Context(), "load", "--json", "--hold", "--fdstore", objects+"attach.o")
	first.Stdout, first.Stderr = &out, &errs
	if err := first.Start(); err != nil {
		t.Fatal(err)
	}
	m.hears("READY=1")
	if stored := m.newly(); !slices.Equal(stored, []string{"hits"}) {
		t.Errorf("stored %q", stored)
	}
	if err := first.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	m.hears("STOPPING=1")
	if err := first.Wait(); err != nil {
		t.Fatalf("%v\n%s", err, &errs)
	}
	// Between the two starts only the manager has the map.
	if err := m.file("hits").Put(uint32(7), uint64(4711)); err != nil {
		t.Fatal(err)
	}
	var before elfload.Document
	if err := json.Unmarshal(out.Bytes(), &before); err != nil {
		t.Fatal(err)
	}

	out.Reset()
	again := m.start(t.Context(), "run", "--fdstore", objects+"attach_next.o", "--", "sh", "-c", `echo "$BPFLOAD_MAP_DATA"; echo $LISTEN_FDS $LISTEN_FDNAMES $NOTIFY_SOCKET`)
	again.Stdout, again.Stderr = &out, &errs
	if err := again.Run(); err != nil {
		t.Fatalf("%v\n%s", err, &errs)
	}
	line, rest, _ := strings.Cut(out.String(), "\n")
	var after elfload.Document
	if err := json.Unmarshal([]byte(line), &after); err != nil {
		t.Fatal(err)
	}
	if *before.Maps[0].ID != *after.Maps[0].ID || !after.Maps[0].Passed || before.Maps[0].Passed {
		t.Errorf("map %d became %d, passed %v", *before.Maps[0].ID, *after.Maps[0].ID, after.Maps[0].Passed)
	}
	if rest != "1 hits "+m.socket+"\n" || len(m.newly()) != 0 {
		t.Errorf("the command has %q; stored again: %q", rest, m.newly())
	}
	var v uint64
	if err := m.file("hits").Lookup(uint32(7), &v); err != nil || v != 4711 {
		t.Errorf("the element is %d, %v", v, err)
	}

	errs.Reset()
	grown := m.start(t.Context(), "load", "--fdstore", objects+"attach.o", "--map", "hits.max_entries=9", "--on-mismatch", "migrate")
	grown.Stderr = &errs
	if err := grown.Run(); err != nil || !strings.Contains(errs.String(), "max_entries") {
		t.Errorf("migrating: %v\n%s", err, &errs)
	}
	m.hears("FDSTOREREMOVE=1")
	v = 0
	if err := m.file("hits").Lookup(uint32(7), &v); err != nil || v != 4711 || m.file("hits").MaxEntries() != 9 || len(m.names) != 1 {
		t.Errorf("stored now: %q, %v with the element %d, %v", m.names, m.file("hits"), v, err)
	}

	errs.Reset()
	bad := m.start(t.Context(), "load", "--fdstore", objects+"attach.o", "--map", "hits.max_entries=10")
	bad.Stderr = &errs
	var exit *exec.ExitError
	if err := bad.Run(); !errors.As(err, &exit) || exit.ExitCode() != exitPin || !strings.Contains(errs.String(), "max_entries") {
		t.Errorf("another definition: %v\n%s", err, &errs)
	}
}

// --fdstore without a manager is wrong usage, and one that is not there an error.
func TestServiceUsage(t *testing.T) {
	t.Setenv("NOTIFY_SOCKET", "")
	bpfload(t, "load", "--fdstore", objects+"attach.o").want(t, exitUsage, nil, []string{"NOTIFY_SOCKET", "hint: "})
	t.Setenv("NOTIFY_SOCKET", filepath.Join(t.TempDir(), "nobody"))
	bpfload(t, "load", "--fdstore", objects+"attach.o").want(t, exitOther, nil, []string{"the service manager cannot be told"})
	t.Setenv("NOTIFY_SOCKET", "vsock:2:3")
	bpfload(t, "load", "--fdstore", objects+"attach.o").want(t, exitOther, nil, []string{"neither a path nor an abstract name"})
}

// A manager that does not read ends the wait; what was sent is taken back.
func TestServiceThatDoesNotAnswer(t *testing.T) {
	kerneltest.Require(t)
	m := newManager(t)
	t.Setenv("NOTIFY_SOCKET", m.socket)
	s, err := elfload.DialService()
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	c, err := elfload.Load(t.Context(), objects+"order.o", elfload.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := s.Store(c, 10*time.Millisecond); err == nil || !strings.Contains(err.Error(), "has not read") {
		t.Errorf("%v", err)
	}
	stop := m.listen()
	for range len(c.MapData) {
		if got := <-m.said; !strings.HasPrefix(got, "FDSTOREREMOVE=1\nFDNAME=") {
			t.Errorf("said %q", got)
		}
	}
	stop()
	if stored, want := m.newly(), []string{"outer", "inner", "a", "b"}; !slices.Equal(stored, want) {
		t.Errorf("stored %q, want %q", stored, want)
	}
	var nobody *elfload.Service
	if err := errors.Join(nobody.Notify("READY=1"), nobody.Close()); err != nil {
		t.Error(err)
	}
}
