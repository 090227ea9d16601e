package check

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/bpfload/bpfload/elfload"
)

// Settings are for many objects: each takes those that concern it.
func TestSettingsGoWhereTheyBelong(t *testing.T) {
	r := run(t, Options{NoKernel: true, Load: elfload.Options{
		Vars:     []elfload.Var{{Name: "limit", Value: "9"}, {Name: "mode", Value: "1"}},
		Maps:     []elfload.MapOverride{{Map: "counts", Field: "max_entries", Value: "5"}, {Map: "slots", Field: "pin", Value: "by_name"}},
		Types:    []elfload.ProgramType{{Program: "untyped", Type: "xdp"}, {Program: "*", Type: "xdp"}},
		Autoload: []string{"untyped"}}}, objs)
	if !r.OK() {
		t.Errorf("not ok: %v", r.Err())
	}
	if p := r.Objects[1].Programs[1]; p.Name != "untyped" || p.Verdict != Passed || p.Type != "xdp" {
		t.Errorf("program %+v", p)
	}
}

func TestNamesThatNoObjectHas(t *testing.T) {
	for name, o := range map[string]elfload.Options{
		"var":      {Vars: []elfload.Var{{Name: "nobody", Value: "1"}}},
		"map":      {Maps: []elfload.MapOverride{{Map: "nobody", Field: "max_entries", Value: "1"}}},
		"inner":    {Inner: []elfload.InnerMap{{Outer: "nobody", Inner: "counts"}}},
		"type":     {Types: []elfload.ProgramType{{Program: "nobody", Type: "xdp"}}},
		"autoload": {Autoload: []string{"nobody"}},
		"attach":   {AttachProgs: []elfload.AttachProg{{Program: "nobody", Target: "1:f"}}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Run(context.Background(), []string{objs}, Options{NoKernel: true, Load: o})
			if !errors.Is(err, elfload.ErrUsage) || !strings.Contains(err.Error(), `"nobody"`) {
				t.Errorf("error is %v", err)
			}
		})
	}
}
