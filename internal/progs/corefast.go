package progs

import (
	"github.com/bpfload/bpfload/internal/mapdef"
	"github.com/bpfload/bpfload/internal/rawbtf"
)

// CO-RE as cilium/ebpf resolves it, upon the kernel's BTF as it stands in its
// bytes: what costs most of the time otherwise is to make types of it. Whatever is
// not plain (an error, an ambiguity, a field whose width has changed) is left to
// cilium/ebpf, and so are the messages about it.

// Further kinds of relocation (enum bpf_core_relo_kind in linux/bpf.h).
const (
	coreFieldExists  = 2
	coreLShift       = 4
	coreRShift       = 5
	coreTypeExists   = 8
	coreEnumvalExist = 10
	coreEnumvalValue = 11
	coreTypeMatches  = 12
)

// FastRelocator resolves the plain CO-RE relocations of one object. It may be used
// by several goroutines.
type FastRelocator struct {
	file       *mapdef.File
	local      *rawbtf.Table
	target     *rawbtf.Table
	candidates map[string][]rawbtf.ID // by essential name
}

// NewFastRelocator looks once through target, which is the kernel's own BTF, for
// the types that the relocations of codes are about.
func (s *Set) NewFastRelocator(target *rawbtf.Table, codes []*Code) *FastRelocator {
	r := &FastRelocator{file: s.file, local: s.file.BTF, target: target}
	seen := make(map[rawbtf.ID]bool)
	var names []string
	for _, c := range codes {
		for i := range c.Core {
			if id := c.Core[i].TypeID; r.local != nil && !seen[id] {
				seen[id] = true
				names = append(names, rawbtf.EssentialName(r.local.Type(id).Name()))
			}
		}
	}
	r.candidates = target.FindEssential(names)
	return r
}

// fixup is what to do with one relocation: the value in the object, that in the
// target, or poison because the target has no such thing.
type fixup struct {
	local, target uint64
	poison        bool
	unchecked     bool // the instruction need not have the local value
}

// outcome of an attempt.
type outcome uint8

const (
	solved  outcome = iota
	missing         // the target has no such thing
	unplain         // for cilium/ebpf to judge
)

// checksExistence tells of relocations that are 0 instead of poison.
func checksExistence(kind uint32) bool {
	return kind == coreFieldExists || kind == coreTypeExists || kind == coreEnumvalExist || kind == coreTypeMatches
}

// Relocate is Relocator.Relocate for codes that are plain; false for others, whose
// instrs are then as they were.
func (r *FastRelocator) Relocate(code *Code, instrs []byte) (failures []CoreFailure, ok bool) {
	fixups := make([]fixup, len(code.Core))
	if r.local == nil || !r.solve(code.Core, fixups) {
		return nil, false
	}
	p := insns{instrs, code.Order}
	for i := range code.Core {
		relo := &code.Core[i]
		if i > 0 && relo.Insn <= code.Core[i-1].Insn {
			return nil, false // two of one instruction
		}
		if relo.Kind != coreTypeIDLocal && (!p.fits(relo, &fixups[i]) || !r.keepsWidth(p, relo)) {
			return nil, false
		}
	}
	for i := range code.Core {
		relo := &code.Core[i]
		if relo.Kind == coreTypeIDLocal || p.set(relo, &fixups[i]) {
			continue
		}
		p.poisonCore(relo.Insn)
		failures = append(failures, failureOf(r.local, *relo, "the target has no such type, field or value"))
	}
	return failures, true
}

// solve solves relocations; false where one is not plain.
func (r *FastRelocator) solve(relos []CoreRelo, fixups []fixup) bool {
	done := make([]bool, len(relos))
	var group []fastRelo
	for i := range relos {
		if done[i] {
			continue
		}
		group = group[:0]
		for k := i; k < len(relos); k++ {
			if relos[k].TypeID != relos[i].TypeID {
				continue
			}
			done[k] = true
			if relos[k].Kind == coreTypeIDLocal {
				continue
			}
			path, err := parseAccess(relos[k].Access)
			if err != nil || relos[k].TypeID == 0 || !r.local.Valid(relos[k].TypeID) {
				return false
			}
			group = append(group, fastRelo{at: k, kind: relos[k].Kind, path: path})
		}
		if len(group) > 0 && !r.best(relos[i].TypeID, group) {
			return false
		}
		for _, g := range group {
			fixups[g.at] = g.best
		}
	}
	return true
}

// fastRelo is one relocation of a group, all against one local type.
type fastRelo struct {
	at   int // in the list of all
	kind uint32
	path []int
	try  fixup // for the candidate at hand
	best fixup // for the best one
}

