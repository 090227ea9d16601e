package main

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/bpfload/bpfload/elfload"
	"github.com/bpfload/bpfload/internal/vm"
	"github.com/bpfload/bpfload/internal/vm/vmtest"
)

func init() { children["attachrun"] = attachRunChild }

// attachedRun is what the guest tells of programs that were attached and should have
// run since.
type attachedRun struct {
	Hits     map[string]uint64 // by program
	Verdicts []uint32          // of the program whose function is replaced: before, meanwhile, afterwards
	Netkit   []uint64          // packets that the program has seen of ten: attached, and afterwards
}

// traced is what the uprobe is at.
//
//go:noinline
func traced(n int) int { return n + os.Getpid() }

// attachRunChild attaches programs in a guest, does what they trace and prints what
// they have counted.
func attachRunChild() {
	var r attachedRun
	for _, part := range []func(*attachedRun) error{traceRun, freplaceRun, netkitRun} {
		if err := part(&r); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	if err := json.NewEncoder(os.Stdout).Encode(&r); err != nil {
		os.Exit(1)
	}
	os.Exit(0)
}

// guestLoad loads a fixture in the guest.
func guestLoad(file string, o elfload.Options) (*elfload.Collection, error) {
	return elfload.Load(context.Background(), guestObjects+"/"+file, o)
}

// traceRun attaches everything that traces, and does what it is about.
func traceRun(r *attachedRun) error {
	const pins = "/sys/fs/bpf/traced"
	c, err := guestLoad("trace_targets.o", elfload.Options{PinPath: pins, Attach: elfload.AttachOptions{Sections: true,
		To: []elfload.AttachTo{{Program: "probes_user", Target: "uprobe:" + vm.Self + ":" + command + ".traced"}}}})
	if err != nil {
		return err
	}
	defer c.Close()
	if err := unix.Nanosleep(&unix.Timespec{Nsec: 1000}, nil); err != nil {
		return err
	}
	if traced(1) == 0 {
		return fs.ErrInvalid
	}
	// Reading a pinned iterator runs it, and opens a file.
	if _, err := os.ReadFile(filepath.Join(pins, "links", "every_task")); err != nil {
		return err
	}
	r.Hits = make(map[string]uint64)
	for i := range c.Programs {
		var n uint64
		if err := c.Map("hits").Lookup(uint32(i), &n); err != nil {
			return err
		}
		r.Hits[c.Programs[i].Name] = n
	}
	return nil
}

// freplaceRun runs a program while one of its functions is replaced, and before and
// after that.
func freplaceRun(r *attachedRun) error {
	target, err := guestLoad("freplace_target.o", elfload.Options{})
	if err != nil {
		return err
	}
	defer target.Close()
	run := func() error {
		verdict, _, err := target.Program("passes").Test(make([]byte, 64))
		r.Verdicts = append(r.Verdicts, verdict)
		return err
	}
	if err := run(); err != nil {
		return err
	}
	c, err := guestLoad("freplace.o", elfload.Options{Attach: elfload.AttachOptions{Sections: true},
		AttachProgs: []elfload.AttachProg{{Program: "replacement", Target: fmt.Sprint(target.Programs[0].ID)}}})
	if err != nil {
		return err
	}
	if err := run(); err != nil {
		return err
	}
	if err := c.Close(); err != nil {
		return err
	}
	return run()
}

// netkitRun sends packets out of a netkit device with a program and without.
func netkitRun(r *attachedRun) error {
	if err := netkitDevice("first0"); err != nil {
		return fmt.Errorf("netkit device: %w", err)
	}
	c, err := guestLoad("attach.o", elfload.Options{Attach: elfload.AttachOptions{To: []elfload.AttachTo{{Program: "on_tc", Target: "netkit-primary:first0"}}}})
	if err != nil {
		return err
	}
	m, err := c.Map("hits").Clone()
	if err != nil {
		return err
	}
	defer m.Close()
	conn, err := net.Dial("udp4", "192.0.2.2:9")
	if err != nil {
		return err
	}
	defer conn.Close()
	for range 2 {
		var before, after uint64
		if err := m.Lookup(uint32(1), &before); err != nil {
			return err
		}
		for range 10 {
			if _, err := conn.Write([]byte("x")); err != nil {
				return err
			}
		}
		if err := m.Lookup(uint32(1), &after); err != nil {
			return err
		}
		r.Netkit = append(r.Netkit, after-before)
		if err := c.Close(); err != nil {
			return err
		}
	}
	return nil
}

// netkitDevice makes a pair of netkit devices, of which the kernel calls the other
// nk0, and gives the first an address: the guest has no ip(8).
func netkitDevice(name string) error {
	attr := func(typ uint16, data []byte) []byte {
		b := binary.NativeEndian.AppendUint16(nil, uint16(4+len(data)))
		b = append(binary.NativeEndian.AppendUint16(b, typ), data...)
		return append(b, make([]byte, -len(data)&3)...)
	}
	body := make([]byte, unix.SizeofIfInfomsg)
	body = append(body, attr(unix.IFLA_IFNAME, append([]byte(name), 0))...)
	body = append(body, attr(unix.IFLA_LINKINFO, attr(unix.IFLA_INFO_KIND, append([]byte("netkit"), 0)))...)
	if err := rtnetlink(unix.RTM_NEWLINK, unix.NLM_F_CREATE|unix.NLM_F_EXCL, body); err != nil {
		return err
	}
	dev, err := net.InterfaceByName(name)
	if err != nil {
		return err
	}
	address := []byte{192, 0, 2, 1}
	body = append([]byte{unix.AF_INET, 24, 0, 0}, binary.NativeEndian.AppendUint32(nil, uint32(dev.Index))...)
	body = append(append(body, attr(unix.IFA_LOCAL, address)...), attr(unix.IFA_ADDRESS, address)...)
	if err := rtnetlink(unix.RTM_NEWADDR, unix.NLM_F_CREATE, body); err != nil {
		return err
	}
	all, err := net.Interfaces()
	for i := range all {
		up := make([]byte, unix.SizeofIfInfomsg) // family, type, index, flags, change
		binary.NativeEndian.PutUint32(up[4:], uint32(all[i].Index))
		binary.NativeEndian.PutUint32(up[8:], unix.IFF_UP)
		binary.NativeEndian.PutUint32(up[12:], unix.IFF_UP)
		if err := rtnetlink(unix.RTM_NEWLINK, 0, up); err != nil {
			return fmt.Errorf("%s up: %w", all[i].Name, err)
		}
	}
	return err
}

// rtnetlink makes one request and waits for its acknowledgement.
func rtnetlink(typ, flags uint16, body []byte) error {
	s, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_ROUTE)
	if err != nil {
		return err
	}
	defer unix.Close(s)
	b := binary.NativeEndian.AppendUint32(nil, uint32(unix.SizeofNlMsghdr+len(body)))
	b = binary.NativeEndian.AppendUint16(b, typ)
	b = binary.NativeEndian.AppendUint16(b, flags|unix.NLM_F_REQUEST|unix.NLM_F_ACK)
	b = append(append(b, make([]byte, 8)...), body...)
	if err := unix.Sendto(s, b, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return err
	}
	answer := make([]byte, 4096)
	if n, _, err := unix.Recvfrom(s, answer, 0); err != nil || n < unix.SizeofNlMsghdr+4 {
		return fmt.Errorf("an answer of %d bytes: %w", n, err)
	}
	if errno := -int32(binary.NativeEndian.Uint32(answer[unix.SizeofNlMsghdr:])); errno != 0 {
		return unix.Errno(errno)
	}
	return nil
}

