package check

import (
	"fmt"
	"slices"

	"github.com/bpfload/bpfload/elfload"
)

// names keeps account of what settings name: settings are made for many
// objects, of which each has some of the variables, maps and programs.
type names struct {
	wanted []string        // in the order of settings
	found  map[string]bool // asked, never walked
	unread bool            // some object could not be read: it may have had the rest
}

func newNames() *names { return &names{found: make(map[string]bool)} }

// has notes that something is named, and whether the object has it.
func (n *names) has(what, name string, has bool) bool {
	key := fmt.Sprintf("%s %q", what, name)
	if _, seen := n.found[key]; !seen {
		n.wanted = append(n.wanted, key)
	}
	n.found[key] = n.found[key] || has
	return has
}

// unknown is the error about the first name that no object has.
func (n *names) unknown() error {
	if n.unread {
		return nil
	}
	for _, key := range n.wanted {
		if !n.found[key] {
			return usage(fmt.Errorf("no object has a %s", key))
		}
	}
	return nil
}

// everyProgram in a program type means all programs without a type.
const everyProgram = "*"

// keep drops from the settings what the object lacks.
func (n *names) keep(obj *elfload.Object, s *settings) {
	globals := make(map[string]bool)
	if len(s.load.Vars)+len(s.vary) > 0 {
		for _, g := range obj.Globals() {
			globals[g.Name] = true
		}
		for _, name := range obj.Constants() {
			globals[name] = true
		}
	}
	isMap := func(name string) bool { _, ok := obj.MapIndex(name); return ok }
	isProgram := func(name string) bool { _, ok := obj.ProgramIndex(name); return ok }
	o := &s.load
	o.Vars = kept(o.Vars, func(v elfload.Var) bool { return n.has("global variable", v.Name, globals[v.Name]) })
	s.vary = kept(s.vary, func(v Vary) bool { return n.has("global variable", v.Name, globals[v.Name]) })
	o.Maps = kept(o.Maps, func(m elfload.MapOverride) bool { return n.has("map", m.Map, isMap(m.Map)) })
	o.Inner = kept(o.Inner, func(m elfload.InnerMap) bool { return n.has("map", m.Outer, isMap(m.Outer)) })
	o.Types = kept(o.Types, func(p elfload.ProgramType) bool {
		return p.Program == everyProgram || n.has("program", p.Program, isProgram(p.Program))
	})
	o.AttachProgs = kept(o.AttachProgs, func(p elfload.AttachProg) bool { return n.has("program", p.Program, isProgram(p.Program)) })
	o.Autoload = kept(o.Autoload, func(name string) bool {
		return n.has("program or map", name, isProgram(name) || isMap(name))
	})
}

// kept is a new slice of those that keep wants.
func kept[T any](list []T, keep func(T) bool) []T {
	return slices.DeleteFunc(slices.Clone(list), func(v T) bool { return !keep(v) })
}
