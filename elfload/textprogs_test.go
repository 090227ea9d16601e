package elfload

import (
	"testing"

	"github.com/bpfload/bpfload/internal/elftest"
)

// Functions of .text are loaded only where somebody says as what.
func TestTextPrograms(t *testing.T) {
	o := elftest.Object{Order: hostOrder, Sections: []elftest.Section{elftest.Exec(".text", elftest.Mov(hostOrder, elftest.R0, 0), elftest.Exit(hostOrder))},
		Symbols: []elftest.Symbol{elftest.Func("library", ".text", 0, 16)}}
	obj, err := Read(o.Bytes(), ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name  string
		opts  Options
		loads bool
		warns int
	}{
		{"no type", Options{}, false, 1},
		{"maps only", Options{MapsOnly: true}, false, 0},
		{"a type", Options{Types: []ProgramType{{"library", "xdp"}}}, true, 0},
		{"a type for all", Options{Types: []ProgramType{{"*", "xdp"}}}, true, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			plan, err := obj.Plan(tt.opts)
			if err != nil {
				t.Fatal(err)
			}
			if plan.Programs[0].Load != tt.loads || len(plan.Warnings) != tt.warns {
				t.Errorf("load is %v, warnings %+v", plan.Programs[0].Load, plan.Warnings)
			}
			if tt.warns > 0 && (plan.Warnings[0].Code != "text_program" || plan.Warnings[0].Program != "library") {
				t.Errorf("got %+v", plan.Warnings)
			}
		})
	}
}
