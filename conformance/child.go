//go:build linux

package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// loaders in the order of the report. The first is the one that is examined.
var loaders = [...]string{"bpfload", "libbpf", "cilium"}

// process is one loader at work on one object.
type process struct {
	cmd     *exec.Cmd
	in      io.WriteCloser
	lines   chan string // closed at the end of its output
	stderr  strings.Builder
	timeout time.Duration
	dead    string // why it cannot be asked any more
}

// start runs a loader in a mount namespace of its own.
func start(loader, path string, o *options) (*process, error) {
	p := &process{timeout: o.timeout, lines: make(chan string, 1)}
	if loader == "libbpf" {
		p.cmd = exec.Command(o.oracle, path)
	} else {
		self, err := os.Executable()
		if err != nil {
			return nil, err
		}
		p.cmd = exec.Command(self, "child", loader, path)
	}
	p.cmd.Stderr = &p.stderr
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS, Pdeathsig: syscall.SIGKILL}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		defer close(p.lines)
		s := bufio.NewScanner(out)
		s.Buffer(nil, 1<<24)
		for s.Scan() {
			p.lines <- s.Text()
		}
	}()
	return p, nil
}

// ask has the loader carry out one stage. A loader that dies or takes too long
// has refused the object, and is not asked again.
func (p *process) ask(s stage) answer {
	if p.dead != "" {
		return answer{Stage: string(s), Message: p.dead}
	}
	a, err := p.exchange(s)
	if err != nil {
		p.dead = err.Error()
		_ = p.cmd.Process.Kill()
		return answer{Stage: string(s), Message: p.dead}
	}
	return a
}

func (p *process) exchange(s stage) (a answer, err error) {
	if _, err := io.WriteString(p.in, string(s)+"\n"); err != nil {
		return a, err
	}
	select {
	case line, ok := <-p.lines:
		if !ok {
			return a, errors.New("the loader died: " + firstLine(p.stderr.String()))
		}
		return a, json.Unmarshal([]byte(line), &a)
	case <-time.After(p.timeout):
		return a, fmt.Errorf("no answer within %v", p.timeout)
	}
}

// stop ends the process and waits for it; the kernel objects go with it.
func (p *process) stop() {
	_ = p.in.Close()
	done := make(chan struct{})
	go func() {
		for range p.lines { // until it has closed its output
		}
		close(done)
	}()
	select {
	case <-done:
	case <-time.After(p.timeout):
		_ = p.cmd.Process.Kill()
		<-done
	}
	_ = p.cmd.Wait() // its status says nothing that the answers did not
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}
