package bpfsys

import (
	"fmt"
	"syscall"

	"github.com/bpfload/bpfload/internal/mapdef"
)

// ExplainMapCreate tells why the kernel answered err to the creation of a. It
// asks sys by making maps with attributes left out, and closes each of them.
// a's descriptors must still be open.
//
// The Kind is ErrBadObject where no kernel takes such a map, ErrNotSupported
// where this one does not, ErrPrivilege, or nil (memory, limits).
func ExplainMapCreate(sys Prober, a *MapAttr, err error) Diagnosis {
	errno := Errno(err)
	if errno == 0 {
		return Diagnosis{Reason: fmt.Sprint(err)}
	}
	h := sys.Host()
	if h.filter = askFilter(sys, h, cmdMapCreate, errno); h.filter == filterRefuses {
		return filtered(cmdMapCreate)
	}
	e := &mapExplainer{sys: sys, a: a, host: h, errno: errno}
	switch errno {
	case syscall.EPERM:
		return e.privilege()
	case syscall.ENOSYS:
		return noBPFSyscall(h)
	case syscall.ENOMEM:
		return e.memory()
	}
	return e.refused()
}

// mapExplainer is one failed creation under examination.
type mapExplainer struct {
	sys   Prober
	a     *MapAttr
	host  Host
	errno syscall.Errno
}

// try makes the map and closes it.
func (e *mapExplainer) try(a MapAttr) syscall.Errno {
	fd, err := e.sys.MapCreate(&a)
	if err == nil {
		_ = e.sys.Close(fd)
		return 0
	}
	return Errno(err)
}

// kind is the type in words.
func (e *mapExplainer) kind() string {
	return typeText(MapTypeName(e.a.Type), e.a.Type)
}

// refused examines an answer that is about the attributes: EINVAL, E2BIG,
// ENOTSUPP and the like. It builds the map up from the least that its type
// allows, one attribute after the other; the type's rules give the words, and
// they stand alone where something is absent that building up starts with.
func (e *mapExplainer) refused() Diagnosis {
	problems := CheckMap(e.a, e.host.PageSize)
	base, ok := minimalMap(e.a, e.host.PageSize)
	if !ok {
		if len(problems) > 0 {
			return invalid(problems)
		}
		return e.generic()
	}
	defer e.openInner(&base)()
	if errno := e.try(base); errno != 0 {
		return e.typeRefused(errno)
	}
	refused := e.buildUp(base)
	switch {
	case len(refused) > 0:
		return e.blame(refused, problems)
	case len(problems) > 0:
		return invalid(problems)
	case e.try(*e.a) == 0:
		return Diagnosis{Reason: "the kernel refused the map once and took the same map afterwards", Hint: "Try again"}
	}
	return e.generic()
}

const correctHint = "Correct the definition"

// invalid is the diagnosis of a map or program that no kernel takes.
func invalid(problems []Problem) Diagnosis {
	var reasons []string
	for _, p := range problems {
		reasons = append(reasons, p.Reason)
	}
	return Diagnosis{mapdef.ErrBadObject, problems[0].Attribute, join(reasons), correctHint}
}

// openInner gives a map of maps a plain template instead of the caller's, so
// that the caller's own is one attribute to examine. The result closes it.
func (e *mapExplainer) openInner(base *MapAttr) func() {
	if e.a.Type != mapArrayOfMaps && e.a.Type != mapHashOfMaps {
		return func() {}
	}
	fd, err := e.sys.MapCreate(&MapAttr{Type: mapArray, KeySize: 4, ValueSize: 4, MaxEntries: 1, TokenFD: e.a.TokenFD})
	if err != nil {
		base.InnerMapFD = e.a.InnerMapFD
		return func() {}
	}
	base.InnerMapFD = fd
	return func() { _ = e.sys.Close(fd) }
}

// typeRefused is the diagnosis when not even the least map of the type can be made.
func (e *mapExplainer) typeRefused(errno syscall.Errno) Diagnosis {
	switch errno {
	case syscall.EPERM:
		return e.privilege()
	case syscall.ENOMEM:
		return e.memory()
	}
	since := MapTypeSince(e.a.Type)
	d := Diagnosis{Kind: mapdef.ErrNotSupported, Attribute: "map_type"}
	d.Reason = fmt.Sprintf("this kernel%s has no maps of type %s%s", releaseText(e.host), e.kind(),
		sinceText(since, e.host.Release))
	d.Hint = sinceHint(since, e.host.Release, "the map type")
	return d
}

// step is one attribute that is taken over from the map under examination.
type step struct {
	attribute string
	flag      uint32 // the bit, for map_flags
	set       func(to, from *MapAttr)
}

// mapSteps is the order of building up: an attribute comes after those that it
// depends on.
var mapSteps = [...]step{
	{attribute: "key_size", set: func(to, from *MapAttr) { to.KeySize = from.KeySize }},
	{attribute: "value_size", set: func(to, from *MapAttr) { to.ValueSize = from.ValueSize }},
	{attribute: "map_flags"}, // replaced by one step for each bit
	{attribute: "numa_node", set: func(to, from *MapAttr) { to.NumaNode = from.NumaNode }},
	{attribute: "map_extra", set: func(to, from *MapAttr) { to.Extra = from.Extra }},
	{attribute: "inner_map_fd", set: func(to, from *MapAttr) { to.InnerMapFD = from.InnerMapFD }},
	{attribute: "map_name", set: func(to, from *MapAttr) { to.Name = from.Name }},
	{attribute: "btf_value_type_id", set: func(to, from *MapAttr) {
		to.BTFFD, to.KeyTypeID, to.ValueTypeID = from.BTFFD, from.KeyTypeID, from.ValueTypeID
	}},
	{attribute: "btf_vmlinux_value_type_id", set: func(to, from *MapAttr) {
		to.VmlinuxValueTypeID, to.ValueTypeBTFObjFD = from.VmlinuxValueTypeID, from.ValueTypeBTFObjFD
	}},
	{attribute: "map_ifindex", set: func(to, from *MapAttr) { to.Ifindex = from.Ifindex }},
	{attribute: "max_entries", set: func(to, from *MapAttr) { to.MaxEntries = from.MaxEntries }},
}

