package vm

import (
	"bytes"
	"context"
	"debug/elf"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// fakes writes a bzImage that is one by its header alone and a static binary that
// is one likewise.
func fakes(t *testing.T) (kernel, init string) {
	t.Helper()
	dir := t.TempDir()
	kernel, init = filepath.Join(dir, "vmlinuz"), filepath.Join(dir, "init")
	head := elf.Header64{Type: uint16(elf.ET_EXEC), Machine: uint16(elf.EM_X86_64), Version: 1, Ehsize: 64, Phentsize: 56, Shentsize: 64,
		Ident: [16]byte{0x7f, 'E', 'L', 'F', byte(elf.ELFCLASS64), byte(elf.ELFDATA2LSB), 1}}
	var b bytes.Buffer
	if err := binary.Write(&b, binary.LittleEndian, &head); err != nil {
		t.Fatal(err)
	}
	for file, data := range map[string][]byte{kernel: bzImage("fake"), init: b.Bytes()} {
		if err := os.WriteFile(file, data, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	return kernel, init
}

func bzImage(rest string) []byte {
	b := make([]byte, bootHeader)
	binary.LittleEndian.PutUint16(b[bootFlagAt:], 0xaa55)
	copy(b[headerMagicAt:], "HdrS")
	return append(b, rest...)
}

// said is what a guest would write to the wire.
func said(t *testing.T, send func(*frames)) string {
	t.Helper()
	var b bytes.Buffer
	b.WriteString("SeaBIOS\r\n" + wireMagic)
	send(&frames{w: &b})
	return b.String()
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

// emulator is a shell script in the place of qemu.
func emulator(t *testing.T, wire, console, end string) string {
	t.Helper()
	if runtime.GOOS != "linux" && runtime.GOOS != "darwin" {
		t.Skip("no shell scripts on " + runtime.GOOS)
	}
	dir := t.TempDir()
	for name, text := range map[string]string{"wire": wire, "console": console, "qemu": "#!/bin/sh\ncat " + dir + "/console >&3\ncat " + dir + "/wire >&4\n" + end + "\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, "qemu")
}

func TestGuestsThatEnd(t *testing.T) {
	kernel, init := fakes(t)
	begin := func(f *frames) { must(f.sendJSON(frameHello, hello{Release: "6.1.0-x"})) }
	command := func(f *frames) { begin(f); must(f.send(frameStart, nil)); must(f.send(frameStdout, []byte("out"))) }
	done := func(f *frames) { command(f); must(f.sendJSON(frameExit, exit{Code: 3})) }
	for _, row := range []struct {
		name, wire, console, end string
		want                     error // nil: status 3
		phase, text              string
	}{
		{name: "well", wire: said(t, done), end: "exit 0"},
		{name: "well, and not powered off by itself", wire: said(t, done), end: "sleep 0.2; exit 1"},
		{name: "in the firmware", console: "SeaBIOS\x1b[2J\r\n", end: "echo 'no such machine' >&2; exit 1", want: ErrDied, phase: "boot", text: "no such machine"},
		{name: "by a panic at boot", console: "a\n[ 1.0] Kernel panic - not syncing: VFS\nb\n", end: "exit 0", want: ErrDied, phase: "boot", text: "panicked"},
		{name: "while set up", wire: said(t, begin), end: "exit 0", want: ErrDied, phase: "setup"},
		{name: "in the command", wire: said(t, command), end: "exit 0", want: ErrDied, phase: "command"},
		{name: "by a module", wire: said(t, func(f *frames) { begin(f); must(f.sendJSON(frameExit, exit{Err: "module x: no"})) }), end: "exit 0", want: ErrInput, text: "module x: no"},
		{name: "in nonsense", wire: said(t, begin) + "zzzzzzzzzzzz", end: "exit 0", want: errWire, phase: "setup"},
		{name: "in an unknown frame", wire: said(t, func(f *frames) { begin(f); must(f.send('?', nil)) }), end: "exit 0", want: errWire, phase: "setup"},
		{name: "never", wire: said(t, command), console: "last words\n", end: "exec sleep 100", want: ErrTimeout, phase: "command"},
	} {
		t.Run(row.name, func(t *testing.T) {
			o := Options{Kernel: kernel, Init: init, Args: []string{Self}, QEMU: emulator(t, row.wire, row.console, row.end), Accel: "tcg"}
			if row.want == ErrTimeout {
				o.Timeout = time.Second
			}
			r, err := Run(context.Background(), o)
			var e *Error
			// A busy machine may need longer than that to start the script.
			for errors.Is(err, ErrTimeout) && errors.As(err, &e) && e.Phase != row.phase && o.Timeout < time.Minute {
				o.Timeout *= 4
				r, err = Run(context.Background(), o)
			}
			if row.want == nil {
				if err != nil || r.ExitCode != 3 || string(r.Stdout) != "out" || r.Release != "6.1.0-x" {
					t.Errorf("%+v, %v", r, err)
				}
				return
			}
			if !errors.Is(err, row.want) || !errors.As(err, &e) || e.Phase != row.phase || !strings.Contains(err.Error(), row.text) {
				t.Fatalf("%v (%+v)", err, e)
			}
			if row.console != "" && len(e.Console) == 0 {
				t.Error("the console is missing")
			}
			if left, _ := filepath.Glob(filepath.Join(os.TempDir(), "bpfload-vm-*")); len(left) > 0 && row.name == "never" {
				t.Logf("directories of other guests, or left: %v", left)
			}
		})
	}
}

func TestCancelledGuestEnds(t *testing.T) {
	kernel, init := fakes(t)
	ctx, cancel := context.WithCancel(context.Background())
	time.AfterFunc(100*time.Millisecond, cancel)
	began := time.Now()
	_, err := Run(ctx, Options{Kernel: kernel, Init: init, Args: []string{Self}, QEMU: emulator(t, "", "", "exec sleep 100"), Accel: "tcg"})
	if !errors.Is(err, context.Canceled) || time.Since(began) > 80*time.Second { // the script takes 100
		t.Errorf("%v after %v", err, time.Since(began))
	}
}

func TestWhatIsGivenIsChecked(t *testing.T) {
	kernel, init := fakes(t)
	dir := t.TempDir()
	file := func(name, text string) string {
		at := filepath.Join(dir, name)
		if err := os.WriteFile(at, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return at
	}
	ok := emulator(t, "", "", "exit 0")
	base := Options{Kernel: kernel, Init: init, Args: []string{Self}, QEMU: ok, Accel: "tcg"}
	for _, row := range []struct {
		name   string
		change func(*Options)
		want   error
		text   string
	}{
		{"no emulator", func(o *Options) { o.QEMU = "qemu-system-nothing" }, ErrNoQEMU, "not installed"},
		{"no command", func(o *Options) { o.Args = nil }, ErrInput, "no command"},
		{"no kernel", func(o *Options) { o.Kernel = dir + "/none" }, ErrInput, "no such file"},
		{"empty kernel", func(o *Options) { o.Kernel = file("empty", "") }, ErrInput, "neither"},
		{"kernel of another machine", func(o *Options) { o.Kernel = file("arm", "MZ\x00\x00") }, ErrInput, "another machine"},
		{"ELF kernel", func(o *Options) { o.Kernel = file("vmlinux", elf.ELFMAG) }, ErrInput, "vmlinuz"},
		{"init is no binary", func(o *Options) { o.Init = file("script", "#!/bin/sh\n") }, ErrInput, "no Linux binary"},
		{"relative file", func(o *Options) { o.Files = []File{{Host: kernel, Guest: "x"}} }, ErrInput, "absolute"},
		{"file above the root", func(o *Options) { o.Files = []File{{Host: kernel, Guest: "/../x"}} }, ErrInput, "absolute"},
		{"file of a kernel's file system", func(o *Options) { o.Files = []File{{Host: kernel, Guest: "/dev/shm/x"}} }, ErrInput, "own file system"},
		{"relative directory", func(o *Options) { o.Dir = "x" }, ErrInput, "absolute"},
		{"missing file", func(o *Options) { o.Files = []File{{Host: dir + "/none", Guest: "/x"}} }, ErrInput, "no such file"},
		{"missing module", func(o *Options) { o.Modules = []string{dir + "/none.ko"} }, ErrInput, "no such file"},
		{"module by name", func(o *Options) { o.Modules = []string{"veth"} }, ErrInput, "only a Debian package"},
	} {
		t.Run(row.name, func(t *testing.T) {
			o := base
			row.change(&o)
			if _, err := Run(context.Background(), o); !errors.Is(err, row.want) || !strings.Contains(err.Error(), row.text) {
				t.Errorf("%v", err)
			}
		})
	}
}
