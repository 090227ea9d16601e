package elfload_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/bpfload/bpfload/elfload"
	"github.com/bpfload/bpfload/internal/kerneltest"
)

// network is a network namespace with a pair of devices, in which the test's
// thread is: packets to the address reach veth1 by way of veth0.
type network struct{ t *testing.T }

// newNetwork moves the test into a network namespace of its own.
func newNetwork(t *testing.T) *network {
	t.Helper()
	kerneltest.Require(t)
	if _, err := exec.LookPath("ip"); err != nil {
		t.Skip("no ip(8): ", err)
	}
	runtime.LockOSThread() // never unlocked: the thread ends with the test
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		t.Skip("no network namespace: ", err)
	}
	n := &network{t}
	// Without IPv6 the devices say nothing by themselves. Where it cannot be switched
	// off, tests allow for a few packets of the kernel's.
	_ = os.WriteFile("/proc/sys/net/ipv6/conf/default/disable_ipv6", []byte("1"), 0)
	for _, line := range []string{"link set lo up", "link add veth0 type veth peer name veth1", "link set veth0 up", "link set veth1 up",
		"addr add 192.0.2.1/24 dev veth0", "neigh add 192.0.2.2 lladdr 02:00:00:00:00:02 dev veth0"} {
		n.ip(line)
	}
	return n
}

// ip runs ip(8) here: a child has the thread's namespace.
func (n *network) ip(line string) {
	n.t.Helper()
	if out, err := exec.CommandContext(n.t.Context(), "ip", strings.Fields(line)...).CombinedOutput(); err != nil {
		n.t.Fatalf("ip %s: %v\n%s", line, err, out)
	}
}

// send sends packets out of veth0, each when the one before has come in at veth1:
// the kernel drops what its queue between the two cannot hold, before any program
// sees it.
func (n *network) send(count int) {
	n.t.Helper()
	in := n.sniff("veth1")
	c, err := net.Dial("udp4", "192.0.2.2:9")
	if err != nil {
		n.t.Fatal(err)
	}
	defer c.Close()
	for i := range count {
		if _, err := c.Write([]byte("x")); err != nil {
			n.t.Fatal(err)
		}
		if err := comesIn(in); err != nil {
			n.t.Fatalf("packet %d has not come in: %v", i, err)
		}
	}
}

// comesIn waits for one packet at a socket of sniff.
func comesIn(fd int) error {
	for frame := make([]byte, 256); ; {
		if _, _, err := unix.Recvfrom(fd, frame, 0); err != unix.EINTR {
			return err
		}
	}
}

// sniff is a socket that sees the IPv4 packets that have come in at a device, after
// its XDP program and before its TCX programs.
func (n *network) sniff(device string) int {
	n.t.Helper()
	dev, err := net.InterfaceByName(device)
	if err != nil {
		n.t.Fatal(err)
	}
	const ipv4 = unix.ETH_P_IP>>8 | unix.ETH_P_IP&0xff<<8
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, ipv4)
	if err != nil {
		n.t.Fatal(err)
	}
	n.t.Cleanup(func() { unix.Close(fd) })
	if err := unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: ipv4, Ifindex: dev.Index}); err != nil {
		n.t.Fatal(err)
	}
	if err := unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Sec: int64(kerneltest.Patience / time.Second)}); err != nil {
		n.t.Fatal(err)
	}
	return fd
}

