package elfload

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"syscall"

	"github.com/cilium/ebpf"

	"github.com/bpfload/bpfload/internal/bpfsys"
)

// recorder is a kernel that exists only in memory. It writes every call down,
// keeps account of descriptors, pins and directories, and can fail the n-th call.
type recorder struct {
	mu sync.Mutex
	// failAt is the number of the call to fail, from 1; 0 for none. always makes
	// every later call of the same name fail too.
	failAt int
	errno  syscall.Errno
	always bool
	// refuse may fail a call by what it is asked.
	refuse func(call string, attr any) syscall.Errno

	calls   []string
	done    []string        // those that were not failed
	failed  string          // the name of the call that was failed
	fds     map[int]string  // open descriptors: what they are
	next    int             // the next descriptor
	pins    map[string]int  // path to object
	dirs    map[string]bool // directories on the pretended bpffs
	objs    map[int]bpfsys.MapInfo
	fdObj   map[int]int // descriptor to object
	elems   map[int][]element
	links   map[int]*recordedLink // by object
	code    map[int]uint32        // the BTF that a program was loaded with
	btfs    map[uint32][]byte
	cpus    int
	vmlinux []byte
	targets targets
	externs recordedExterns
	token   recordedToken
	wrong   []string // misuse: closing what is not open, using a closed descriptor
}

func newRecorder() *recorder {
	return &recorder{fds: map[int]string{}, next: 10, pins: map[string]int{}, dirs: map[string]bool{"/": true, "/sys/fs/bpf": true},
		objs: map[int]bpfsys.MapInfo{}, fdObj: map[int]int{}, elems: map[int][]element{}, links: map[int]*recordedLink{}, code: map[int]uint32{}, btfs: map[uint32][]byte{}, cpus: 4, externs: someExterns(), vmlinux: someTypes().Bytes()}
}

// call notes one call and tells whether it is to fail.
func (r *recorder) call(name string, attr any, format string, args ...any) error {
	r.calls = append(r.calls, name+fmt.Sprintf(format, args...))
	if r.refuse != nil {
		if e := r.refuse(name, attr); e != 0 {
			return &bpfsys.SyscallError{Command: name, Errno: e}
		}
	}
	if len(r.calls) == r.failAt || (r.always && r.failed == name) {
		r.failed = name
		return &bpfsys.SyscallError{Command: name, Errno: r.errno}
	}
	r.done = append(r.done, r.calls[len(r.calls)-1])
	return nil
}

func (r *recorder) open(what string) int {
	r.next++
	r.fds[r.next] = what
	r.fdObj[r.next] = r.next
	return r.next
}

func (r *recorder) uses(fd int) {
	if _, ok := r.fds[fd]; !ok {
		r.wrong = append(r.wrong, fmt.Sprintf("descriptor %d is used and not open, after %q", fd, r.calls[len(r.calls)-1]))
	}
}

func (r *recorder) LoadBTF(a *bpfsys.BTFAttr) (int, string, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.call("btf_load", a, " %d bytes", len(a.Raw)); err != nil {
		return noFD, "refused for the test\n", err
	}
	fd := r.open("btf")
	r.btfs[uint32(fd)] = a.Raw
	return fd, "", nil
}

func (r *recorder) CreateMap(a *bpfsys.MapAttr) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	err := r.call("map_create", a, " %s type %d key %d value %d entries %d flags %#x inner %t btf %t", a.Name, a.Type, a.KeySize,
		a.ValueSize, a.MaxEntries, a.Flags, a.InnerMapFD != 0, a.BTFFD != 0)
	for _, fd := range []int{a.BTFFD, a.InnerMapFD} {
		if fd != 0 {
			r.uses(fd)
		}
	}
	if err != nil {
		return noFD, err
	}
	fd := r.open("map " + a.Name)
	r.objs[fd] = bpfsys.MapInfo{Type: a.Type, ID: uint32(fd), KeySize: a.KeySize, ValueSize: a.ValueSize, MaxEntries: a.MaxEntries,
		Flags: a.Flags, Extra: a.Extra, Name: a.Name, BTFID: uint32(a.BTFFD), KeyTypeID: a.KeyTypeID, ValueTypeID: a.ValueTypeID}
	return fd, nil
}

