package legacymaps

import (
	"encoding/binary"
	"fmt"

	"github.com/bpfload/bpfload/internal/mapdef"
)

// sizeCase is all definitions of one size and section for which there is no BTF.
type sizeCase struct {
	order binary.ByteOrder
	facts *facts
	size  uint64
	elems []*element
	named bool // the section is maps/…
}

// word is the four-byte word at off of an element, 0 past its end.
func (c *sizeCase) word(e *element, off uint64) uint32 {
	b, ok := mapdef.Span(e.data, off, 4)
	if !ok {
		return 0
	}
	return c.order.Uint32(b)
}

// find is the first element for which test holds, nil if there is none.
func (c *sizeCase) find(test func(e *element) bool) *element {
	for _, e := range c.elems {
		if test(e) {
			return e
		}
	}
	return nil
}

func (c *sizeCase) zeroFrom(off uint64) bool {
	return c.find(func(e *element) bool { return off < e.size && !allZero(e.data[off:]) }) == nil
}

// tailID finds a program array whose word at off is the id of a tail-call
// section.
func (c *sizeCase) tailID(off uint64, nonZero bool) (uint32, bool) {
	e := c.find(func(e *element) bool {
		id := c.word(e, off)
		return c.word(e, 0) == typeProgArray && c.facts.tailIDs[id] != "" && (id != 0 || !nonZero)
	})
	if e == nil {
		return 0, false
	}
	return c.word(e, off), true
}

// sizeRule is one line of L114.
type sizeRule struct {
	size   uint64
	decide func(*sizeCase) verdict
	others []string // further dialects that have this size (L115)
}

var sizeRules = [...]sizeRule{
	{16, decide16, nil},
	{20, decide20, []string{dIproute241, dDeepflow}},
	{24, decide24, []string{dIproute245, dIproute2}},
	{28, decide28, []string{dIproute2, dAya, dAWS}},
	{32, decide32, nil},
	{36, decide36, nil},
	{40, decideAndroid, nil},
	{48, decideAndroid, nil},
	{116, decideAndroid, nil},
	{120, decideAndroid, nil},
	{280, func(*sizeCase) verdict { return verdict{dialect: dGobpf, why: "280-byte definitions"} }, nil},
	{284, func(*sizeCase) verdict { return verdict{dialect: dDatadog, why: "284-byte definitions"} }, nil},
}

// bySize judges one size (L114) and checks the result (L115).
func (p *parser) bySize(c *sizeCase) verdict {
	for _, r := range sizeRules {
		if r.size != c.size {
			continue
		}
		v := r.decide(c)
		if v.dialect == "" || p.plausible(c, v.dialect) {
			return p.orTail(c, v)
		}
		return p.alternative(c, v, r.others)
	}
	if c.zeroFrom(20) {
		return verdict{dialect: dLibbpf, why: fmt.Sprintf("%d-byte definitions, zero from byte 20 on", c.size), neutral: true}
	}
	return p.orTail(c, verdict{why: fmt.Sprintf("definitions of %d bytes", c.size)})
}

// orTail reads an unknown layout as the samples loader's with a tail where the
// caller wants tails kept (L14, L31).
func (p *parser) orTail(c *sizeCase, v verdict) verdict {
	if v.dialect != "" || len(v.candidates) > 0 {
		return v
	}
	if p.opts.Relaxed {
		return verdict{dialect: dSamples, why: v.why + ", read relaxed", neutral: true}
	}
	for _, e := range c.elems {
		for off := uint64(20); off+4 <= e.size; off += 4 {
			if w := c.word(e, off); w != 0 {
				v.why += fmt.Sprintf(", and the word at byte %d of this one is not zero but 0x%x", off, w)
				v.elem, v.at = e, off
				return v
			}
		}
	}
	return v
}

// alternative is L115: the one other dialect of the same size that passes.
func (p *parser) alternative(c *sizeCase, v verdict, others []string) verdict {
	list := []string{v.dialect}
	var passing []string
	for _, o := range others {
		if o == v.dialect {
			continue
		}
		list = append(list, o)
		if p.plausible(c, o) {
			passing = append(passing, o)
		}
	}
	why := fmt.Sprintf("%d-byte definitions that make no sense as %s", c.size, v.dialect)
	if len(passing) == 1 {
		return verdict{dialect: passing[0], why: why}
	}
	if len(passing) > 1 {
		list = passing
	}
	return verdict{why: why, candidates: list}
}