// What machines of most tests cannot attach runs on Debian's kernel: each program that
// traces has counted, a function is replaced as long as the collection is open, and so
// does a netkit device run its program.
func TestVMAttachedProgramsRun(t *testing.T) {
	var files []vm.File
	for _, name := range []string{"trace_targets.o", "freplace.o", "freplace_target.o", "attach.o"} {
		files = append(files, vm.File{Host: objects + name, Guest: guestObjects + "/" + name})
	}
	out := vmtest.Run(t, vm.Options{Kernel: vmtest.Kernel(t, "6.12"), Init: vmtest.BuildTest(t, command), Cmdline: "lsm=bpf",
		Args: []string{vm.Self}, Env: []string{otherChildEnv + "=attachrun"}, Files: files})
	if out.ExitCode != 0 {
		t.Fatalf("status %d: %s", out.ExitCode, out.Stderr)
	}
	var r attachedRun
	if err := json.Unmarshal(out.Stdout, &r); err != nil {
		t.Fatal(err)
	}
	for name, n := range r.Hits {
		if n == 0 {
			t.Errorf("%s is attached and has not run", name)
		}
	}
	if len(r.Hits) != 14 {
		t.Errorf("%d programs of 14: %v", len(r.Hits), r.Hits)
	}
	if fmt.Sprint(r.Verdicts) != "[2 7 2]" {
		t.Errorf("verdicts before, while and after a function is replaced: %v", r.Verdicts)
	}
	if fmt.Sprint(r.Netkit) != "[10 0]" {
		t.Errorf("of ten packets each, attached and not, the netkit program has seen %v", r.Netkit)
	}
}
