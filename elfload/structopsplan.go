package elfload

import (
	"fmt"

	"github.com/bpfload/bpfload/internal/mapdef"
)

// planStructOps decides which programs of struct_ops maps are loaded: those of
// maps that are created, and no others, whatever their own section says (R126).
// A program that no struct_ops map refers to keeps what it asks for.
func (p *Plan) planStructOps() error {
	referenced := make([]bool, len(p.Programs))
	needed := make([]bool, len(p.Programs))
	for i := range p.Maps {
		m := &p.Maps[i]
		if m.StructOps == nil {
			continue
		}
		for _, member := range m.StructOps.Programs {
			pr := &p.Programs[member.Program]
			if pr.Type != progTypeStructOps {
				return &Error{Stage: StagePlan, Code: "struct_ops_program", Section: m.Section, Symbol: m.Name, Offset: mapdef.At(m.Offset + member.Offset),
					Err:  fmt.Errorf("member %q is set to %q, which is not a struct_ops program", member.Name, pr.Name),
					Hint: "put the program into SEC(\"struct_ops\"), or give it the type with --type " + pr.Name + "=struct_ops"}
			}
			referenced[member.Program] = true
			needed[member.Program] = needed[member.Program] || m.Create
		}
	}
	for i := range p.Programs {
		if referenced[i] {
			p.Programs[i].Load = needed[i] && !p.opts.MapsOnly
		}
	}
	return nil
}

// createOptional has the optional map of that name created; false if there is none.
func (p *Plan) createOptional(name string) bool {
	i, ok := indexOfMap(p.Maps, name)
	if ok {
		p.Maps[i].Create = true
	}
	return ok
}

func indexOfMap(maps []PlannedMap, name string) (int, bool) {
	for i := range maps {
		if maps[i].Optional && maps[i].Named(name) {
			return i, true
		}
	}
	return -1, false
}
