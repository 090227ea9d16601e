//go:build linux

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"syscall"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/rlimit"
	"golang.org/x/sys/unix"

	"github.com/bpfload/bpfload/elfload"
)

// stage is how much of an object is loaded.
type stage string

const (
	stageRead stage = "read" // the file is read, nothing is created
	stageMaps stage = "maps" // maps, no program
	stageAll  stage = "all"
)

var stages = [...]stage{stageRead, stageMaps, stageAll}

// answer is what a loader says about one stage. Descriptors are those of its own
// process, below 0 for what was not created.
type answer struct {
	OK bool `json:"ok"`
	// KeepGoing: bpfload takes the object only with elfload.Options.KeepGoing,
	// because a program has no type.
	KeepGoing bool   `json:"keep_going,omitempty"`
	Stage     string `json:"stage,omitempty"` // where it failed
	Errno     int    `json:"errno,omitempty"`
	Message   string `json:"message,omitempty"`
	// Lacking: bpfload says that the kernel has not what the object needs.
	Lacking  bool            `json:"lacking,omitempty"`
	Maps     []answerMap     `json:"maps,omitempty"`     // in the loader's own order
	Programs []answerProgram `json:"programs,omitempty"` // likewise
}

type answerMap struct {
	Name string `json:"name"` // data maps: the section's name
	FD   int    `json:"fd"`
}

type answerProgram struct {
	Name       string `json:"name"`
	FD         int    `json:"fd"`
	AttachType uint32 `json:"attach_type"`
}

// loaderFunc loads the object as far as the stage says. The caller calls release
// before the next stage, also after a failure.
type loaderFunc func(path string, s stage) (a answer, release func())

var loaderFuncs = map[string]loaderFunc{"bpfload": loadBpfload, "cilium": loadCilium}

// childMain answers each stage asked for on in with one line on out. The process
// has a mount namespace of its own, so that its pins die with it.
func childMain(loader, path string, in io.Reader, out, stderr io.Writer) int {
	load := loaderFuncs[loader]
	if load == nil {
		_, _ = fmt.Fprintf(stderr, "conformance: no loader %q\n", loader)
		return 2
	}
	if err := unix.Mount("bpf", "/sys/fs/bpf", "bpf", 0, ""); err != nil {
		_, _ = fmt.Fprintln(stderr, "conformance: mounting bpffs:", err)
		return 1
	}
	release := func() {}
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		release()
		var a answer
		a, release = load(path, stage(lines.Text()))
		line, err := json.Marshal(a)
		if err != nil {
			_, _ = fmt.Fprintln(stderr, "conformance:", err)
			return 1
		}
		if _, err := out.Write(append(line, '\n')); err != nil {
			return 1
		}
	}
	release()
	return 0
}

func loadBpfload(path string, s stage) (answer, func()) {
	if s == stageRead {
		_, err := elfload.Open(path)
		return refusal(err), func() {}
	}
	opts := elfload.Options{MapsOnly: s == stageMaps}
	c, err := elfload.Load(context.Background(), path, opts)
	var e *elfload.Error
	if errors.As(err, &e) && e.Code == "program_type" {
		opts.KeepGoing = true
		c, err = elfload.Load(context.Background(), path, opts)
	}
	if err != nil {
		return refusal(err), func() {}
	}
	for i := range c.Programs {
		if err := c.Programs[i].Err; err != nil && !(errors.As(err, &e) && e.Code == "program_type") {
			_ = c.Close()
			return refusal(err), func() {} // another loader has to refuse it as well
		}
	}
	a := answer{OK: true, KeepGoing: opts.KeepGoing}
	for i := range c.MapData {
		m := answerMap{Name: c.MapData[i].Name, FD: c.MapData[i].FD}
		if def := c.MapData[i].Def; def.Internal {
			m.Name = def.Section
		}
		a.Maps = append(a.Maps, m)
	}
	for i := range c.Programs {
		p := &c.Programs[i]
		a.Programs = append(a.Programs, answerProgram{Name: p.Name, FD: p.FD, AttachType: p.AttachType})
	}
	return a, func() { _ = c.Close() }
}

func loadCilium(path string, s stage) (answer, func()) {
	spec, err := ebpf.LoadCollectionSpec(path)
	if err != nil || s == stageRead {
		return refusal(err), func() {}
	}
	if s == stageMaps {
		spec.Programs = nil
	}
	if err := rlimit.RemoveMemlock(); err != nil {
		return refusal(err), func() {}
	}
	c, err := ebpf.NewCollectionWithOptions(spec, ebpf.CollectionOptions{Maps: ebpf.MapOptions{PinPath: "/sys/fs/bpf"}})
	if err != nil {
		return refusal(err), func() {}
	}
	a := answer{OK: true}
	for _, name := range slices.Sorted(maps.Keys(c.Maps)) {
		a.Maps = append(a.Maps, answerMap{Name: name, FD: c.Maps[name].FD()})
	}
	for _, name := range slices.Sorted(maps.Keys(c.Programs)) {
		a.Programs = append(a.Programs, answerProgram{Name: name, FD: c.Programs[name].FD(), AttachType: uint32(spec.Programs[name].AttachType)})
	}
	return a, c.Close
}

// refusal is the answer to a failure, or a bare yes for nil.
func refusal(err error) answer {
	if err == nil {
		return answer{OK: true}
	}
	a := answer{Stage: "load", Message: err.Error()}
	var errno syscall.Errno
	if errors.As(err, &errno) {
		a.Errno = int(errno)
	}
	var e *elfload.Error
	if errors.As(err, &e) {
		a.Stage, a.Lacking = string(e.Stage), errors.Is(err, elfload.ErrNotSupported)
		if log := strings.TrimSpace(e.Log); log != "" {
			a.Message += " | " + lastLines(log, 3)
		}
	}
	var ve *ebpf.VerifierError
	if errors.As(err, &ve) && len(ve.Log) > 0 {
		a.Message += " | " + lastLines(strings.Join(ve.Log, "\n"), 3)
	}
	return a
}

// lastLines are the last n lines of text, in one.
func lastLines(text string, n int) string {
	lines := strings.Split(text, "\n")
	return strings.Join(lines[max(0, len(lines)-n):], " / ")
}
