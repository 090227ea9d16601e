package bpfsys

import (
	"errors"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"
)

// getInfo is BPF_OBJ_GET_INFO_BY_FD. Older kernels fill a shorter struct; the
// rest stays zero.
func getInfo[T any](fd int, info *T) error {
	var p pinned
	defer p.Unpin()
	return getInfoAt(fd, info, p.pin(unsafe.Pointer(info)))
}

// getInfoAt is getInfo with the address of info, which stays.
func getInfoAt[T any](fd int, info *T, address uint64) error {
	w := infoAttr{bpfFD: uint32(fd), infoLen: uint32(unsafe.Sizeof(*info)), info: address}
	_, errno := call(cmdInfoByFD, &w)
	if errno == 0 {
		return nil
	}
	return failed(cmdInfoByFD, errno, num("bpf_fd", fd), num("info_len", uint32(unsafe.Sizeof(*info))))
}

// GetMapInfo describes the map that fd is.
func GetMapInfo(fd int) (MapInfo, error) {
	w := mapWires.take()
	defer mapWires.give(w)
	if err := mapWires.get(fd, w); err != nil {
		return MapInfo{}, err
	}
	return MapInfo{
		Type: w.typ, ID: w.id, KeySize: w.keySize, ValueSize: w.valueSize,
		MaxEntries: w.maxEntries, Flags: w.mapFlags, Name: nameString(w.name[:]),
		Ifindex: w.ifindex, VmlinuxValueTypeID: w.btfVmlinuxValueTypeID,
		BTFID: w.btfID, KeyTypeID: w.keyTypeID, ValueTypeID: w.valueTypeID, Extra: w.mapExtra,
	}, nil
}

// GetProgInfo describes the program that fd is.
func GetProgInfo(fd int) (ProgInfo, error) {
	info, n, err := progInfo(fd)
	if err != nil {
		return ProgInfo{}, err
	}
	if n == 0 {
		return info, nil
	}
	// A program's maps never change, so the count still holds.
	info.MapIDs = make([]uint32, n)
	var p pinned
	defer p.Unpin()
	again := progInfoWire{nrMapIDs: n, mapIDs: p.pin(unsafe.Pointer(&info.MapIDs[0]))}
	if err := getInfo(fd, &again); err != nil {
		return ProgInfo{}, err
	}
	return info, nil
}

// GetProgFacts is GetProgInfo without the maps, which saves a call.
func GetProgFacts(fd int) (ProgInfo, error) {
	info, _, err := progInfo(fd)
	return info, err
}

// progInfo gives the number of the program's maps too.
func progInfo(fd int) (info ProgInfo, maps uint32, err error) {
	w := progWires.take()
	defer progWires.give(w)
	if err := progWires.get(fd, w); err != nil {
		return ProgInfo{}, 0, err
	}
	return ProgInfo{
		Type: w.typ, ID: w.id, Tag: w.tag, Name: nameString(w.name[:]),
		XlatedLen: w.xlatedLen, JitedLen: w.jitedLen, LoadTime: w.loadTime, UID: w.uid,
		BTFID: w.btfID, VerifiedInsns: w.verifiedInsns, AttachBTFID: w.attachID,
		AttachBTFObjID: w.attachBTFObjID, FuncInfos: w.nrFuncInfo, LineInfos: w.nrLineInfo, GPLCompatible: w.gplCompatible&1 != 0,
	}, w.nrMapIDs, nil
}

// spare keeps one struct for the kernel to write to, so that a load of many objects does
// not need one for each. It is safe for concurrent use. The first one stands among the
// variables of the program, where it costs no page of the heap.
type spare[T any] struct {
	first T
	used  atomic.Bool // first is taken
}

var (
	mapWires  spare[mapInfoWire]
	progWires spare[progInfoWire]
)

// take is a zero T.
func (s *spare[T]) take() *T {
	if !s.used.CompareAndSwap(false, true) {
		return new(T)
	}
	clear(unsafe.Slice(&s.first, 1))
	return &s.first
}

// get is getInfo for what take gave: first need not be pinned, as no variable of the
// program moves.
func (s *spare[T]) get(fd int, w *T) error {
	if w == &s.first {
		return getInfoAt(fd, w, uint64(uintptr(unsafe.Pointer(w))))
	}
	return getInfo(fd, w)
}

func (s *spare[T]) give(w *T) {
	if w == &s.first {
		s.used.Store(false)
	}
}

// GetBTFInfo describes the BTF that fd is.
func GetBTFInfo(fd int) (BTFInfo, error) {
	var p pinned
	defer p.Unpin()
	name := make([]byte, 64) // MODULE_NAME_LEN
	w := btfInfoWire{name: p.bytes(name), nameLen: uint32(len(name))}
	if err := getInfo(fd, &w); err != nil {
		return BTFInfo{}, err
	}
	return BTFInfo{ID: w.id, Name: nameString(name), Kernel: w.kern != 0, Size: w.btfSize}, nil
}

// BTFByID opens loaded BTF by its id. The caller owns the descriptor.
func BTFByID(id uint32) (fd int, err error) {
	fd, errno := open(cmdBTFFDByID, &idAttr{id: id}, 0)
	if errno != 0 {
		return -1, failed(cmdBTFFDByID, errno, num("btf_id", id))
	}
	return fd, nil
}

// BTFBytes reads loaded BTF by its id, which takes CAP_SYS_ADMIN.
func BTFBytes(id uint32) ([]byte, error) {
	fd, err := BTFByID(id)
	if err != nil {
		return nil, err
	}
	defer Close(fd)
	info, err := GetBTFInfo(fd)
	if err != nil || info.Size == 0 {
		return nil, err
	}
	raw := make([]byte, info.Size) // the kernel's word, not a file's
	var p pinned
	defer p.Unpin()
	if err := getInfo(fd, &btfInfoWire{btf: p.bytes(raw), btfSize: info.Size}); err != nil {
		return nil, err
	}
	return raw, nil
}

// MapByID opens a map by its id, which takes CAP_SYS_ADMIN. flags are FlagRdonly,
// FlagWronly, or 0 for both ways. The caller owns the descriptor.
func MapByID(id, flags uint32) (fd int, err error) {
	fd, errno := open(cmdMapFDByID, &idAttr{id: id, openFlags: flags}, 0)
	if errno != 0 {
		return -1, failed(cmdMapFDByID, errno, num("map_id", id), hex("open_flags", flags))
	}
	return fd, nil
}

// ModuleBTFFD opens the BTF of a loaded kernel module, or of "vmlinux". ENOENT:
// there is none of that name. The caller owns the descriptor.
func ModuleBTFFD(name string) (fd int, err error) {
	for id := uint32(0); ; {
		w := idAttr{id: id}
		if _, errno := callMin(cmdBTFNextID, &w, unsafe.Sizeof(w)); errno != 0 {
			return -1, failed(cmdBTFNextID, errno, num("start_id", id), text("module", name))
		}
		id = w.nextID
		fd, err = BTFByID(id)
		if errors.Is(err, unix.ENOENT) {
			continue // unloaded meanwhile
		}
		if err != nil {
			return -1, err
		}
		info, err := GetBTFInfo(fd)
		if err == nil && info.Kernel && info.Name == name {
			return fd, nil
		}
		_ = Close(fd)
		if err != nil {
			return -1, err
		}
	}
}
