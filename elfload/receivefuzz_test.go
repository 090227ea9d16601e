package elfload

import (
	"errors"
	"fmt"
	"testing"
)

// fuzzSeed is what a handover of the fixture passes.
func fuzzSeed(f *testing.F, file string) (doc []byte, names string, count int) {
	f.Helper()
	obj, err := Open("../testdata/objs/" + file)
	if err != nil {
		f.Fatal(err)
	}
	plan, err := obj.Plan(Options{Jobs: 1})
	if err != nil {
		f.Fatal(err)
	}
	r := newRecorder()
	c, err := plan.load(f.Context(), r)
	if err != nil {
		f.Fatal(err)
	}
	h, err := c.Handover(HandoverOptions{Programs: true})
	if err != nil {
		f.Fatal(err)
	}
	env, _, err := h.environment(nil, 42)
	if err != nil {
		f.Fatal(err)
	}
	for _, v := range env {
		switch name, value := cutEnv(v); name {
		case envMapData:
			doc = []byte(value)
		case envListenFDNames:
			names = value
		}
	}
	return doc, names, len(h.FDs)
}

func cutEnv(v string) (name, value string) {
	for i := range len(v) {
		if v[i] == '=' {
			return v[:i], v[i+1:]
		}
	}
	return v, ""
}

// FuzzReceive: whatever a process finds in its environment, it gets a table or
// an error, never both; all descriptors are the table's, or closed; a row's
// descriptor is one that was passed.
func FuzzReceive(f *testing.F) {
	for _, file := range []string{"order.o", "tailcall.o", "maps_only.o", "array_of_maps.o", "globals.o", "legacy_samples.o", "legacy_iproute2_slots.o", "struct_ops.o"} {
		doc, names, count := fuzzSeed(f, file)
		f.Add(doc, names, fmt.Sprint(count), byte(count))
	}
	f.Add([]byte(`{"schema":"bpfload/1","maps":[{"name":"a","fd":3},{"name":"a","fd":3}]}`), "a", "1", byte(1))
	f.Add([]byte(`{"schema":"bpfload/1","maps":[{"name":"a","fd":9223372036854775807,"inner":{"inner":{}}}]}`), "a:b", "2", byte(2))
	f.Fuzz(func(t *testing.T, doc []byte, names, count string, open byte) {
		p := &passed{recorder: newRecorder(), env: map[string]string{envListenPID: "42", envListenFDs: count, envListenFDNames: names, envMapData: string(doc)}}
		for fd := firstPassedFD; fd < firstPassedFD+int(open%32); fd++ {
			p.fds[fd], p.fdObj[fd] = "passed", fd
		}
		dirs := len(p.dirs)
		table, err := p.receive()
		if (table == nil) == (err == nil) {
			t.Fatalf("table %v and error %v", table, err)
		}
		if err != nil {
			var e *Error
			if !errors.As(err, &e) || e.Code == "" {
				t.Errorf("error without a code: %v", err)
			}
			if len(p.wrong) > 0 {
				t.Error(p.wrong)
			}
			return
		}
		for i := range table.MapData {
			if fd := table.MapData[i].FD; fd != noFD && p.fds[fd] == "" {
				t.Errorf("map %d has descriptor %d", i, fd)
			}
		}
		if err := table.Close(); err != nil {
			t.Error(err)
		}
		if len(p.wrong) > 0 || len(p.dirs) != dirs {
			t.Error(p.wrong)
		}
	})
}
