package legacymaps

import (
	"fmt"
	"strings"

	"github.com/bpfload/bpfload/internal/mapdef"
	"github.com/bpfload/bpfload/internal/rawbtf"
)

const (
	annotationPrefix = "____btf_map_" // of the struct's name (L100)
	annotationVar    = "MAP_BTF_"     // of redbpf's variables in maps.ext
)

// annotate gives definitions the key and value types that the object's BTF
// annotations tell (L100 to L102). Which types the kernel takes is for whoever
// creates the maps (L103).
func (p *parser) annotate() {
	if p.f.BTF == nil {
		return
	}
	structs := annotations(p.f.BTF)
	if len(structs) == 0 {
		return
	}
	for i := range p.defs {
		d := &p.defs[i]
		for _, name := range append([]string{d.Name}, d.Aliases...) {
			if ty, ok := structs[name]; ok {
				p.annotateDef(d, p.recs[i].elem, ty)
				break
			}
		}
	}
}

// annotations finds the annotation structs by map name, in one pass. The first
// of a name counts; the result is looked up, never walked.
func annotations(t *rawbtf.Table) map[string]rawbtf.Type {
	found := map[string]rawbtf.Type{}
	add := func(name string, ty rawbtf.Type) {
		if _, dup := found[name]; !dup && name != "" {
			found[name] = ty
		}
	}
	var vars []rawbtf.Type
	for id := 1; id < t.Len(); id++ {
		ty := t.Type(rawbtf.ID(id))
		switch {
		case ty.Kind == rawbtf.Struct && strings.HasPrefix(ty.Name(), annotationPrefix):
			add(strings.TrimPrefix(ty.Name(), annotationPrefix), ty)
		case ty.Kind == rawbtf.Var && strings.HasPrefix(ty.Name(), annotationVar):
			vars = append(vars, ty)
		}
	}
	for _, v := range vars {
		if ty, err := t.Strip(v.Ref()); err == nil && ty.Kind == rawbtf.Struct {
			add(strings.TrimPrefix(v.Name(), annotationVar), ty)
		}
	}
	return found
}

// annotateDef takes one annotation: members by name, else by position (L101);
// one whose sizes are not the definition's is dropped with a warning (L102).
func (p *parser) annotateDef(d *mapdef.Def, e *element, ty rawbtf.Type) {
	if ty.Vlen < 2 {
		p.warn("annotation_members", e, fmt.Sprintf("%s has no key and value members: the map gets no types", ty.Name()))
		return
	}
	key, value := ty.Member(0).Type, ty.Member(1).Type
	for i := range ty.Vlen {
		switch m := ty.Member(i); m.Name() {
		case "key":
			key = m.Type
		case "value":
			value = m.Type
		}
	}
	for _, part := range []struct {
		name string
		id   rawbtf.ID
		want uint32
	}{{"key", key, d.KeySize}, {"value", value, d.ValueSize}} {
		n, err := p.f.BTF.Sizeof(part.id)
		if err != nil {
			p.warn("annotation_size", e, fmt.Sprintf("%s of %s has no size (%v): the map gets no types", part.name, ty.Name(), err))
			return
		}
		if n != part.want {
			p.warn("annotation_size", e, fmt.Sprintf("%s of %s has %d bytes, the map's %s has %d: the map gets no types", part.name, ty.Name(), n, part.name, part.want))
			return
		}
	}
	d.KeyType, d.ValueType = key, value
}
