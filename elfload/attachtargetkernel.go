package elfload

import "github.com/bpfload/bpfload/internal/bpfsys"

// attachKernel is the part of a kernel that tells what there is to attach to,
// and attaches struct_ops maps.
type attachKernel interface {
	// Modules lists the loaded modules that have BTF, sorted; ModuleBTF is one's
	// split BTF, ModuleBTFFD a descriptor of it.
	Modules() ([]string, error)
	ModuleBTF(name string) ([]byte, error)
	ModuleBTFFD(name string) (fd int, err error)
	// ProgramByID opens a loaded program, ProgramBTF is its raw BTF, nil for none.
	ProgramByID(id uint32) (fd int, err error)
	ProgramBTF(fd int) ([]byte, error)

	DeleteElem(fd int, key []byte) error
	LinkStructOps(m int) (fd int, err error)

	// MapMemory maps a map into this process, at addr unless that is 0.
	MapMemory(fd int, addr, size uint64) ([]byte, error)
	UnmapMemory(memory []byte) error
}

func (host) Modules() ([]string, error)            { return bpfsys.ModulesWithBTF() }
func (host) ModuleBTF(name string) ([]byte, error) { return bpfsys.ModuleBTF(name) }
func (host) ModuleBTFFD(name string) (int, error)  { return bpfsys.ModuleBTFFD(name) }
func (host) ProgramByID(id uint32) (int, error)    { return bpfsys.ProgByID(id) }
func (host) ProgramBTF(fd int) ([]byte, error)     { return bpfsys.ProgBTF(fd) }
func (host) DeleteElem(fd int, key []byte) error   { return bpfsys.MapDelete(fd, key) }
func (host) LinkStructOps(m int) (int, error)      { return bpfsys.LinkStructOps(m) }
func (host) UnmapMemory(memory []byte) error       { return bpfsys.MemoryUnmap(memory) }
func (host) MapMemory(fd int, addr, size uint64) ([]byte, error) {
	return bpfsys.MemoryMap(fd, addr, size)
}
