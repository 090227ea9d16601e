package progs

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/btf"

	"github.com/bpfload/bpfload/internal/mapdef"
	"github.com/bpfload/bpfload/internal/rawbtf"
)

// coreTypeIDLocal is BPF_CORE_TYPE_ID_LOCAL: the id of a type of the object
// itself. The kernel is given the object's own BTF, so such an instruction is
// right as it is.
const coreTypeIDLocal = 6

// Further kinds: the id and the size in bytes of the target's type.
const (
	coreTypeIDTarget = 7
	coreTypeSize     = 9
)

// coreKindNames are the kinds of relocation (enum bpf_core_relo_kind in linux/bpf.h).
var coreKindNames = [...]string{"byte_off", "byte_sz", "field_exists", "signed", "lshift_u64", "rshift_u64", "local_type_id",
	"target_type_id", "type_exists", "type_size", "enumval_exists", "enumval_value", "type_matches"}

// CoreKindName is libbpf's name of a BPF_CORE_ number, "" for an unknown one.
func CoreKindName(kind uint32) string { return nameAt(coreKindNames[:], kind) }

// CoreFailure is one CO-RE relocation that could not be resolved. Its
// instruction became a call of helper 195896080 (0xbad2310), or a ld_imm64 into
// register 10, which the verifier accepts in dead code only.
type CoreFailure struct {
	Insn   int    // slot
	Kind   string // CoreKindName, or "kind 99"
	Type   string // the object's type, as C: "struct task_struct"
	Access string // what of it: "struct task_struct.pid"
	Reason string
}

// What names the missing thing as C, for messages: "struct task_struct.pid".
func (c *CoreFailure) What() string { return c.Access }

// Relocator resolves the CO-RE relocations of one object. It does not change
// and may be used by several goroutines.
type Relocator struct {
	file *mapdef.File
	// relos by rank (CoreRelo.rank); nil for those that cannot be read, whose
	// reason is in broken.
	relos  []*btf.CORERelocation
	broken map[int]string
	widths map[int]fieldWidth // by rank, for loads and stores
}

// HasCore tells whether the object has any CO-RE relocations, so that a
// Relocator is needed.
func (s *Set) HasCore() bool { return s.ext.cores > 0 }

// NewRelocator reads the types of the object. They are read once, at the first
// call; it is needed only if linked code has CO-RE relocations.
func (s *Set) NewRelocator() (*Relocator, error) {
	made := s.relocator.get(func() madeRelocator {
		r, err := newRelocator(s.file, &s.ext)
		return madeRelocator{r, err}
	})
	return made.Relocator, made.err
}

func newRelocator(f *mapdef.File, ext *extInfos) (*Relocator, error) {
	r := &Relocator{file: f, relos: make([]*btf.CORERelocation, ext.cores), broken: make(map[int]string),
		widths: make(map[int]fieldWidth)}
	if ext.cores == 0 {
		return r, nil
	}
	raw, slots := ext.coreRecords(f, r.broken)
	if len(slots) == 0 {
		return r, nil
	}
	_, infos, err := btf.LoadSpecAndExtInfosFromReader(coreELF(f, raw))
	if err != nil {
		return nil, &mapdef.Error{Stage: mapdef.StagePlan, Code: "core_types", Section: ".BTF", Err: err}
	}
	name, _ := f.BTF.String(ext.nameOff)
	_, _, offsets := infos.Section(name)
	if len(offsets) != len(slots) {
		return nil, &mapdef.Error{Stage: mapdef.StagePlan, Code: "core_types", Section: ".BTF.ext",
			Err: fmt.Errorf("%d of %d CO-RE relocations could be read", len(offsets), len(slots))}
	}
	for i := range offsets { // they come sorted by offset, which is the rank in slots
		w := r.widths[slots[i].rank]
		switch slots[i].use {
		case useSelf:
			r.relos[slots[i].rank] = offsets[i].Relo
			continue
		case useSize:
			w.size = offsets[i].Relo
		case useSign:
			w.sign = offsets[i].Relo
		}
		r.widths[slots[i].rank] = w
	}
	return r, nil
}