// hits reads an element of attach.o's map.
func hits(t *testing.T, c *elfload.Collection, which uint32) uint64 {
	t.Helper()
	var v uint64
	if err := c.Map("hits").Lookup(which, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// to is an AttachTo list: PROG=TARGET each.
func to(list ...string) elfload.AttachOptions {
	var o elfload.AttachOptions
	for _, s := range list {
		prog, target, _ := strings.Cut(s, "=")
		o.To = append(o.To, elfload.AttachTo{Program: prog, Target: target})
	}
	return o
}

// Packets show that what is attached runs, and that it does not once the
// collection is closed.
func TestAttachRuns(t *testing.T) {
	n := newNetwork(t)
	c := load(t, "attach.o", elfload.Options{Attach: to("on_xdp=xdp-generic:veth1", "on_tc=tcx-ingress:veth1", "on_tc=tcx-egress:veth0")})
	n.send(10)
	if !kerneltest.Wait(func() bool { return hits(t, c, 0) >= 10 && hits(t, c, 1) >= 20 }) {
		t.Errorf("10 packets: XDP has seen %d, TCX %d", hits(t, c, 0), hits(t, c, 1))
	}
	for i, want := range []string{"on_xdp", "on_tc", "on_tc-2"} {
		if l := c.Links[i]; l.Name != want || l.FD < 3 || l.ID == 0 || l.Reused {
			t.Errorf("link %d is %+v", i, l)
		}
	}
	m, err := c.Map("hits").Clone()
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	var before, after uint64
	_ = m.Lookup(uint32(0), &before)
	n.send(10)
	if _ = m.Lookup(uint32(0), &after); after != before {
		t.Errorf("XDP has run %d times after it was detached", after-before)
	}
}

// cgroup2 makes a cgroup and moves nothing into it.
func cgroup2(t *testing.T) string {
	t.Helper()
	for _, root := range []string{"/sys/fs/cgroup", "/sys/fs/cgroup/unified"} {
		dir, err := os.MkdirTemp(root, "bpfload-test-")
		if err != nil {
			continue
		}
		if _, err := os.Stat(filepath.Join(dir, "cgroup.procs")); err != nil || !onCgroup2(dir) {
			_ = os.Remove(dir)
			continue
		}
		t.Cleanup(func() {
			if err := os.Remove(dir); err != nil {
				t.Error(err)
			}
		})
		return dir
	}
	t.Skip("no cgroup2 file system")
	return ""
}

func onCgroup2(dir string) bool {
	var st unix.Statfs_t
	return unix.Statfs(dir, &st) == nil && uint32(st.Type) == unix.CGROUP2_SUPER_MAGIC
}

func TestAttachToCgroupAndNetNS(t *testing.T) {
	n := newNetwork(t)
	dir := cgroup2(t)
	c := load(t, "attach.o", elfload.Options{Attach: to("on_egress=cgroup:"+dir, "on_connect=cgroup:"+dir, "on_lookup=netns:self")})
	ln, err := net.Listen("tcp4", "192.0.2.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	// A process in the cgroup connects.
	sh := exec.CommandContext(t.Context(), "sh", "-c", `echo $$ > "$1/cgroup.procs" && exec bash -c 'exec 3<>/dev/tcp/192.0.2.1/'$2`, "sh", dir, fmt.Sprint(ln.Addr().(*net.TCPAddr).Port))
	if out, err := sh.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if e, cn, l := hits(t, c, 2), hits(t, c, 3), hits(t, c, 4); e == 0 || cn != 1 || l == 0 {
		t.Errorf("one connection: egress has seen %d packets, connect4 %d calls, sk_lookup %d", e, cn, l)
	}
	n.t.Logf("links %+v", c.Links)
}

// A second load of the next version over the same pins has the same links run
// the new programs: the kernel's ids of the links stay.
func TestAttachUpdatesPinnedLinks(t *testing.T) {
	n := newNetwork(t)
	dir := filepath.Join(kerneltest.BPFFS(t), "attach")
	cgroup := cgroup2(t)
	o := elfload.Options{PinPath: dir, Attach: to("on_xdp=xdp-generic:veth1", "on_tc=tcx-ingress:veth1", "on_connect=cgroup:"+cgroup, "on_lookup=netns:self")}
	first := load(t, "attach.o", o)
	ids := make(map[string]uint32)
	for _, l := range first.Links {
		ids[l.Name] = l.ID
		if l.Reused {
			t.Errorf("link %q is reused", l.Name)
		}
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	next := load(t, "attach_next.o", o)
	for _, l := range next.Links {
		if ids[l.Name] != l.ID || !l.Reused {
			t.Errorf("link %q has id %d, had %d; reused %v", l.Name, l.ID, ids[l.Name], l.Reused)
		}
	}
	before := hits(t, next, 0)
	n.send(1)
	if x := hits(t, next, 0) - before; x < 1000 {
		t.Errorf("one packet: the counter goes up by %d, so the old program runs", x)
	}
	for _, name := range []string{"on_xdp", "on_tc", "on_connect", "on_lookup"} {
		if _, err := os.Stat(filepath.Join(dir, "links", name)); err != nil {
			t.Error(err)
		}
	}
	// A link at another place replaces the pinned one.
	o.Attach = to("on_xdp=xdp-generic:veth0")
	if err := next.Close(); err != nil {
		t.Fatal(err)
	}
	moved := load(t, "attach_next.o", o)
	if l := moved.Links[0]; l.Reused || l.ID == ids["on_xdp"] {
		t.Errorf("the link to veth0 is %+v", l)
	}
	if left, err := os.ReadDir(filepath.Join(dir, "links")); err != nil || len(left) != 4 {
		t.Errorf("pinned links: %v, %v", left, err)
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Error(err)
	}
}

// No packet goes by without being counted by one version or the other, and none by both.
func TestAttachUpdateHasNoGap(t *testing.T) {
	n := newNetwork(t)
	dir := filepath.Join(kerneltest.BPFFS(t), "gap")
	o := elfload.Options{PinPath: dir, Attach: to("on_xdp=xdp-generic:veth1")}
	c := load(t, "attach.o", o)
	defer os.RemoveAll(dir)
	in := n.sniff("veth1")
	conn, err := net.Dial("udp4", "192.0.2.2:9")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	// One packet is on its way at a time, as in send.
	var stop atomic.Bool
	var sent atomic.Uint64
	var sender sync.WaitGroup
	before := hits(t, c, 0)
	sender.Go(func() {
		for !stop.Load() {
			if _, err := conn.Write([]byte("x")); err != nil {
				t.Errorf("packet %d: %v", sent.Load(), err)
				return
			}
			if err := comesIn(in); err != nil {
				t.Errorf("packet %d has not come in: %v", sent.Load(), err)
				return
			}
			sent.Add(1)
		}
	})
	for i := range 6 {
		load(t, []string{"attach_next.o", "attach.o"}[i%2], o)
		// However slow the sender is, each version sees packets.
		for seen := sent.Load(); sent.Load() < seen+20 && !t.Failed(); {
			time.Sleep(time.Millisecond)
		}
	}
	stop.Store(true)
	sender.Wait()
	count, got := sent.Load(), hits(t, c, 0)-before
	if count < 100 || got/1000 == 0 || got == 1000*count {
		t.Errorf("%d packets, counter %d: the test asserts nothing", count, got)
	}
	// got is 1000 for each packet that the next version has seen and 1 for each of the
	// first's: modulo 999 the number of all. Some are the kernel's own.
	if extra := (got - count) % 999; extra > 20 {
		t.Errorf("%d packets, counter %d: %d have not been counted", count, got, 999-extra)
	}
	n.t.Logf("%d packets sent, counter %d", count, got)
}

// After a failed load nothing is attached and no pin is left.
func TestAttachIsAllOrNothing(t *testing.T) {
	n := newNetwork(t)
	dir := filepath.Join(kerneltest.BPFFS(t), "failed")
	busy := load(t, "order.o", elfload.Options{Attach: to("uses_all=xdp-generic:veth1")})
	o := elfload.Options{PinPath: dir, Attach: to("on_tc=tcx-ingress:veth1", "on_xdp=xdp-generic:veth1")}
	_, err := elfload.Load(context.Background(), filepath.Join(objects, "attach.o"), o)
	var e *elfload.Error
	if !errors.As(err, &e) || e.Stage != elfload.StageAttach || e.Errno != syscall.EBUSY || e.Symbol != "on_xdp" || e.Hint == "" {
		t.Fatalf("%#v", err)
	}
	if _, err := os.Stat(dir); err == nil {
		t.Error("the pin directory is left")
	}
	if err := busy.Close(); err != nil {
		t.Fatal(err)
	}
	n.send(1)
	load(t, "attach.o", elfload.Options{Attach: to("on_xdp=xdp-generic:veth1")})
}

func TestAttachRefusesPlaces(t *testing.T) {
	newNetwork(t)
	for _, tt := range []struct {
		target, text string
		kind         error
	}{
		{"on_xdp=xdp:nosuch0", "no such network interface", elfload.ErrUsage},
		{"on_egress=cgroup:/nosuch", "no such file", elfload.ErrUsage},
		{"on_egress=cgroup:/tmp", "not a directory of a cgroup2", elfload.ErrUsage},
		{"on_lookup=netns:/dev/null", "not a network namespace", elfload.ErrUsage},
		{"on_lookup=netns:nosuch", "/run/netns/nosuch", elfload.ErrUsage},
		{"on_call=raw_tracepoint:no_such_event", "does not attach", elfload.ErrNotSupported},
	} {
		_, err := elfload.Load(context.Background(), filepath.Join(objects, "attach.o"), elfload.Options{Attach: to(tt.target)})
		if err == nil || !strings.Contains(err.Error(), tt.text) || elfload.Kind(err) != tt.kind {
			t.Errorf("%s: %v, kind %v", tt.target, err, elfload.Kind(err))
		}
	}
}

// Sections that say where: what this kernel has attaches and runs, what it has
// not is refused with its reason.
func TestAttachBySection(t *testing.T) {
	dir := filepath.Join(kerneltest.BPFFS(t), "sections")
	defer os.RemoveAll(dir)
	for _, tt := range []struct {
		prog  string
		types []elfload.ProgramType
		which uint32
		run   func() error
	}{
		{"on_call", nil, 5, func() error { _ = os.Getppid(); return nil }},
		// A pinned iterator runs when it is read.
		{"on_task", []elfload.ProgramType{{Program: "on_call", Type: "socket_filter"}}, 6,
			func() error { _, err := os.ReadFile(filepath.Join(dir, "links", "on_task")); return err }},
	} {
		c, err := elfload.Load(context.Background(), filepath.Join(objects, "attach.o"),
			elfload.Options{PinPath: dir, Types: tt.types, Attach: elfload.AttachOptions{Sections: true}})
		if err != nil {
			if k := elfload.Kind(err); k != elfload.ErrNotSupported && k != elfload.ErrPrivilege {
				t.Errorf("%s: %v, kind %v", tt.prog, err, k)
			}
			t.Logf("%s: this kernel refuses it: %v", tt.prog, err)
			continue
		}
		if err := tt.run(); err != nil {
			t.Error(err)
		}
		if hits(t, c, tt.which) == 0 {
			t.Errorf("%s is attached and has not run", tt.prog)
		}
		left := 0
		for _, w := range c.Warnings {
			if w.Code == "not_attached" {
				left++
			}
		}
		if left < 5 {
			t.Errorf("%s: %d programs whose section does not say where, of 5: %v", tt.prog, left, c.Warnings)
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
}
