package elfload

import (
	"cmp"
	"slices"

	"github.com/cilium/ebpf"

	"github.com/bpfload/bpfload/internal/mapdef"
	"github.com/bpfload/bpfload/internal/progs"
)

// tailJump is a tail call as the code has it.
type tailJump struct {
	maps  []int  // the program arrays that it may use
	slot  uint32 // counts if known
	known bool
}

// Instructions that tailJumps looks for (include/uapi/linux/bpf.h).
const (
	opCall     = 0x85 // BPF_JMP | BPF_CALL
	opExit     = 0x95
	opMovImm   = 0xb7 // BPF_ALU64 | BPF_MOV | BPF_K; 0xb4 for 32 bits
	opMovImm32 = 0xb4
	opLoadImm  = 0x18 // BPF_LD | BPF_DW | BPF_IMM, two slots
	callTail   = 12   // BPF_FUNC_tail_call
)

// tailJumps finds the program's tail calls. Which array and slot each takes is
// read from the instructions right before it, as compilers write them; where
// those do not tell, it may be any.
func (p *PlannedProgram) tailJumps(isProgArray func(int) bool) []tailJump {
	if p.code == nil {
		return nil
	}
	var arrays []int
	for _, m := range p.MapRefs {
		if isProgArray(m) {
			arrays = append(arrays, m)
		}
	}
	if len(arrays) == 0 {
		return nil
	}
	c := newInsnReader(p.code)
	var out []tailJump
	for i := range c.len() {
		if op, _, src := c.op(i); op != opCall || src != 0 || c.imm(i) != callTail {
			continue
		}
		j := tailJump{maps: arrays}
		if m, ok := c.mapBefore(i); ok && isProgArray(m) {
			j.maps = []int{m}
		}
		j.slot, j.known = c.constantBefore(i)
		out = append(out, j)
	}
	return out
}

// insnReader reads a program backwards from a call.
type insnReader struct {
	code    *progs.Code
	maps    map[int]int // by slot of the instruction
	targets []bool      // slots that jumps lead to
}

func newInsnReader(code *progs.Code) *insnReader {
	c := &insnReader{code: code, maps: make(map[int]int, len(code.Maps)), targets: make([]bool, code.Len()+1)}
	for _, r := range code.Maps {
		if !r.Value {
			c.maps[r.Insn] = r.Map
		}
	}
	for i := range c.len() {
		op, _, _ := c.op(i)
		if class := op & 7; (class != 5 && class != 6) || op == opCall || op == opExit {
			continue
		}
		to := i + 1 + int(int16(code.Order.Uint16(code.Insns[i*progs.InsnSize+2:])))
		if op == 0x06 { // BPF_JMP32 | BPF_JA: the distance stands in imm
			to = i + 1 + int(c.imm(i))
		}
		if to >= 0 && to < len(c.targets) {
			c.targets[to] = true
		}
	}
	return c
}

func (c *insnReader) len() int { return c.code.Len() }

// op is the opcode and the registers, whose order in their byte is the file's.
func (c *insnReader) op(i int) (op, dst, src byte) {
	b := c.code.Insns[i*progs.InsnSize:]
	dst, src = b[1]&15, b[1]>>4
	if c.code.Order.Uint16([]byte{1, 0}) != 1 {
		dst, src = src, dst
	}
	return b[0], dst, src
}

func (c *insnReader) imm(i int) int32 {
	return int32(c.code.Order.Uint32(c.code.Insns[i*progs.InsnSize+4:]))
}

// setBefore is the instruction that gives the register its value at the call, if
// the way there is straight.
func (c *insnReader) setBefore(call int, reg byte) (int, bool) {
	for i := call - 1; i >= 0 && !c.targets[i+1]; i-- {
		op, dst, _ := c.op(i)
		if class := op & 7; class == 5 || class == 6 { // jumps and calls
			return 0, false
		}
		if i > 0 {
			if before, _, _ := c.op(i - 1); before == opLoadImm {
				i-- // this was its second half
				op, dst, _ = c.op(i)
			}
		}
		if class := op & 7; dst == reg && class != 2 && class != 3 { // stores set no register
			return i, true
		}
	}
	return 0, false
}

func (c *insnReader) mapBefore(call int) (int, bool) {
	i, ok := c.setBefore(call, 2)
	if !ok {
		return 0, false
	}
	m, ok := c.maps[i]
	return m, ok
}

func (c *insnReader) constantBefore(call int) (uint32, bool) {
	i, ok := c.setBefore(call, 3)
	if !ok {
		return 0, false
	}
	op, _, _ := c.op(i)
	return uint32(c.imm(i)), op == opMovImm || op == opMovImm32
}

// arraySlot is a slot of a program array that the object fills.
type arraySlot struct {
	m, program int
	slot       uint32
	calls      []int // slots that its program calls, by their place in the list
	called     bool  // by another slot's program
	height     int   // how far from it chains of calls go; 0 calls nothing
}

// replaceOrder is the order in which slots of program arrays that are used again
// are rewritten: a slot after those that its program calls, slots that no other
// calls, where code outside comes in, last of all. So new code, once it can be
// reached, finds new code. Slots that call each other in a circle are in order of
// maps and slots.
func (p *Plan) replaceOrder() []arraySlot {
	var all []arraySlot
	for i := range p.Maps {
		if !p.mayBeReused(i) || !isProgArray(p.Maps[i].Type) {
			continue
		}
		for _, s := range p.Maps[i].Slots {
			if s.Target.Kind == mapdef.TargetProgram && p.Programs[s.Target.Index].Load {
				all = append(all, arraySlot{m: i, program: s.Target.Index, slot: s.Index})
			}
		}
	}
	for i := range all {
		all[i].calls = p.slotCalls(all, i)
		for _, to := range all[i].calls {
			all[to].called = all[to].called || to != i
		}
	}
	state := make([]uint8, len(all)) // 1: on the way, 2: done
	for i := range all {
		slotHeight(all, state, i)
	}
	slices.SortStableFunc(all, func(a, b arraySlot) int {
		if a.called != b.called {
			if a.called {
				return -1
			}
			return 1
		}
		return cmp.Compare(a.height, b.height)
	})
	return all
}

// slotCalls are the slots that the program in slot i calls.
func (p *Plan) slotCalls(all []arraySlot, i int) []int {
	var out []int
	for _, j := range p.Programs[all[i].program].tailJumps(func(m int) bool { return isProgArray(p.Maps[m].Type) }) {
		for to := range all {
			if slices.Contains(j.maps, all[to].m) && (!j.known || j.slot == all[to].slot) && !slices.Contains(out, to) {
				out = append(out, to)
			}
		}
	}
	return out
}

// slotHeight settles heights, without going round in circles. It does not
// recurse: a file may make chains as long as it likes.
func slotHeight(all []arraySlot, state []uint8, from int) {
	if state[from] != 0 {
		return
	}
	type place struct{ slot, next int }
	way := []place{{from, 0}}
	state[from] = 1
	for len(way) > 0 {
		at := &way[len(way)-1]
		s := &all[at.slot]
		if at.next == len(s.calls) {
			state[at.slot] = 2
			way = way[:len(way)-1]
			if len(way) > 0 {
				above := &all[way[len(way)-1].slot]
				above.height = max(above.height, s.height+1)
			}
			continue
		}
		to := s.calls[at.next]
		at.next++
		switch state[to] {
		case 0:
			state[to] = 1
			way = append(way, place{to, 0})
		case 2:
			s.height = max(s.height, all[to].height+1)
		}
	}
}

func isProgArray(t uint32) bool { return t == uint32(ebpf.ProgramArray) }
