package elfload

import (
	"errors"
	"fmt"
	"syscall"

	"github.com/cilium/ebpf"
)

// Release closes the Collection as Close does, and tells of program arrays that
// this empties although programs which use them go on: the kernel clears a program
// array when its last descriptor or pin goes away, whoever still runs programs
// that call into it (L25). Such programs have been pinned or attached by somebody
// else meanwhile. Programs that stand in a program array themselves are not looked
// at, nor anything where programs cannot be opened by id, which takes
// CAP_SYS_ADMIN.
func (c *Collection) Release() ([]DocumentWarning, error) {
	if c.closed {
		return nil, nil
	}
	var errs []error
	for i := len(c.Links) - 1; i >= 0; i-- {
		errs = append(errs, c.closeLink(&c.Links[i]))
	}
	users := make([][]uint32, len(c.MapData)) // ids of programs that use a program array
	for i := range c.MapData {
		if c.emptiedAtClose(i) {
			users[i] = c.callers(i)
		}
	}
	for i := len(c.Programs) - 1; i >= 0; i-- {
		p := &c.Programs[i]
		errs = append(errs, c.release(p.FD, p.Program != nil, p.Program.Close))
		p.FD, p.Program = noFD, nil
	}
	var warns []DocumentWarning
	for i, ids := range users {
		for _, id := range ids {
			if !c.alive(id) {
				continue
			}
			name := c.MapData[i].Name
			warns = append(warns, DocumentWarning{Code: "prog_array_emptied", Map: Text(name), Program: Text(c.programName(id)),
				Message: fmt.Sprintf("program array %q is emptied, and program %q (id %d), which calls into it, goes on, held by somebody else: pin the array with --pin to keep it",
					name, c.programName(id), id)})
		}
	}
	return warns, errors.Join(append(errs, c.Close())...)
}

// emptiedAtClose tells whether map i is a program array that nothing but this
// Collection is known to keep.
func (c *Collection) emptiedAtClose(i int) bool {
	m := &c.MapData[i]
	return m.FD >= 0 && ebpf.MapType(m.Def.Type) == ebpf.ProgramArray && m.Def.PinPath == "" && m.Def.FD == 0 && !m.Passed && !m.kept
}

// callers are the ids of the loaded programs that use map i and stand in no
// program array, which would hold them.
func (c *Collection) callers(i int) []uint32 {
	var ids []uint32
	for n := range c.Programs {
		p := &c.Programs[n]
		if p.FD >= 0 && refers(p.Def.MapRefs, i) && !c.Plan.inSlot(n) {
			ids = append(ids, p.ID)
		}
	}
	return ids
}

func (c *Collection) programName(id uint32) string {
	for i := range c.Programs {
		if c.Programs[i].ID == id {
			return c.Programs[i].Name
		}
	}
	return ""
}

// alive tells whether a program is still in the kernel.
func (c *Collection) alive(id uint32) bool {
	fd, err := c.kernel.ProgramByID(id)
	if err != nil {
		return false // ENOENT, or nobody may know
	}
	return !errors.Is(c.kernel.Close(fd), syscall.EBADF)
}
