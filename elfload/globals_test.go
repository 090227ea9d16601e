package elfload_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/bpfload/bpfload/elfload"
)

// Globals of a planned object have the values that will reach the kernel, and
// members and elements are set one by one. The object itself stays as it is.
func TestVarsInDocuments(t *testing.T) {
	for _, row := range []struct {
		set  []elfload.Var
		name string
		want string // or part of the error, if code is set
		code string
	}{
		{nil, "place", "{.x = 1, .y = -2, .z = 3}", ""},
		{[]elfload.Var{{Name: "word", Value: "7"}}, "word", "7", ""},
		{[]elfload.Var{{Name: "word", Value: "7"}, {Name: "word", Value: "8"}}, "word", "8", ""},
		{[]elfload.Var{{Name: "zeroed", Value: "9"}}, "zeroed", "9", ""},
		{[]elfload.Var{{Name: "place", Value: "{.y = 5}"}}, "place", "{.x = 0, .y = 5, .z = 0}", ""},
		{[]elfload.Var{{Name: "place.y", Value: "5"}, {Name: "place.z", Value: "0x10"}}, "place", "{.x = 1, .y = 5, .z = 16}", ""},
		{[]elfload.Var{{Name: "list[2]", Value: "30"}}, "list", "{1, 2, 30, 4}", ""},
		{[]elfload.Var{{Name: "name[0]", Value: "'B'"}}, "name", `"Bpfload"`, ""},
		{[]elfload.Var{{Name: "how", Value: "LOW"}}, "how", "LOW", ""},
		{[]elfload.Var{{Name: "list[4]", Value: "1"}}, "", "index 4 is outside of const volatile u32[4]", "var_value"},
		{[]elfload.Var{{Name: "place.q", Value: "1"}}, "", `has no member "q"`, "var_value"},
		{[]elfload.Var{{Name: "place.y", Value: "70000"}}, "", "does not fit", "var_value"},
		{[]elfload.Var{{Name: "places.y", Value: "1"}}, "", "no global variable has this name", "var_unknown"},
		{[]elfload.Var{{Name: ".y", Value: "1"}}, "", "no global variable has this name", "var_unknown"},
	} {
		for _, file := range []string{"/vars.o", "/vars.eb.o"} {
			o, err := elfload.Open(objects + file)
			if err != nil {
				t.Fatal(err)
			}
			plan, err := o.Plan(elfload.Options{Vars: row.set})
			if row.code != "" {
				var e *elfload.Error
				if !errors.As(err, &e) || e.Code != row.code || !strings.Contains(err.Error(), row.want) {
					t.Errorf("%s %v: error %v, want %s %q", file, row.set, err, row.code, row.want)
				}
				continue
			}
			if err != nil {
				t.Fatal(file, row.set, err)
			}
			if got := globalIn(plan.Document(), row.name); got != row.want {
				t.Errorf("%s %v: %s is %s, want %s", file, row.set, row.name, got, row.want)
			}
			if got := globalIn(o.Document(), "place"); got != "{.x = 1, .y = -2, .z = 3}" {
				t.Errorf("%s: the object's place is %s", file, got)
			}
		}
	}
}

func globalIn(d *elfload.Document, name string) string {
	for _, g := range d.Globals {
		if string(g.Name) == name {
			return string(g.Value)
		}
	}
	return "none"
}
