package elfload

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/bpfload/bpfload/internal/bpfsys"
	"github.com/bpfload/bpfload/internal/progs"
)

// noJumpTables is how an object is made that needs none.
const noJumpTables = "compile with -fno-jump-tables, or for -mcpu=v3"

// The map of a jump table: struct bpf_insn_array_value has the place in the
// program's own instructions first, and three words that the kernel fills in.
const (
	mapTypeInsnArray  = 34
	insnArrayName     = ".jumptables"
	insnArrayValue    = 16
	insnArrayKey      = 4
	bytesOfTableEntry = 4 // in progs.JumpTable
)

// tableSize is what the tables of a linked program take, in bytes.
func tableSize(c *progs.Code) (n uint64) {
	for i := range c.JumpTables {
		n += bytesOfTableEntry*uint64(len(c.JumpTables[i].Entries)) + 64*uint64(1+len(c.JumpTables[i].Refs))
	}
	return n
}

// jumpTables gives the program a map for each of its jump tables and makes insns
// refer to them (R128): filled, frozen, for this program alone. The caller closes
// the descriptors, also after an error; the program holds what it needs.
func (l *loader) jumpTables(p *PlannedProgram, insns []byte) (fds []int, err error) {
	for i := range p.code.JumpTables {
		fd, err := l.jumpTable(p, &p.code.JumpTables[i])
		if err != nil {
			return fds, err
		}
		fds = append(fds, fd)
		p.code.SetJumpTable(insns, i, fd)
	}
	return fds, nil
}

func (l *loader) jumpTable(p *PlannedProgram, t *progs.JumpTable) (int, error) {
	attr := &bpfsys.MapAttr{Type: mapTypeInsnArray, KeySize: insnArrayKey, ValueSize: insnArrayValue, MaxEntries: uint32(len(t.Entries)), Name: insnArrayName}
	fd, err := l.k.CreateMap(attr)
	if err != nil {
		e := programError(p, "jump_tables", err)
		why := l.k.ExplainMap(attr, err)
		if why.Kind != nil {
			e.Kind = why.Kind
		}
		if why.Reason != "" {
			err = fmt.Errorf("%s: %w", why.Reason, err)
		}
		e.Err, e.Hint = fmt.Errorf("its jump table %q needs a map: %w", t.Name, err), noJumpTables
		return noFD, e
	}
	value := make([]byte, insnArrayValue)
	for i, to := range t.Entries {
		hostOrder.PutUint32(value, to)
		if err = l.k.UpdateMap(fd, hostOrder.AppendUint32(nil, uint32(i)), value, 0); err != nil {
			break
		}
	}
	if err == nil {
		err = l.k.FreezeMap(fd)
	}
	if err != nil {
		e := programError(p, "jump_tables", err)
		e.Err = fmt.Errorf("its jump table %q cannot be written: %w", t.Name, err)
		return noFD, joined([]error{e, l.k.Close(fd)})
	}
	l.trace("program %q: jump table %q of %d entries, fd %d", p.Name, t.Name, len(t.Entries), fd)
	return fd, nil
}

// closeTables ends the descriptors of jump tables.
func (l *loader) closeTables(fds []int) {
	var errs []error
	for _, fd := range fds {
		errs = append(errs, l.k.Close(fd))
	}
	if err := errors.Join(errs...); err != nil {
		l.trace("jump tables: %v", err)
	}
}

// jumpTables are the lines of a program's jump tables.
func (t *planText) jumpTables(p *PlannedProgram) {
	for i := range p.code.JumpTables {
		table := &p.code.JumpTables[i]
		var slots []byte
		for _, to := range table.Entries {
			slots = binary.LittleEndian.AppendUint32(slots, to)
		}
		t.add("%s entries=%d sha256=%s at=%s+%#x", Quote(table.Name), len(table.Entries), shortSum(slots), Quote(insnArrayName), table.Offset)
		t.end(under + "jump_table ")
	}
}