// best fills in the fixups for the candidate that misses least; candidates that
// miss as much must agree. False where they do not.
func (r *FastRelocator) best(id rawbtf.ID, group []fastRelo) bool {
	local := r.local.Type(id)
	name := rawbtf.EssentialName(local.Name())
	candidates, known := r.candidates[name]
	if name == "" || !known || local.Kind == rawbtf.Func || local.Kind == rawbtf.Var || local.Kind == rawbtf.Datasec {
		return false
	}
	least, chosen := len(group), false
	for _, c := range candidates {
		target := r.target.Type(c)
		if target.Kind == rawbtf.TypeTag {
			return false
		}
		misses := 0
		for i := range group {
			g := &group[i]
			switch r.one(g, local, target) {
			case unplain:
				return false
			case missing:
				g.try = fixup{poison: true}
				if checksExistence(g.kind) {
					g.try = fixup{local: 1}
				}
				misses++
			}
		}
		switch {
		case misses < least:
			least, chosen = misses, true
			for i := range group {
				group[i].best = group[i].try
			}
		case misses == least && chosen:
			for i := range group {
				if group[i].best.local != group[i].try.local || group[i].best.target != group[i].try.target {
					return false
				}
			}
		}
	}
	for i := range group {
		if chosen {
			break
		}
		group[i].best = fixup{poison: !checksExistence(group[i].kind)}
		if checksExistence(group[i].kind) {
			group[i].best.local = 1
		}
	}
	return true
}

// one computes g.try for one candidate.
func (r *FastRelocator) one(g *fastRelo, local, target rawbtf.Type) outcome {
	switch g.kind {
	case coreTypeIDTarget, coreTypeSize, coreTypeExists:
		return r.wholeType(g, local, target)
	case coreEnumvalExist, coreEnumvalValue:
		return r.enumerator(g, local, target)
	case coreByteOffset, coreByteSize, coreFieldExists, coreSigned, coreLShift, coreRShift:
		if to, err := r.target.Strip(target.ID); err != nil {
			return unplain
		} else if to.Kind == rawbtf.Fwd {
			return missing
		}
		return r.field(g, local.ID, target.ID)
	}
	return unplain
}

func (r *FastRelocator) wholeType(g *fastRelo, local, target rawbtf.Type) outcome {
	if len(g.path) != 1 || g.path[0] != 0 {
		return unplain
	}
	if o := r.compatible(local.ID, target.ID, &[]typePair{}); o != solved {
		return o
	}
	switch g.kind {
	case coreTypeExists:
		g.try = fixup{local: 1, target: 1}
	case coreTypeIDTarget:
		g.try = fixup{local: uint64(local.ID), target: uint64(target.ID)}
	case coreTypeSize:
		a, err := r.local.Sizeof(local.ID)
		if err != nil {
			return unplain
		}
		b, err := r.target.Sizeof(target.ID)
		if err != nil {
			return unplain
		}
		g.try = fixup{local: uint64(a), target: uint64(b)}
	}
	return solved
}

// isEnum tells of both kinds of enumeration.
func isEnum(k rawbtf.Kind) bool { return k == rawbtf.Enum || k == rawbtf.Enum64 }

func isComposite(k rawbtf.Kind) bool { return k == rawbtf.Struct || k == rawbtf.Union }

// sameKind takes enumerations of 32 and of 64 bits for one kind.
func sameKind(a, b rawbtf.Kind) bool { return a == b || isEnum(a) && isEnum(b) }

func (r *FastRelocator) enumerator(g *fastRelo, local, target rawbtf.Type) outcome {
	a, errA := r.local.Strip(local.ID)
	b, errB := r.target.Strip(target.ID)
	if errA != nil || errB != nil || !isEnum(a.Kind) || len(g.path) != 1 || g.path[0] >= a.Vlen {
		return unplain
	}
	if !isEnum(b.Kind) {
		return missing
	}
	want := a.Enumerator(g.path[0])
	name := rawbtf.EssentialName(want.Name)
	for i := range b.Vlen {
		have := b.Enumerator(i)
		if rawbtf.EssentialName(have.Name) != name {
			continue
		}
		g.try = fixup{local: 1, target: 1}
		if g.kind == coreEnumvalValue {
			g.try = fixup{local: want.Value, target: have.Value}
		}
		return solved
	}
	return missing
}

// typePair is a type of the object and one of the target.
type typePair struct{ local, target rawbtf.ID }

// compatible is libbpf's bpf_core_types_are_compat. visited are the pairs that have
// been looked at, which count as compatible.
func (r *FastRelocator) compatible(local, target rawbtf.ID, visited *[]typePair) outcome {
	a, errA := r.local.Strip(local)
	b, errB := r.target.Strip(target)
	switch {
	case errA != nil || errB != nil || len(*visited) > maxAccess:
		return unplain
	case !sameKind(a.Kind, b.Kind):
		return missing
	}
	pair := typePair{a.ID, b.ID}
	for _, v := range *visited {
		if v == pair {
			return solved
		}
	}
	*visited = append(*visited, pair)
	switch a.Kind {
	case rawbtf.Void, rawbtf.Struct, rawbtf.Union, rawbtf.Enum, rawbtf.Enum64, rawbtf.Fwd, rawbtf.Int:
		return solved
	case rawbtf.Ptr:
		return r.compatible(a.Ref(), b.Ref(), visited)
	case rawbtf.Array:
		x, y := a.Array(), b.Array()
		if o := r.compatible(x.Index, y.Index, visited); o != solved {
			return o
		}
		return r.compatible(x.Elem, y.Elem, visited)
	case rawbtf.FuncProto:
		if o := r.compatible(a.Ref(), b.Ref(), visited); o != solved {
			return o
		}
		if a.Vlen != b.Vlen {
			return missing
		}
		for i := range a.Vlen {
			if o := r.compatible(a.Param(i).Type, b.Param(i).Type, visited); o != solved {
				return o
			}
		}
		return solved
	}
	return unplain
}