func (r *recorder) UpdateMap(fd int, key, value []byte, flags uint64) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.uses(fd)
	err := r.call("map_update", nil, " %s value of %d", r.fds[fd], len(value))
	if err == nil {
		r.store(fd, key, value)
	}
	return err
}

func (r *recorder) UpdateMapFD(fd int, key []byte, valueFD int, flags uint64) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.uses(fd)
	r.uses(valueFD)
	err := r.call("map_update", nil, " %s[%d] = %s", r.fds[fd], hostOrder.Uint32(key), r.fds[valueFD])
	if err == nil {
		r.store(fd, key, hostOrder.AppendUint32(nil, uint32(r.fdObj[valueFD])))
	}
	return err
}

func (r *recorder) FreezeMap(fd int) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.uses(fd)
	return r.call("map_freeze", nil, " %s", r.fds[fd])
}

func (r *recorder) LoadProgram(a *bpfsys.ProgAttr) (int, string, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.call("prog_load", a, " %s type %d insns %d", a.Name, a.Type, len(a.Insns)/8); err != nil {
		return noFD, "0: (95) exit\nR0 !read_ok\nprocessed 1 insns\n", err
	}
	fd := r.open("prog " + a.Name)
	r.code[fd] = uint32(a.BTFFD)
	return fd, "", nil
}

func (r *recorder) BindMap(prog, m int) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.uses(prog)
	r.uses(m)
	return r.call("prog_bind", nil, " %s to %s", r.fds[m], r.fds[prog])
}

func (r *recorder) MapInfo(fd int) (bpfsys.MapInfo, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.uses(fd)
	return r.objs[r.fdObj[fd]], r.call("map_info", nil, "")
}

// ObjectKind is that of what was made here; other objects are nothing that is known.
func (r *recorder) ObjectKind(fd int) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.uses(fd)
	if _, ok := r.objs[r.fdObj[fd]]; ok {
		return "map"
	}
	return ""
}

func (r *recorder) ProgInfo(fd int) (bpfsys.ProgInfo, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.uses(fd)
	return bpfsys.ProgInfo{ID: uint32(r.fdObj[fd]), BTFID: r.code[r.fdObj[fd]]}, r.call("prog_info", nil, "")
}

func (r *recorder) InterfaceIndex(name string) (uint32, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return 7, r.call("interface", nil, " %s", name)
}

func (r *recorder) PossibleCPUs() (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.cpus, r.call("cpus", nil, "")
}

// VmlinuxBTF gives the types that the test set.
func (r *recorder) VmlinuxBTF() ([]byte, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.vmlinux, r.call("vmlinux", nil, "")
}

func (r *recorder) Dup(fd int) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.call("dup", nil, " %d", fd); err != nil {
		return noFD, err
	}
	n := r.open("supplied")
	obj, ok := r.fdObj[fd]
	if !ok {
		obj = fd // from outside
	}
	r.fdObj[n] = obj
	return n, nil
}

func (r *recorder) Close(fd int) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, ok := r.fds[fd]; !ok {
		r.wrong = append(r.wrong, fmt.Sprintf("descriptor %d is closed and not open", fd))
		return syscall.EBADF
	}
	delete(r.fds, fd)
	return nil
}

// Map fails as the real one can, and then has closed the descriptor.
func (r *recorder) Map(fd int) (*ebpf.Map, error) { return nil, r.wrap("map_wrap", fd) }

func (r *recorder) Program(fd int) (*ebpf.Program, error) { return nil, r.wrap("prog_wrap", fd) }

func (r *recorder) wrap(name string, fd int) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.uses(fd)
	err := r.call(name, nil, "")
	if err != nil {
		delete(r.fds, fd)
	}
	return err
}

