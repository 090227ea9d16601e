package elfload

import (
	"errors"
	"io/fs"
	"os"

	"github.com/cilium/ebpf"

	"github.com/bpfload/bpfload/internal/bpfsys"
)

// kernel is the part of bpf(2) and of bpffs that a load needs. The real one is
// host; tests have one that records, and fails the n-th call.
type kernel interface {
	attachKernel
	contentKernel
	externKernel
	handoverKernel
	linkKernel
	pinKernel
	tokenKernel

	LoadBTF(*bpfsys.BTFAttr) (fd int, log string, err error)
	CreateMap(*bpfsys.MapAttr) (fd int, err error)
	UpdateMap(fd int, key, value []byte, flags uint64) error
	UpdateMapFD(fd int, key []byte, valueFD int, flags uint64) error
	FreezeMap(fd int) error
	LoadProgram(*bpfsys.ProgAttr) (fd int, log string, err error)
	BindMap(prog, m int) error
	MapInfo(fd int) (bpfsys.MapInfo, error)
	// ObjectKind is "map", "program", "link", "BTF", or "" where that is not known.
	ObjectKind(fd int) string
	ProgInfo(fd int) (bpfsys.ProgInfo, error)
	PossibleCPUs() (int, error)
	InterfaceIndex(name string) (uint32, error)
	VmlinuxBTF() ([]byte, error)
	Dup(fd int) (int, error)
	Close(fd int) error

	// Map and Program take over the descriptor, also when they fail.
	Map(fd int) (*ebpf.Map, error)
	Program(fd int) (*ebpf.Program, error)

	// Get opens a pin; an error wrapping fs.ErrNotExist means that there is none.
	Get(path string) (fd int, err error)
	Pin(fd int, path string) error
	// IsBPFFS tells whether the directory is on a BPF file system.
	IsBPFFS(dir string) (bool, error)
	Mkdir(dir string) error
	Remove(path string) error
	Rename(from, to string) error
	Chmod(path string, mode os.FileMode) error
	Chown(path string, uid, gid int) error
	Exists(path string) (bool, error)

	// ExplainMap and ExplainProgram say why the kernel refused, by elimination.
	ExplainMap(*bpfsys.MapAttr, error) bpfsys.Diagnosis
	ExplainProgram(a *bpfsys.ProgAttr, log string, err error) bpfsys.Diagnosis
	// ExplainFilter tells of any other command that a seccomp filter refused it.
	ExplainFilter(error) (bpfsys.Diagnosis, bool)
}

// host is the running kernel.
type host struct{}

func (host) LoadBTF(a *bpfsys.BTFAttr) (int, string, error) { return bpfsys.BTFLoad(a) }
func (host) CreateMap(a *bpfsys.MapAttr) (int, error)       { return bpfsys.MapCreate(a) }
func (host) UpdateMap(fd int, key, value []byte, flags uint64) error {
	return bpfsys.MapUpdate(fd, key, value, flags)
}
func (host) UpdateMapFD(fd int, key []byte, valueFD int, flags uint64) error {
	return bpfsys.MapUpdateFD(fd, key, valueFD, flags)
}
func (host) FreezeMap(fd int) error                              { return bpfsys.MapFreeze(fd) }
func (host) LoadProgram(a *bpfsys.ProgAttr) (int, string, error) { return bpfsys.ProgLoad(a) }
func (host) BindMap(prog, m int) error                           { return bpfsys.ProgBindMap(prog, m) }
func (host) MapInfo(fd int) (bpfsys.MapInfo, error)              { return bpfsys.GetMapInfo(fd) }
func (host) ObjectKind(fd int) string                            { return bpfsys.ObjectKind(fd) }
func (host) ProgInfo(fd int) (bpfsys.ProgInfo, error)            { return bpfsys.GetProgFacts(fd) }
func (host) PossibleCPUs() (int, error)                          { return bpfsys.PossibleCPUs() }
func (host) InterfaceIndex(name string) (uint32, error)          { return bpfsys.InterfaceIndex(name) }
func (host) VmlinuxBTF() ([]byte, error)                         { return bpfsys.VmlinuxBTF() }
func (host) Dup(fd int) (int, error)                             { return bpfsys.Dup(fd) }
func (host) Close(fd int) error                                  { return bpfsys.Close(fd) }
func (host) Map(fd int) (*ebpf.Map, error)                       { return ebpf.NewMapFromFD(fd) }
func (host) Program(fd int) (*ebpf.Program, error)               { return ebpf.NewProgramFromFD(fd) }
func (host) Get(path string) (int, error)                        { return bpfsys.ObjGet(path, 0) }
func (host) Pin(fd int, path string) error                       { return bpfsys.ObjPin(fd, path) }
func (host) IsBPFFS(dir string) (bool, error)                    { return bpfsys.IsBPFFS(dir) }
func (host) Mkdir(dir string) error                              { return os.Mkdir(dir, 0o700) }
func (host) Remove(path string) error                            { return os.Remove(path) }
func (host) Rename(from, to string) error                        { return os.Rename(from, to) }

func (host) Chmod(path string, mode os.FileMode) error { return os.Chmod(path, mode) }
func (host) Chown(path string, uid, gid int) error     { return os.Chown(path, uid, gid) }

func (host) Exists(path string) (bool, error) {
	_, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

func (host) ExplainMap(a *bpfsys.MapAttr, err error) bpfsys.Diagnosis {
	return bpfsys.ExplainMapCreate(bpfsys.Kernel{}, a, err)
}

func (host) ExplainProgram(a *bpfsys.ProgAttr, log string, err error) bpfsys.Diagnosis {
	return bpfsys.ExplainProgLoad(bpfsys.Kernel{}, a, log, err)
}

func (host) ExplainFilter(err error) (bpfsys.Diagnosis, bool) {
	return bpfsys.ExplainFilter(bpfsys.Kernel{}, err)
}
