package elfload_test

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"github.com/bpfload/bpfload/elfload"
)

// FuzzVars sets a global of a fixture to whatever text: there is a plan or an error,
// the same twice, no contents are longer than their map, and the object stays as it is.
func FuzzVars(f *testing.F) {
	var objects []*elfload.Object
	for _, raw := range seedObjects(f) {
		obj, err := elfload.Read(raw, elfload.ReadOptions{Name: "vars.o"})
		if err != nil || len(obj.Globals()) == 0 {
			continue
		}
		if _, err := obj.Plan(elfload.Options{PageSize: 4096}); err != nil {
			continue
		}
		for i, g := range obj.Globals() {
			f.Add(uint16(len(objects)), uint16(i), obj.GlobalText(g))
		}
		objects = append(objects, obj)
	}
	for i, text := range []string{"", "-1", "0x7fffffffffffffff", "true", "hex:00ff", `"text"`, "{1, 2, {3}}", "{.a = 1}", "ENUM", "1e309", "nan", "\x00", "{{{{{{{{", "18446744073709551616"} {
		f.Add(uint16(i*3), uint16(i), text)
	}
	f.Fuzz(func(t *testing.T, which, global uint16, text string) {
		obj := objects[int(which)%len(objects)]
		all := obj.Globals()
		name := all[int(global)%len(all)].Name
		before := fmt.Sprint(obj.Maps)
		first, again := varPlan(t, obj, name, text), varPlan(t, obj, name, text)
		if first != again {
			t.Errorf("%s=%q twice: %s, %s", name, text, first, again)
		}
		if after := fmt.Sprint(obj.Maps); after != before {
			t.Errorf("%s=%q changes the object", name, text)
		}
	})
}

// varPlan is the plan with a global set, or the error.
func varPlan(t *testing.T, obj *elfload.Object, name, text string) string {
	plan, err := obj.Plan(elfload.Options{PageSize: 4096, Vars: []elfload.Var{{Name: name, Value: text}}})
	if (plan == nil) == (err == nil) {
		t.Fatalf("%s=%q: plan %v and error %v", name, text, plan, err)
	}
	if err != nil {
		var e *elfload.Error
		if !errors.As(err, &e) || e.Code == "" || len(err.Error()) > 4096+8*len(text) { // which it may quote, escaped
			t.Fatalf("%s=%.100q: error %.300v", name, text, err)
		}
		return err.Error()
	}
	var b bytes.Buffer
	if err := plan.WriteText(&b); err != nil {
		t.Fatal(err)
	}
	for i := range plan.Maps {
		if m := &plan.Maps[i]; m.ValueSize > 0 && len(m.Contents) > int(m.ValueSize) { // 0: an arena
			t.Errorf("%s=%q: %d bytes for a value of %d", name, text, len(m.Contents), m.ValueSize)
		}
		fmt.Fprintf(&b, "%x\n", plan.Maps[i].Contents)
	}
	return b.String()
}
