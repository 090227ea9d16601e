package rawbtf

import (
	"bytes"
	"strings"
)

// EssentialName is name without its flavour, which is what stands behind the last
// "___": CO-RE takes types of the same essential name for the same (libbpf's
// bpf_core_essential_name_len).
func EssentialName(name string) string {
	if at := strings.LastIndex(name, "___"); at > 0 {
		return name[:at]
	}
	return name
}

// named are the kinds that have a name of their own to find a type by, besides
// functions, variables and sections.
const named = 1<<Int | 1<<Struct | 1<<Union | 1<<Enum | 1<<Fwd | 1<<Typedef | 1<<Float | 1<<TypeTag | 1<<Enum64

// FindEssential gives, for each of the essential names, the types that have it,
// in order of id: integers, structs, unions, enums, forward declarations,
// typedefs, floats and type tags. It passes once over the types.
func (t *Table) FindEssential(names []string) map[string][]ID {
	return t.findNames(named, names, func(name []byte) []byte {
		if at := bytes.LastIndex(name, []byte("___")); at > 0 {
			return name[:at]
		}
		return name
	})
}

// FindNamed gives, for each of the names, the types of these kinds (1<<Func|1<<Var)
// that have it, in order of id. It passes once over the types.
func (t *Table) FindNamed(kinds uint32, names []string) map[string][]ID {
	return t.findNames(kinds, names, func(name []byte) []byte { return name })
}

// findNames finds the types of which the part of the name that cut leaves is one of
// names. The base's types are not among them, though their names may stand there.
func (t *Table) findNames(kinds uint32, names []string, cut func([]byte) []byte) map[string][]ID {
	found := make(map[string][]ID, len(names))
	var some nameFilter
	for _, name := range names {
		if name != "" {
			found[name] = nil
			some.add(name)
		}
	}
	for id := max(t.first, 1); uint64(id) < uint64(t.Len()); id++ {
		rec := t.types[t.offsets[id-t.first]:]
		if kinds>>(t.word(rec[4:])>>24&0x1f)&1 == 0 {
			continue
		}
		s := t.stringBytes(t.word(rec))
		if len(s) >= 3 && !some.mayHave(s[0], s[1], s[2]) {
			continue
		}
		n := bytes.IndexByte(s[:min(len(s), maxName+1)], 0)
		if n <= 0 {
			continue
		}
		name := cut(s[:n])
		if ids, ok := found[string(name)]; ok {
			found[string(name)] = append(ids, id)
		}
	}
	return found
}

// stringBytes is the string section from off on, the base's for its offsets.
func (t *Table) stringBytes(off uint32) []byte {
	if off < t.firstStr {
		return t.base.stringBytes(off)
	}
	if off -= t.firstStr; uint64(off) < uint64(len(t.strs)) {
		return t.strs[off:]
	}
	return nil
}

// nameFilter knows the first three bytes of names, roughly.
type nameFilter [8]uint64

func (f *nameFilter) bit(a, b, c byte) (word, bit uint32) {
	h := (uint32(a) | uint32(b)<<8 | uint32(c)<<16) * 0x9e3779b1 >> 23
	return h >> 6, h & 63
}

// add makes the filter let name pass, with and without a flavour. A missing byte
// is the terminating zero or the flavour's underscore, and what stands behind a
// zero may be anything.
func (f *nameFilter) add(name string) {
	set := func(a, b, c byte) {
		word, bit := f.bit(a, b, c)
		f[word] |= 1 << bit
	}
	switch len(name) {
	case 1:
		set(name[0], '_', '_')
		for c := range 256 {
			set(name[0], 0, byte(c))
		}
	case 2:
		set(name[0], name[1], 0)
		set(name[0], name[1], '_')
	default:
		set(name[0], name[1], name[2])
	}
}

func (f *nameFilter) mayHave(a, b, c byte) bool {
	word, bit := f.bit(a, b, c)
	return f[word&7]>>bit&1 != 0
}
