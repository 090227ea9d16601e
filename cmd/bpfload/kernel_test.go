package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bpfload/bpfload/elfload"
	"github.com/bpfload/bpfload/internal/kerneltest"
)

func TestLoadPrintsTheTable(t *testing.T) {
	kerneltest.Require(t)
	for _, args := range [][]string{{}, {"load"}} {
		r := bpfload(t, append(args, objects+"order.o")...)
		r.want(t, 0, []string{"map_data\n", "NAME", "DIALECT"}, nil)
		obj, err := elfload.Open(objects + "order.o")
		if err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(r.out, "\n")[2:]
		for i := range obj.Maps {
			if f := strings.Fields(lines[i]); f[0] != fmt.Sprint(i) || f[1] != obj.Maps[i].Name {
				t.Errorf("row %d is %q, want %q", i, lines[i], obj.Maps[i].Name)
			}
		}
	}
}

func TestLoadedDocument(t *testing.T) {
	kerneltest.Require(t)
	r := bpfload(t, "load", "--json", objects+"tailcall.o")
	d := r.document(t)
	if r.code != 0 || r.err != "" || d.Error != nil {
		t.Fatalf("status %d, %s", r.code, r.err)
	}
	last := uint32(0)
	for _, m := range d.Maps {
		if m.FD == nil || *m.FD < 3 || m.ID == nil || *m.ID <= last {
			t.Errorf("map %+v after id %d", m, last)
		} else {
			last = *m.ID
		}
	}
	for _, p := range d.Programs {
		if p.FD == nil || p.ID == nil || p.VerifiedInsns == nil {
			t.Errorf("program %+v", p)
		}
	}
}

func TestMapsOnlyWarnsOfEmptySlots(t *testing.T) {
	kerneltest.Require(t)
	r := bpfload(t, "load", "--maps-only", objects+"tailcall.o")
	r.want(t, 0, []string{"prog_array_init"}, []string{"warning: map \"prog_array_init\"", "stays empty"})
	d := bpfload(t, "load", "--maps-only", "--json", objects+"tailcall.o").document(t)
	if len(d.Warnings) == 0 || d.Warnings[0].Code != "slot_empty" || d.Programs[0].FD != nil {
		t.Errorf("%+v", d)
	}
}

func TestRefusedProgram(t *testing.T) {
	kerneltest.Require(t)
	bpfload(t, objects+"prog_refused.o").want(t, exitVerifier, nil, []string{"verifier log by lines of C", "; *value = 1;  (", "\n  => R0 invalid mem access", "error: ", "hint: the pointer may be NULL", "forgets_the_check", "prog_refused.c"})
	r := bpfload(t, "load", "--json", objects+"prog_refused.o")
	if d := r.document(t); r.code != exitVerifier || d.Error == nil || d.Error.Stage != "program" || d.Error.Log == "" || d.Error.ErrnoName == "" {
		t.Errorf("%+v", d.Error)
	}
	if strings.Contains(r.err, "verifier log") {
		t.Errorf("the log is on stderr too: %s", r.err)
	}
}

func TestVerboseTellsEachCall(t *testing.T) {
	kerneltest.Require(t)
	bpfload(t, "-v", objects+"tailcall.o").want(t, 0, []string{"map_data"}, []string{`map 0 "prog_array_init": created`, `program "entry":`, "verifier log:", "processed"})
}

func TestForeignByteOrder(t *testing.T) {
	kerneltest.Require(t)
	bpfload(t, objects+"order.eb.o").want(t, exitObject, nil, []string{"big endian", "hint: "})
}

func TestPinNeedsBPFFS(t *testing.T) {
	kerneltest.Require(t)
	bpfload(t, "--pin", t.TempDir(), objects+"tailcall.o").want(t, exitUsage, nil, []string{"BPF file system", "hint: "})
}