// plausible tells whether every definition makes sense in a dialect: types in
// range, flags that exist, pinning that the dialect knows.
func (p *parser) plausible(c *sizeCase, name string) bool {
	d := p.row(name)
	if d.refuse != "" {
		return true // says so itself
	}
	for _, e := range c.elems {
		r, err := decode(p.f, e, d, layoutFor(d.layouts, e.size), p.opts.Relaxed)
		if err != nil {
			continue // the error tells more than a guess would
		}
		if t := r.word(fType); t == 0 || t > maxType {
			continue // L16 says so for any dialect
		}
		if r.word(fFlags)&^knownFlags != 0 || r.word(fPinning) > maxPinning(name) {
			return false
		}
	}
	return true
}

// maxPinning is the highest pinning value that tells of the dialect: iproute2
// takes any number, but tables have small ones.
func maxPinning(name string) uint32 {
	switch name {
	case dAya:
		return 1
	case dAWS, dGobpf, dDatadog:
		return 3
	}
	return 1 << 16
}

func decide16(*sizeCase) verdict {
	return verdict{dialect: dLibbpf, why: "16-byte definitions", neutral: true}
}

func decide20(c *sizeCase) verdict {
	if id, ok := c.tailID(16, true); ok {
		return verdict{dialect: dIproute241, why: fmt.Sprintf("20-byte program array with id %d at byte 16 and section %q", id, c.facts.tailIDs[id])}
	}
	if c.facts.deepflow != "" {
		return verdict{dialect: dDeepflow, why: fmt.Sprintf("20-byte definitions and section %q", c.facts.deepflow)}
	}
	return verdict{dialect: dLibbpf, why: "20-byte definitions", neutral: true}
}

func decide24(c *sizeCase) verdict {
	if c.find(func(e *element) bool { return c.word(e, 0) != 24 || c.word(e, 12) == 0 }) == nil {
		return verdict{dialect: dWindows, why: "24-byte definitions that begin with their size"}
	}
	if id, ok := c.tailID(16, true); ok {
		return verdict{dialect: dIproute245, why: fmt.Sprintf("24-byte program array with id %d at byte 16 and section %q", id, c.facts.tailIDs[id])}
	}
	if id, ok := c.tailID(20, true); ok {
		return verdict{dialect: dIproute2, why: fmt.Sprintf("24-byte program array with id %d at byte 20 and section %q", id, c.facts.tailIDs[id])}
	}
	e := c.find(func(e *element) bool {
		pin := c.word(e, 20)
		return !mapOfMaps(c.word(e, 0)) && (pin == 1 || pin == 2)
	})
	if e != nil {
		return verdict{dialect: dIproute245, why: fmt.Sprintf("24-byte definition %q with pinning %d at byte 20", e.name, c.word(e, 20))}
	}
	if e := c.find(func(e *element) bool { return mapOfMaps(c.word(e, 0)) }); e != nil {
		return verdict{dialect: dSamples, why: fmt.Sprintf("24-byte definition %q is a map of maps with its inner index at byte 20", e.name)}
	}
	return verdict{dialect: dSamples, why: "24-byte definitions", neutral: c.zeroFrom(20)}
}

// decide28 is the crowded size: samples, iproute2, aya, AWS.
func decide28(c *sizeCase) verdict {
	if e := c.find(func(e *element) bool { return mapOfMaps(c.word(e, 0)) }); e != nil {
		return verdict{dialect: dSamples, why: fmt.Sprintf("28-byte definition %q is a map of maps, for which only this loader has an inner index", e.name)}
	}
	if id, ok := c.tailID(20, false); ok {
		return verdict{dialect: dIproute2, why: fmt.Sprintf("28-byte program array with id %d at byte 20 and section %q", id, c.facts.tailIDs[id])}
	}
	if c.zeroFrom(20) {
		return verdict{dialect: dSamples, why: "28-byte definitions, zero from byte 20 on", neutral: true}
	}
	if e := c.find(func(e *element) bool { return c.word(e, 24) != 0 && c.word(e, 16)&flagNumaNode != 0 }); e != nil {
		return verdict{dialect: dSamples, why: fmt.Sprintf("28-byte definition %q with BPF_F_NUMA_NODE and node %d at byte 24", e.name, c.word(e, 24))}
	}
	if e := c.find(func(e *element) bool { return c.word(e, 24) >= 2 }); e != nil {
		return verdict{dialect: dIproute2, why: fmt.Sprintf("28-byte definition %q with pinning %d at byte 24", e.name, c.word(e, 24))}
	}
	return c.onlyOnes()
}

