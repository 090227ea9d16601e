package vm

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"
)

// Run starts the guest, runs the command in it and waits for both. A command
// that ran has a Result, whatever its status; the error is about the guest, an
// *Error.
func Run(ctx context.Context, o Options) (*Result, error) {
	r, err := run(ctx, &o)
	if err != nil {
		var e *Error
		if !errors.As(err, &e) {
			err = &Error{Kernel: o.Kernel, Err: err}
		}
		return nil, err
	}
	return r, nil
}

func run(ctx context.Context, o *Options) (*Result, error) {
	began := time.Now()
	if len(o.Args) == 0 {
		return nil, input("no command")
	}
	qemu, err := findQEMU(o.QEMU)
	if err != nil {
		return nil, err
	}
	init, err := initBinary(o.Init)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "bpfload-vm-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	m := machine{initramfs: filepath.Join(dir, "initramfs"), memoryMiB: o.MemoryMiB, cmdline: o.Cmdline}
	if m.memoryMiB == 0 {
		m.memoryMiB = DefaultMemoryMiB
	}
	image, err := openKernel(o.Kernel, dir)
	if err != nil {
		return nil, err
	}
	m.kernel = image.path
	modules, err := loadModules(o.Modules, image)
	if err != nil {
		return nil, err
	}
	if err := writeFile(m.initramfs, func(w io.Writer) error { return writeInitramfs(w, init, o, image, modules) }); err != nil {
		return nil, err
	}
	timeout := o.Timeout
	if timeout <= 0 {
		timeout = DefaultTimeout
	}
	limited, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	for _, m.accel = range accelerators(o.Accel) {
		m.cpus = cpus(o.CPUs, m.accel)
		g := &guest{o: o, result: &Result{Accel: m.accel}, began: time.Now()}
		err = g.run(limited, qemu, &m)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err == nil {
			g.result.Time = time.Since(began)
			return g.result, nil
		}
		// KVM that opens and then does not run a guest is KVM that does not work.
		if g.phase != "" || limited.Err() != nil {
			break
		}
	}
	return nil, err
}

func findQEMU(name string) (string, error) {
	if name == "" {
		name = DefaultQEMU
	}
	file, err := exec.LookPath(name)
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrNoQEMU, err)
	}
	return file, nil
}

// cpus is how many processors the guest has. Emulated ones wait for each other.
func cpus(wanted int, accel string) int {
	switch {
	case wanted > 0:
		return wanted
	case accel == "kvm":
		return min(4, runtime.NumCPU())
	}
	return 1
}

// accelerators lists what is tried, in order.
func accelerators(only string) []string {
	switch {
	case only != "":
		return []string{only}
	case kvmWorks():
		return []string{"kvm", "tcg"}
	}
	return []string{"tcg"}
}

func writeFile(name string, write func(io.Writer) error) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	w := bufio.NewWriterSize(f, 1<<20)
	return errors.Join(write(w), w.Flush(), f.Close())
}

// guest is one start of the emulator.
type guest struct {
	o       *Options
	result  *Result
	began   time.Time
	phase   string // "" until the first process runs
	ended   bool   // its last frame came
	console syncBuffer
}

// grace is how long the guest may take to power off when all is said.
const grace = 5 * time.Second

func (g *guest) run(ctx context.Context, qemu string, m *machine) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	cmd := exec.CommandContext(ctx, qemu, m.arguments()...)
	var said bytes.Buffer
	cmd.Stderr = &said
	dieWithParent(cmd)
	console, consoleIn, err := os.Pipe()
	if err != nil {
		return err
	}
	defer console.Close()
	wire, wireIn, err := os.Pipe()
	if err != nil {
		return errors.Join(err, consoleIn.Close())
	}
	defer wire.Close()
	cmd.ExtraFiles = []*os.File{consoleIn, wireIn}
	wait, err := start(cmd)
	if err := errors.Join(err, consoleIn.Close(), wireIn.Close()); err != nil {
		return err
	}
	var readers sync.WaitGroup
	readers.Go(func() {
		// Nothing is lost when nobody listens: the emulator must not block.
		_, _ = io.Copy(io.MultiWriter(&g.console, orDiscard(g.o.Console)), console)
	})
	var wireErr error
	readers.Go(func() {
		wireErr = g.read(bufio.NewReaderSize(wire, 1<<16))
		if wireErr == nil {
			time.AfterFunc(grace, cancel)
		}
		_, _ = io.Copy(io.Discard, wire)
	})
	waitErr := wait()
	readers.Wait()
	if g.ended {
		return wireErr
	}
	return g.failure(ctx, wireErr, waitErr, said.String())
}

// failure says how the guest ended before its command did.
func (g *guest) failure(ctx context.Context, wireErr, waitErr error, said string) error {
	e := &Error{Kernel: g.o.Kernel, Phase: g.phase, QEMU: said}
	if e.Phase == "" {
		e.Phase = "boot"
	}
	var panicked bool
	e.Console, panicked = tail(g.console.String())
	var ended *exec.ExitError
	switch {
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		e.Err = ErrTimeout
	case ctx.Err() != nil:
		e.Err = ctx.Err()
	case errors.Is(wireErr, errWire) || errors.Is(wireErr, ErrInput):
		e.Err = wireErr
	case panicked:
		e.Err = fmt.Errorf("%w: its kernel panicked", ErrDied)
	case errors.As(waitErr, &ended):
		e.Err = fmt.Errorf("%w: %s ended with %v", ErrDied, DefaultQEMU, ended)
	default:
		e.Err = ErrDied
	}
	return e
}

// read takes the guest's frames until the last one.
func (g *guest) read(r *bufio.Reader) error {
	if err := seekMagic(r); err != nil {
		return err
	}
	var stdout, stderr bytes.Buffer
	for {
		kind, data, err := readFrame(r)
		if err != nil {
			return err
		}
		switch kind {
		case frameHello:
			var h hello
			if err := json.Unmarshal(data, &h); err != nil {
				return fmt.Errorf("%w: %w", errWire, err)
			}
			g.phase, g.result.Release = "setup", h.Release
		case frameStart:
			g.phase, g.result.Boot = "command", time.Since(g.began)
		case frameStdout:
			stdout.Write(data)
			_, _ = orDiscard(g.o.Stdout).Write(data)
		case frameStderr:
			stderr.Write(data)
			_, _ = orDiscard(g.o.Stderr).Write(data)
		case frameExit:
			var x exit
			if err := json.Unmarshal(data, &x); err != nil {
				return fmt.Errorf("%w: %w", errWire, err)
			}
			g.ended = true
			g.result.ExitCode, g.result.Stdout, g.result.Stderr = x.Code, stdout.Bytes(), stderr.Bytes()
			if x.Err != "" {
				return input("%s", x.Err)
			}
			return nil
		default:
			return fmt.Errorf("%w: a frame of kind %q", errWire, kind)
		}
	}
}

func orDiscard(w io.Writer) io.Writer {
	if w == nil {
		return io.Discard
	}
	return w
}

// consoleKept is how many bytes of the console are remembered.
const consoleKept = 256 << 10

// syncBuffer keeps the end of what is written to it.
type syncBuffer struct {
	mu sync.Mutex
	b  []byte
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.b = append(s.b, p...)
	if over := len(s.b) - consoleKept; over > consoleKept {
		s.b = append(s.b[:0], s.b[over:]...)
	}
	return len(p), nil
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.ToValidUTF8(string(s.b), "?")
}
