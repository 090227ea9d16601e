package elfload

import (
	"fmt"
	"io/fs"
	"slices"
	"syscall"

	"github.com/cilium/ebpf"

	"github.com/bpfload/bpfload/internal/bpfsys"
)

// targets is what a recorder has to attach to. Module BTF is split upon the
// recorder's vmlinux.
type targets struct {
	names    []string
	modules  map[string][]byte
	programs map[uint32][]byte // BTF by the program's id; a recorder's id is its descriptor
	mapped   int               // mappings that have not been ended
}

func (r *recorder) Modules() ([]string, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.targets.names, r.call("modules", nil, "")
}

func (r *recorder) ModuleBTF(name string) ([]byte, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.call("module_btf", nil, " %s", name); err != nil {
		return nil, err
	}
	raw, ok := r.targets.modules[name]
	if !ok {
		return nil, fs.ErrNotExist
	}
	return raw, nil
}

func (r *recorder) ModuleBTFFD(name string) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.call("module_btf_fd", nil, " %s", name); err != nil {
		return noFD, err
	}
	return r.open("btf of " + name), nil
}

func (r *recorder) ProgramByID(id uint32) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.call("prog_by_id", nil, " %d", id); err != nil {
		return noFD, err
	}
	_, ok := r.targets.programs[id]
	if !ok && !r.lives(int(id)) {
		return noFD, &bpfsys.SyscallError{Command: "BPF_PROG_GET_FD_BY_ID", Errno: syscall.ENOENT}
	}
	fd := r.open(fmt.Sprintf("prog %d", id))
	r.fdObj[fd] = int(id)
	return fd, nil
}

// lives tells whether anything holds a program: a link, a descriptor, a pin, or a
// slot of a program array.
func (r *recorder) lives(id int) bool {
	for _, l := range r.links {
		if l.prog == id {
			return true
		}
	}
	if _, loaded := r.code[id]; !loaded {
		return false
	}
	for fd := range r.fds {
		if r.fdObj[fd] == id {
			return true
		}
	}
	for _, obj := range r.pins {
		if obj == id {
			return true
		}
	}
	for obj, elems := range r.elems {
		for _, e := range elems {
			if ebpf.MapType(r.objs[obj].Type) == ebpf.ProgramArray && int(hostOrder.Uint32(e.value)) == id {
				return true
			}
		}
	}
	return false
}

func (r *recorder) ProgramBTF(fd int) ([]byte, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.uses(fd)
	return r.targets.programs[uint32(r.fdObj[fd])], r.call("prog_btf", nil, "")
}

func (r *recorder) DeleteElem(fd int, key []byte) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.uses(fd)
	err := r.call("map_delete", nil, " %s[%d]", r.fds[fd], hostOrder.Uint32(key))
	if i, ok := r.findElement(fd, key); ok && err == nil {
		obj := r.fdObj[fd]
		r.elems[obj] = slices.Delete(r.elems[obj], i, i+1)
	}
	return err
}

func (r *recorder) LinkStructOps(m int) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.uses(m)
	if err := r.call("link_create", nil, " %s", r.fds[m]); err != nil {
		return noFD, err
	}
	fd := r.open("link")
	r.links[fd] = &recordedLink{typ: bpfsys.LinkOps, place: uint64(r.fdObj[m])}
	return fd, nil
}

func (r *recorder) MapMemory(fd int, addr, size uint64) ([]byte, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.uses(fd)
	if err := r.call("mmap", nil, " %s at %#x, %d bytes", r.fds[fd], addr, size); err != nil {
		return nil, err
	}
	r.targets.mapped++
	return make([]byte, size), nil
}

func (r *recorder) UnmapMemory([]byte) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.targets.mapped--; r.targets.mapped < 0 {
		r.wrong = append(r.wrong, "a mapping is ended twice")
	}
	return nil
}
