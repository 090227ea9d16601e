package bpfsys

import (
	"runtime"
	"unsafe"
)

// Commands of bpf(2), enum bpf_cmd.
const (
	cmdMapCreate      = 0
	cmdMapLookup      = 1
	cmdMapUpdate      = 2
	cmdProgLoad       = 5
	cmdObjPin         = 6
	cmdObjGet         = 7
	cmdMapFDByID      = 14
	cmdInfoByFD       = 15
	cmdBTFLoad        = 18
	cmdBTFFDByID      = 19
	cmdMapFreeze      = 22
	cmdBTFNextID      = 23
	cmdMapUpdateBatch = 26
	cmdProgBindMap    = 35
	cmdTokenCreate    = 36
)

// command is the name of a bpf command for messages.
type command int

var commandNames = map[command]string{
	cmdMapCreate:      "BPF_MAP_CREATE",
	cmdMapLookup:      "BPF_MAP_LOOKUP_ELEM",
	cmdMapUpdate:      "BPF_MAP_UPDATE_ELEM",
	cmdProgLoad:       "BPF_PROG_LOAD",
	cmdObjPin:         "BPF_OBJ_PIN",
	cmdObjGet:         "BPF_OBJ_GET",
	cmdMapFDByID:      "BPF_MAP_GET_FD_BY_ID",
	cmdInfoByFD:       "BPF_OBJ_GET_INFO_BY_FD",
	cmdBTFLoad:        "BPF_BTF_LOAD",
	cmdBTFFDByID:      "BPF_BTF_GET_FD_BY_ID",
	cmdMapFreeze:      "BPF_MAP_FREEZE",
	cmdBTFNextID:      "BPF_BTF_GET_NEXT_ID",
	cmdMapUpdateBatch: "BPF_MAP_UPDATE_BATCH",
	cmdProgBindMap:    "BPF_PROG_BIND_MAP",
	cmdTokenCreate:    "BPF_TOKEN_CREATE",
}

func (c command) String() string { return commandNames[c] }

// Flags of map_flags, prog_flags and btf_flags that announce a descriptor.
const (
	flagTokenFD       = 1 << 16 // BPF_F_TOKEN_FD
	flagVTypeBTFObjFD = 1 << 15 // BPF_F_VTYPE_BTF_OBJ_FD
)

// wire is the attribute as the kernel reads it.
func (a *MapAttr) wire() mapCreateAttr {
	w := mapCreateAttr{
		mapType: a.Type, keySize: a.KeySize, valueSize: a.ValueSize, maxEntries: a.MaxEntries,
		mapFlags: a.wireFlags(), innerMapFD: uint32(a.InnerMapFD), numaNode: a.NumaNode,
		mapName: objName(a.Name), mapIfindex: a.Ifindex,
		btfFD: uint32(a.BTFFD), btfKeyTypeID: a.KeyTypeID, btfValueTypeID: a.ValueTypeID,
		btfVmlinuxValueTypeID: a.VmlinuxValueTypeID, mapExtra: a.Extra,
		valueTypeBTFObjFD: int32(a.ValueTypeBTFObjFD), mapTokenFD: int32(a.TokenFD),
	}
	return w
}

func (a *MapAttr) wireFlags() uint32 {
	flags := a.Flags
	if a.ValueTypeBTFObjFD != 0 {
		flags |= flagVTypeBTFObjFD
	}
	if a.TokenFD != 0 {
		flags |= flagTokenFD
	}
	return flags
}

// wire is the attribute without a log buffer; p keeps alive what it points to.
func (a *ProgAttr) wire(p *pinned) progLoadAttr {
	w := progLoadAttr{
		progType: a.Type, insnCnt: uint32(len(a.Insns) / insnSize),
		insns: p.bytes(a.Insns), license: p.string(a.License),
		kernVersion: a.KernVersion, progFlags: a.wireFlags(), progName: objName(a.Name),
		progIfindex: a.Ifindex, expectedAttachType: a.AttachType, progBTFFD: uint32(a.BTFFD),
		funcInfo: p.bytes(a.FuncInfo), lineInfo: p.bytes(a.LineInfo),
		attachBTFID: a.AttachBTFID, attachFD: uint32(a.attachFD()),
		coreRelos: p.bytes(a.CORERelos), progTokenFD: int32(a.TokenFD),
	}
	w.funcInfoRecSize, w.funcInfoCnt = records(a.FuncInfo, a.FuncInfoRecSize)
	w.lineInfoRecSize, w.lineInfoCnt = records(a.LineInfo, a.LineInfoRecSize)
	w.coreReloRecSize, w.coreReloCnt = records(a.CORERelos, a.CORERelosRecSize)
	if len(a.FDArray) > 0 {
		w.fdArray = p.pin(unsafe.Pointer(&a.FDArray[0]))
		if a.FDArrayContinuous {
			w.fdArrayCnt = uint32(len(a.FDArray))
		}
	}
	return w
}

// attachFD is what the kernel reads as attach_prog_fd or attach_btf_obj_fd.
func (a *ProgAttr) attachFD() int {
	if a.AttachProgFD != 0 {
		return a.AttachProgFD
	}
	return a.AttachBTFObjFD
}

func (a *ProgAttr) wireFlags() uint32 {
	if a.TokenFD != 0 {
		return a.Flags | flagTokenFD
	}
	return a.Flags
}

const insnSize = 8 // sizeof(struct bpf_insn)

// records is record size and count of an array; 0, 0 for an empty one.
func records(b []byte, size uint32) (recSize, count uint32) {
	if len(b) == 0 || size == 0 {
		return 0, 0
	}
	return size, uint32(uint64(len(b)) / uint64(size))
}

// objName is name, cut off after 15 bytes, with its terminating zero.
func objName(name string) (n [objNameLen]byte) {
	copy(n[:objNameLen-1], name)
	return n
}

// nameString is the text before the first zero.
func nameString(n []byte) string {
	for i, c := range n {
		if c == 0 {
			return string(n[:i])
		}
	}
	return string(n)
}

// pinned keeps Go memory in place and alive while the kernel has its address.
type pinned struct{ runtime.Pinner }

// pin is the address of p, 0 for nil.
func (p *pinned) pin(ptr unsafe.Pointer) uint64 {
	if ptr == nil {
		return 0
	}
	p.Pin(ptr)
	return uint64(uintptr(ptr))
}

// bytes is the address of b's first byte, 0 when there is none.
func (p *pinned) bytes(b []byte) uint64 {
	if len(b) == 0 {
		return 0
	}
	return p.pin(unsafe.Pointer(&b[0]))
}

// string is the address of a zero-terminated copy of s.
func (p *pinned) string(s string) uint64 {
	b := make([]byte, len(s)+1)
	copy(b, s)
	return p.bytes(b)
}

// usedSize is the size in bytes of attr up to its last byte that is not zero,
// and at least min, in steps of 4.
func usedSize(attr unsafe.Pointer, size, min uintptr) uintptr {
	b := unsafe.Slice((*byte)(attr), size)
	n := size
	for n > min && b[n-1] == 0 {
		n--
	}
	return (n + 3) &^ 3
}