// refusal is one attribute that the kernel does not take.
type refusal struct {
	step
	errno syscall.Errno
}

// buildUp takes over one attribute after the other and lists those with which
// the kernel refuses the map. BTF types are left out once a size is refused: they
// describe the size that the map then has not got.
func (e *mapExplainer) buildUp(base MapAttr) []refusal {
	var refused []refusal
	attempt := func(s step) {
		next := base
		s.set(&next, e.a)
		sized := next.KeySize == e.a.KeySize && next.ValueSize == e.a.ValueSize
		if next == base || s.attribute == "btf_value_type_id" && !sized {
			return
		}
		if errno := e.try(next); errno != 0 {
			refused = append(refused, refusal{s, errno})
			return
		}
		base = next
	}
	for _, s := range mapSteps {
		if s.attribute != "map_flags" {
			attempt(s)
			continue
		}
		for bit := range 32 {
			if one := uint32(1) << bit; e.a.Flags&one != 0 {
				attempt(step{"map_flags", one, func(to, _ *MapAttr) { to.Flags |= one }})
			}
		}
	}
	return refused
}

// blame is the diagnosis of attributes that were found by building up, in the
// words of the type's rules where those forbid the same attribute.
func (e *mapExplainer) blame(all []refusal, problems []Problem) Diagnosis {
	d := Diagnosis{Kind: mapdef.ErrNotSupported, Attribute: all[0].attribute}
	var reasons []string
	known := 0
	for _, r := range all {
		rules := rulesFor(r, problems)
		if len(rules) == 0 {
			rules = []string{e.refusalText(r)}
		} else {
			known++
		}
		reasons = append(reasons, rules...)
	}
	d.Reason = join(reasons)
	if known == len(all) {
		d.Kind, d.Hint = mapdef.ErrBadObject, correctHint
		return d
	}
	e.advise(&d, all[0])
	return d
}

// rulesFor is the reasons that the type's rules give against a refused
// attribute, for map_flags against that bit.
func rulesFor(r refusal, problems []Problem) []string {
	var reasons []string
	for _, p := range problems {
		if p.Attribute == r.attribute && p.Flag == r.flag {
			reasons = append(reasons, p.Reason)
		}
	}
	return reasons
}

// advise adds kind and hint for the first refused attribute.
func (e *mapExplainer) advise(d *Diagnosis, first refusal) {
	switch {
	case first.errno == syscall.EPERM:
		d.Kind, d.Hint = mapdef.ErrPrivilege, flagPrivilege(first.flag)
	case first.errno == syscall.ENOMEM || first.errno == syscall.E2BIG:
		d.Kind, d.Hint = nil, "Make max_entries or value_size smaller"
	case first.flag != 0:
		d.Hint = sinceHint(flagSince(first.flag), e.host.Release, "the flag")
	case first.attribute == "numa_node":
		d.Hint = "Choose a node that /sys/devices/system/node/online lists"
	case first.attribute == "btf_value_type_id":
		d.Hint = "Compare key and value type with key_size and value_size; locks, timers and kptrs need a map type that allows them"
	}
}

// refusalText is one refused attribute with its value, in words.
func (e *mapExplainer) refusalText(r refusal) string {
	switch {
	case r.flag != 0:
		return fmt.Sprintf("the kernel%s refuses map_flags bit %#x (%s) for %s maps%s", releaseText(e.host), r.flag,
			flagText(r.flag), MapTypeName(e.a.Type), sinceText(flagSince(r.flag), e.host.Release))
	case r.attribute == "inner_map_fd":
		return "the kernel refuses a map of this kind as inner map: " + ErrnoText(r.errno)
	case r.attribute == "btf_value_type_id":
		return fmt.Sprintf("the kernel refuses the BTF types of key (id %d) and value (id %d): %s",
			e.a.KeyTypeID, e.a.ValueTypeID, ErrnoText(r.errno))
	case e.a.Type == mapCPUMap && r.attribute == "max_entries":
		return fmt.Sprintf("a cpumap holds at most as many CPUs as the kernel was built for (CONFIG_NR_CPUS), and max_entries is %d", e.a.MaxEntries)
	case r.errno == syscall.ENOMEM || r.errno == syscall.E2BIG:
		return fmt.Sprintf("the kernel refuses %s %s: %s%s", r.attribute, e.valueOf(r.attribute), ErrnoText(r.errno), e.memoryText())
	}
	return fmt.Sprintf("the kernel refuses %s %s: %s", r.attribute, e.valueOf(r.attribute), ErrnoText(r.errno))
}

// valueOf is an attribute's value as the system call's error shows it.
func (e *mapExplainer) valueOf(attribute string) string {
	for _, arg := range e.a.args() {
		if arg.Name == attribute {
			return arg.Value
		}
	}
	return "0"
}

// generic is all that can be said when elimination is not possible.
func (e *mapExplainer) generic() Diagnosis {
	return Diagnosis{
		Kind:   mapdef.ErrNotSupported,
		Reason: fmt.Sprintf("the kernel%s refuses the map of type %s: %s", releaseText(e.host), e.kind(), ErrnoText(e.errno)),
	}
}