// coreRecords is a core_relo part that holds all relocations of the object as if
// they were those of one section, instruction i of which has the i-th of slots.
// Records that the reader would refuse go to broken instead.
func (ext *extInfos) coreRecords(f *mapdef.File, broken map[int]string) (raw []byte, slots []coreSlot) {
	raw = appendWords(f.Order, nil, coreRecordSize, ext.nameOff, 0)
	for _, rec := range ext.bySection[coreRecords] {
		for i := range rec.len() {
			off, id, accessOff, kind := rec.word(i, 0), rec.word(i, 1), rec.word(i, 2), rec.word(i, 3)
			rank := rec.rank + i
			if why := unreadable(f, id, accessOff); why != "" {
				broken[rank] = why
				continue
			}
			add := func(use slotUse, kind uint32) {
				raw = appendWords(f.Order, raw, uint32(len(slots))*InsnSize, id, accessOff, kind)
				slots = append(slots, coreSlot{rank, use})
			}
			add(useSelf, kind)
			if kind == coreByteOffset && memoryAccess(f.Sections[rec.section].Data[off]) {
				add(useSize, coreByteSize)
				add(useSign, coreSigned)
			}
		}
	}
	f.Order.PutUint32(raw[8:], uint32(len(slots)))
	return raw, slots
}

// unreadable is the reason why cilium/ebpf would refuse a record, "" for none.
func unreadable(f *mapdef.File, id rawbtf.ID, accessOff uint32) string {
	access, ok := f.BTF.String(accessOff)
	if !ok {
		return fmt.Sprintf("access string at %#x is not a string", accessOff)
	}
	if _, err := parseAccess(access); err != nil {
		return err.Error()
	}
	if id == 0 || !f.BTF.Valid(id) {
		return fmt.Sprintf("type %d is not in .BTF", id)
	}
	return ""
}

// coreGroup is the relocations of a program against one local type.
type coreGroup struct {
	typeID uint32
	relos  []CoreRelo
}

// Relocate resolves the relocations of code in instrs, a copy of its
// instructions (as from Patch), against the kernel's types: targets[0] is
// vmlinux, the others are modules. What cannot be resolved is poisoned and
// listed, in the order of instructions; the verifier decides whether it matters.
func (r *Relocator) Relocate(code *Code, instrs []byte, targets []*btf.Spec) ([]CoreFailure, error) {
	p := insns{instrs, code.Order}
	failures := make(map[int]CoreFailure)
	for _, g := range groupCore(code.Core) {
		solved := r.solve(g.relos, targets)
		for i, relo := range g.relos {
			if solved[i].reason == "" {
				solved[i].reason = p.apply(relo, solved[i].fixup)
			}
		}
		r.adjustWidths(p, g.relos, solved, targets)
		for i, relo := range g.relos {
			if solved[i].reason != "" {
				failures[relo.Insn] = r.failure(relo, solved[i].reason)
			}
		}
	}
	var out []CoreFailure
	for _, relo := range code.Core {
		if f, ok := failures[relo.Insn]; ok {
			p.poisonCore(relo.Insn)
			out = append(out, f)
			delete(failures, relo.Insn)
		}
	}
	return out, nil
}

// groupCore splits relocations by local type, in order of first use. Those that
// need no target are left out.
func groupCore(all []CoreRelo) []coreGroup {
	var groups []coreGroup
	index := make(map[uint32]int)
	for _, relo := range all {
		if relo.Kind == coreTypeIDLocal {
			continue
		}
		i, ok := index[relo.TypeID]
		if !ok {
			i = len(groups)
			index[relo.TypeID] = i
			groups = append(groups, coreGroup{typeID: relo.TypeID})
		}
		groups[i].relos = append(groups[i].relos, relo)
	}
	return groups
}

// solution is what to do with one relocation: a fixup, or the reason why there is none.
type solution struct {
	fixup  btf.COREFixup
	reason string
}

// solve finds the fixups for relocations against one type. Together they find
// the candidate that fits best; those that make that fail are left out.
func (r *Relocator) solve(relos []CoreRelo, targets []*btf.Spec) []solution {
	out := make([]solution, len(relos))
	var list []*btf.CORERelocation
	var at []int
	for i, relo := range relos {
		if rel := r.relos[relo.rank]; rel != nil {
			list, at = append(list, rel), append(at, i)
		} else {
			out[i].reason = r.broken[relo.rank]
		}
	}
	if len(list) == 0 {
		return out
	}
	t := together{order: r.file.Order, targets: targets, reasons: make([]string, len(list))}
	t.add(list, 0)
	kept := 0
	for k, i := range at {
		if out[i].reason = t.reasons[k]; out[i].reason == "" {
			out[i].fixup = t.fixups[kept]
			kept++
		}
	}
	return out
}