// onlyOnes decides between iproute2, aya and AWS where byte 24 holds 0 or 1.
func (c *sizeCase) onlyOnes() verdict {
	id := c.find(func(e *element) bool { return c.word(e, 20) != 0 })
	pinned := c.find(func(e *element) bool { return c.word(e, 24) != 0 })
	switch {
	case pinned != nil && id != nil:
		return verdict{dialect: dIproute2, why: fmt.Sprintf("28-byte definition %q with id %d at byte 20 and %q with pinning 1 at byte 24", id.name, c.word(id, 20), pinned.name)}
	case pinned != nil && c.named:
		return verdict{dialect: dAya, why: fmt.Sprintf("28-byte definition %q with pinning 1 at byte 24, in a section maps/…, which iproute2 does not read", pinned.name)}
	case pinned != nil && c.facts.rust:
		return verdict{dialect: dAya, why: fmt.Sprintf("28-byte definition %q with pinning 1 at byte 24, and Rust symbols", pinned.name)}
	case pinned != nil && c.facts.c != "":
		return verdict{dialect: dIproute2, why: fmt.Sprintf("28-byte definition %q with pinning 1 at byte 24, and the C source %s (aya's are Rust)", pinned.name, c.facts.c)}
	case pinned != nil:
		return verdict{why: "28-byte definition with only a 1 at byte 24: pinning in the object namespace, or by name",
			candidates: []string{dIproute2, dAya}, elem: pinned, at: 24}
	}
	two := c.find(func(e *element) bool { return c.word(e, 20) == 2 && c.word(e, 0) != typeProgArray })
	switch {
	case two == nil:
		return verdict{dialect: dIproute2, why: fmt.Sprintf("28-byte definition %q with id %d at byte 20", id.name, c.word(id, 20))}
	case c.facts.tc != "":
		return verdict{dialect: dIproute2, why: fmt.Sprintf("28-byte definition %q with id 2 at byte 20, and section %q", two.name, c.facts.tc)}
	case c.facts.aws != "":
		return verdict{dialect: dAWS, why: fmt.Sprintf("28-byte definition %q with pinning 2 at byte 20, and section %q", two.name, c.facts.aws)}
	}
	return verdict{why: "28-byte definition with only a 2 at byte 20: an id, or pinning",
		candidates: []string{dIproute2, dAya, dAWS}, elem: two, at: 20}
}

// decide32: only padding is known; a Windows definition has its ids there.
func decide32(c *sizeCase) verdict {
	if c.zeroFrom(20) {
		return verdict{dialect: dLibbpf, why: "32-byte definitions, zero from byte 20 on", neutral: true}
	}
	return verdict{why: "definitions of 32 bytes (eBPF for Windows has such ones, and Android, which section size_of_bpf_map_def would tell)"}
}

func decide36(*sizeCase) verdict {
	return verdict{dialect: dIproute2, why: "36-byte definitions"}
}

// decideAndroid takes the sizes of Android definitions, whose version range is
// never empty; anything else of that size is padding or unknown.
func decideAndroid(c *sizeCase) verdict {
	if c.zeroFrom(20) {
		return verdict{dialect: dLibbpf, why: fmt.Sprintf("%d-byte definitions, zero from byte 20 on", c.size), neutral: true}
	}
	bad := c.find(func(e *element) bool { return c.word(e, 32) >= c.word(e, 36) })
	if bad != nil {
		return verdict{why: fmt.Sprintf("definitions of %d bytes (Android's, but for %q, whose range of loader versions is empty; or an array of definitions)", c.size, bad.name)}
	}
	return verdict{dialect: dAndroid, why: fmt.Sprintf("%d-byte definitions with a range of loader versions at byte 32", c.size)}
}