func (r *recorder) Get(path string) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.call("obj_get", nil, " %s", path); err != nil {
		return noFD, err
	}
	obj, ok := r.pins[path]
	if !ok {
		return noFD, &bpfsys.SyscallError{Command: "BPF_OBJ_GET", Errno: syscall.ENOENT}
	}
	fd := r.open("pinned " + filepath.Base(path))
	r.fdObj[fd] = obj
	return fd, nil
}

func (r *recorder) Pin(fd int, path string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.uses(fd)
	if err := r.call("obj_pin", nil, " %s at %s", r.fds[fd], path); err != nil {
		return err
	}
	if _, ok := r.pins[path]; ok {
		return &bpfsys.SyscallError{Command: "BPF_OBJ_PIN", Errno: syscall.EEXIST}
	}
	if !r.dirs[filepath.Dir(path)] {
		return &bpfsys.SyscallError{Command: "BPF_OBJ_PIN", Errno: syscall.ENOENT}
	}
	r.pins[path] = r.fdObj[fd]
	return nil
}

func (r *recorder) IsBPFFS(dir string) (bool, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return dir != "/" && r.dirs[dir], r.call("statfs", nil, " %s", dir)
}

func (r *recorder) Mkdir(dir string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.call("mkdir", nil, " %s", dir); err != nil {
		return err
	}
	if r.dirs[dir] {
		return fs.ErrExist
	}
	r.dirs[dir] = true
	return nil
}

func (r *recorder) Remove(path string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, ok := r.pins[path]; !ok && !r.dirs[path] {
		r.wrong = append(r.wrong, "removed what is not there: "+path)
		return fs.ErrNotExist
	}
	delete(r.pins, path)
	delete(r.dirs, path)
	return nil
}

func (r *recorder) Rename(from, to string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.call("rename", nil, " %s to %s", from, to); err != nil {
		return err
	}
	r.pins[to] = r.pins[from]
	delete(r.pins, from)
	return nil
}

func (r *recorder) Chmod(path string, mode os.FileMode) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.call("chmod", nil, " %s %o", path, mode)
}

func (r *recorder) Chown(path string, uid, gid int) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.call("chown", nil, " %s %d:%d", path, uid, gid)
}

func (r *recorder) Exists(path string) (bool, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	_, pin := r.pins[path]
	return pin || r.dirs[path], r.call("lstat", nil, " %s", path)
}

func (r *recorder) ExplainMap(_ *bpfsys.MapAttr, err error) bpfsys.Diagnosis {
	return bpfsys.Diagnosis{Reason: "the recorder was told to refuse"}
}

func (r *recorder) ExplainProgram(_ *bpfsys.ProgAttr, _ string, err error) bpfsys.Diagnosis {
	return bpfsys.Diagnosis{Reason: "the recorder was told to refuse"}
}

func (r *recorder) ExplainFilter(error) (bpfsys.Diagnosis, bool) { return bpfsys.Diagnosis{}, false }

var _ kernel = (*recorder)(nil)

// leftovers tells what a failed load has left behind.
func (r *recorder) leftovers(pins, dirs int) error {
	var errs []error
	for _, w := range r.wrong {
		errs = append(errs, errors.New(w))
	}
	if len(r.fds) > 0 {
		errs = append(errs, fmt.Errorf("open descriptors: %v", r.fds))
	}
	if r.targets.mapped != 0 {
		errs = append(errs, fmt.Errorf("%d mappings", r.targets.mapped))
	}
	if r.externs.opened != 0 {
		errs = append(errs, fmt.Errorf("%d open files", r.externs.opened))
	}
	if len(r.pins) != pins {
		errs = append(errs, fmt.Errorf("pins: %v", r.pins))
	}
	if len(r.dirs) != dirs {
		errs = append(errs, fmt.Errorf("directories: %v", r.dirs))
	}
	return errors.Join(errs...)
}