// together is relocations against one type that one candidate has to answer: where
// several types of the target have the name, fields of one must not be mixed with
// fields of another. (libbpf drops the candidates that lack what came before.)
type together struct {
	order   binary.ByteOrder
	targets []*btf.Spec
	kept    []*btf.CORERelocation
	fixups  []btf.COREFixup // of kept
	reasons []string        // by place in the list; "" for those in kept
	asked   int
}

// maxAsked bounds the search for the relocations that do not go together with
// those before them, in relocations asked for: every step asks for the others again.
const maxAsked = 1 << 16

// add takes in what it can of list, which begins at that place.
func (t *together) add(list []*btf.CORERelocation, first int) {
	t.asked += len(t.kept) + len(list)
	fixups, err := btf.CORERelocate(append(t.kept, list...), t.targets, t.order, noLocalType)
	switch half := len(list) / 2; {
	case err == nil:
		t.kept, t.fixups = append(t.kept, list...), fixups
	case half == 0 || t.asked > maxAsked:
		for i := range list {
			t.reasons[first+i] = err.Error()
		}
	default:
		t.add(list[:half], first)
		t.add(list[half:], first+half)
	}
}

// noLocalType is never asked: relocations of that kind are not passed on.
func noLocalType(t btf.Type) (btf.TypeID, error) {
	return 0, fmt.Errorf("no id for %s", t)
}

// apply changes the instruction of a relocation; it gives the reason when the
// target has no such thing, or when the instruction is not what the compiler
// said that it is.
func (p insns) apply(relo CoreRelo, fixup btf.COREFixup) string {
	i := relo.Insn
	dst, src := p.regs(i)
	ins := asm.Instruction{OpCode: asm.OpCode(p.op(i)), Dst: asm.Register(dst), Src: asm.Register(src), Offset: p.off(i), Constant: int64(p.imm(i))}
	wide := p.op(i) == opLdImm64
	if wide {
		if i+1 >= p.len() {
			return "the instruction has no second half"
		}
		ins.Constant = int64(uint64(uint32(p.imm(i+1)))<<32 | uint64(uint32(p.imm(i))))
	}
	before := ins
	if err := fixup.Apply(&ins); err != nil {
		return err.Error()
	}
	if ins.OpCode != before.OpCode || ins.Dst != before.Dst {
		if !zeroIfMissing(relo.Kind) || !before.OpCode.Class().IsALU() && !wide {
			return "the target has no such type, field or value"
		}
		ins = before
		ins.Constant = 0
	}
	p.setOff(i, ins.Offset)
	if !wide {
		if ins.Constant < math.MinInt32 || ins.Constant > math.MaxInt32 {
			return fmt.Sprintf("value %d does not fit into 32 bits", ins.Constant)
		}
		p.setImm(i, int32(ins.Constant))
		return ""
	}
	p.setImm(i, int32(uint32(ins.Constant)))
	p.setImm(i+1, int32(uint32(uint64(ins.Constant)>>32)))
	return ""
}

// zeroIfMissing tells of the relocations against a whole type, which give 0 where
// the target has no such type; programs ask for a size to learn of a type's
// existence. (Those that ask for existence itself are 0 by cilium/ebpf already.)
func zeroIfMissing(kind uint32) bool { return kind == coreTypeIDTarget || kind == coreTypeSize }

// poisonCore replaces an instruction that must never run.
func (p insns) poisonCore(i int) {
	if p.op(i) != opLdImm64 || i+1 >= p.len() {
		p.poison(i, btf.COREBadRelocationSentinel)
		return
	}
	p.setRegs(i, byte(asm.R10), 0)
	p.setOff(i, 0)
	p.setImm(i, btf.COREBadRelocationSentinel)
	p.setImm(i+1, 0)
}

func (r *Relocator) failure(relo CoreRelo, reason string) CoreFailure {
	return failureOf(r.file.BTF, relo, reason)
}