func TestPinnedMapIsUsedAgainOrRefused(t *testing.T) {
	kerneltest.Require(t)
	dir := filepath.Join(kerneltest.BPFFS(t), "cli")
	args := []string{"--pin", dir, "--maps-only", objects + "maps_only.o"}
	bpfload(t, args...).want(t, 0, []string{dir}, nil)
	bpfload(t, args...).want(t, 0, []string{"(used again)"}, nil)
	obj, err := elfload.Open(objects + "maps_only.o")
	if err != nil {
		t.Fatal(err)
	}
	bpfload(t, append(args, "--map", obj.Maps[0].Name+".max_entries=7")...).want(t, exitPin, nil, []string{"max_entries"})
}

// watched is a stream that tells when the first bytes have come.
type watched struct {
	mu    sync.Mutex
	buf   bytes.Buffer
	first chan struct{}
}

func (w *watched) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.buf.Len() == 0 {
		close(w.first)
	}
	return w.buf.Write(b)
}

func TestHoldKeepsTheMapsUntilItEnds(t *testing.T) {
	kerneltest.Require(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	out := &watched{first: make(chan struct{})}
	code := make(chan int, 1)
	go func() { code <- run(ctx, []string{"--hold", objects + "tailcall.o"}, out, io.Discard) }()
	select {
	case <-out.first:
	case c := <-code:
		t.Fatalf("ended with status %d before the table was printed", c)
	case <-time.After(2 * kerneltest.Patience):
		t.Fatal("no table")
	}
	select {
	case c := <-code:
		t.Fatalf("ended with status %d while it should hold", c)
	case <-time.After(50 * time.Millisecond):
	}
	cancel()
	select {
	case c := <-code:
		if c != 0 {
			t.Errorf("status %d", c)
		}
	case <-time.After(2 * kerneltest.Patience):
		t.Fatal("does not end")
	}
}

func TestHoldEndsWhenTheTableCannotBePrinted(t *testing.T) {
	kerneltest.Require(t)
	var errs bytes.Buffer
	if code := run(t.Context(), []string{"--hold", objects + "tailcall.o"}, full{}, &errs); code != exitOther || !strings.Contains(errs.String(), "no space left") {
		t.Errorf("status %d, stderr %q", code, errs.String())
	}
}

func TestCancelledLoadLeavesNothing(t *testing.T) {
	kerneltest.Require(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	dir := filepath.Join(kerneltest.BPFFS(t), "cancelled")
	var out, errs bytes.Buffer
	if code := run(ctx, []string{"--pin", dir, objects + "tailcall.o"}, &out, &errs); code != exitOther || out.Len() != 0 || !strings.HasPrefix(errs.String(), "error: ") {
		t.Errorf("status %d, stdout %q, stderr %q", code, out.String(), errs.String())
	}
	if _, err := os.Stat(dir); err == nil {
		t.Error("the pin directory is left")
	}
}

// --keep-going loads the rest, tells every failure, and ends with the first one's status.
func TestKeepGoing(t *testing.T) {
	kerneltest.Require(t)
	r := bpfload(t, "load", "--keep-going", objects+"prog_refused_second.o")
	r.want(t, exitVerifier, []string{"good", "also_good"}, []string{`symbol "bad_pointer"`, `symbol "bad_helper"`})
	if !strings.HasSuffix(strings.SplitN(r.err, "\nhint:", 2)[0], ")") || strings.Count(r.err, "error:") != 2 {
		t.Errorf("two failures are told so:\n%s", r.err)
	}
	var doc elfload.Document
	r = bpfload(t, "load", "--json", "--keep-going", objects+"prog_refused_second.o")
	if err := json.Unmarshal([]byte(r.out), &doc); err != nil {
		t.Fatal(err)
	}
	for i, bad := range []bool{false, true, true, false} {
		if p := doc.Programs[i]; (p.Error != nil) != bad || (p.ID == nil) != bad {
			t.Errorf("program %d is %+v", i, p)
		}
	}
}
