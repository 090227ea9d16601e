package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cilium/ebpf"

	"github.com/bpfload/bpfload/elfload"
	"github.com/bpfload/bpfload/internal/kerneltest"
)

func TestPlanShowsLinks(t *testing.T) {
	bpfload(t, "plan", objects+"attach.o", "--attach", "--attach-to", "on_xdp=xdp:eth0").want(t, 0,
		[]string{"attach             0 on_xdp to=xdp:eth0 program=0\n", "attach             1 on_call to=raw_tracepoint:sys_enter program=5\n"}, nil)
	bpfload(t, "plan", objects+"attach.o", "--attach-to", "on_xdp").want(t, exitUsage, nil, []string{"--attach-to", "PROG=KIND:PLACE"})
	bpfload(t, "plan", objects+"attach.o", "--attach-to", "on_xdp=cgroup:/x").want(t, exitUsage, nil, []string{"not attached to cgroup", "hint: ", "xdp:INTERFACE"})
}

// Every kind of place is in the help.
func TestHelpListsPlaces(t *testing.T) {
	r := bpfload(t, "load", "--help")
	for _, k := range elfload.AttachKinds() {
		if !strings.Contains(r.out, k.Name+":"+k.Form+" ") {
			t.Errorf("no %s:%s", k.Name, k.Form)
		}
	}
}

func TestAttachPrintsLinks(t *testing.T) {
	kerneltest.Require(t)
	pin := filepath.Join(kerneltest.BPFFS(t), "links")
	defer os.RemoveAll(pin)
	args := []string{"load", objects + "attach.o", "--attach-to", "on_lookup=netns:self"}
	bpfload(t, args...).want(t, 0, []string{"\nlinks\n", "on_lookup"}, nil)
	args = append(args, "--pin", pin)
	bpfload(t, args...).want(t, 0, []string{"/links"}, nil)
	bpfload(t, args...).want(t, 0, []string{"(updated)\n"}, nil)
	d := bpfload(t, append(args, "--json")...).document(t)
	if len(d.Links) != 1 || d.Links[0].ID == nil || !d.Links[0].Reused || d.Links[0].Kind != "netns" || d.Links[0].Target != "self" {
		t.Errorf("%+v", d.Links)
	}
	bpfload(t, "load", objects+"attach.o", "--attach-to", "on_xdp=xdp:nosuch0").want(t, exitUsage, nil, []string{"no such network interface"})
	bpfload(t, "load", objects+"attach.o", "--attach-to", "on_call=raw_tracepoint:nosuch").want(t, exitKernel, nil, []string{"does not attach it to raw_tracepoint:nosuch"})
}

// Links that are not pinned are passed to the command, so that they stay.
func TestRunKeepsLinks(t *testing.T) {
	kerneltest.Require(t)
	out, err := process(t, "run", objects+"attach.o", "--attach-to", "on_lookup=netns:self", "--", "sh", "-c",
		"echo $LISTEN_FDS $LISTEN_FDNAMES; readlink /proc/$$/fd/4").CombinedOutput()
	if err != nil || !strings.HasPrefix(string(out), "2 hits:links/on_lookup\n") || !strings.Contains(string(out), "bpf_link") && !strings.Contains(string(out), "bpf-link") {
		t.Errorf("%s, %v", out, err)
	}
	exe := python(t)
	c := runChild(t, []string{objects + "attach.o", "--attach-to", "on_lookup=netns:self"}, exe, "testdata/child.py")
	if len(c.doc.Links) != 1 || c.doc.Links[0].FD == nil || fmt.Sprint(*c.doc.Links[0].FD) != "4" {
		t.Errorf("%+v", c.doc.Links)
	}
}

// A program array is emptied when its last holder ends. Where a program that calls
// into it goes on, --hold says so.
func TestHoldTellsOfEmptiedProgramArrays(t *testing.T) {
	kerneltest.Require(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	out, errs, code := &watched{first: make(chan struct{})}, &bytes.Buffer{}, make(chan int, 1)
	go func() { code <- run(ctx, []string{"--hold", "--json", objects + "tailcall.o"}, out, errs) }()
	<-out.first
	var d elfload.Document
	kerneltest.Wait(func() bool { // for the rest of the document
		out.mu.Lock()
		defer out.mu.Unlock()
		return json.Unmarshal(out.buf.Bytes(), &d) == nil
	})
	for i := range d.Programs {
		if d.Programs[i].Name != "entry" {
			continue
		}
		p, err := ebpf.NewProgramFromID(ebpf.ProgramID(*d.Programs[i].ID)) // somebody else's
		if err != nil {
			t.Fatal(err)
		}
		defer p.Close()
	}
	cancel()
	if c := <-code; c != 0 || !strings.Contains(errs.String(), `program array "prog_array_init" is emptied`) || !strings.Contains(errs.String(), `"entry"`) {
		t.Errorf("status %d, %s", c, errs)
	}
}

// Completion offers the places that fit a program.
func TestCompleteAttachTo(t *testing.T) {
	r := bpfload(t, "__complete", "load", objects+"attach.o", "--attach-to", "on_tc=t")
	r.want(t, 0, []string{"on_tc=tcx-ingress:\n", "on_tc=tcx-egress:\n"}, []string{""})
	if strings.Contains(r.out, "xdp") {
		t.Errorf("offered: %s", r.out)
	}
}
