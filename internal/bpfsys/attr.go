package bpfsys

// MapAttr is what BPF_MAP_CREATE takes. A descriptor of 0 means none.
type MapAttr struct {
	Type       uint32 // enum bpf_map_type
	KeySize    uint32 // bytes
	ValueSize  uint32 // bytes
	MaxEntries uint32
	// Flags is BPF_F_*; BPF_F_TOKEN_FD and BPF_F_VTYPE_BTF_OBJ_FD are added
	// where the descriptors that they announce are given. BPF_F_NUMA_NODE is
	// the caller's: node 0 is a node.
	Flags      uint32
	InnerMapFD int    // template of a map of maps
	NumaNode   uint32 // counts only with BPF_F_NUMA_NODE
	// Name is at most 15 bytes of [A-Za-z0-9_.]; more bytes are cut off, other
	// characters are EINVAL.
	Name    string
	Ifindex uint32 // network device of an offloaded map
	// BTFFD and the type ids in it describe key and value.
	BTFFD                  int
	KeyTypeID, ValueTypeID uint32
	VmlinuxValueTypeID     uint32 // struct_ops: value type in kernel or module BTF
	Extra                  uint64 // map_extra
	ValueTypeBTFObjFD      int    // struct_ops: BTF of the module
	TokenFD                int    // BPF token
}

// BTFAttr is what BPF_BTF_LOAD takes.
type BTFAttr struct {
	Raw      []byte // in host byte order
	LogLevel uint32 // 0: no log
	// LogSize is the first size in bytes of the log buffer; 0 means 64 KiB.
	LogSize uint32
	TokenFD int // BPF token, 0 for none
}

// ProgAttr is what BPF_PROG_LOAD takes. A descriptor of 0 means none.
type ProgAttr struct {
	Type       uint32 // enum bpf_prog_type
	AttachType uint32 // expected_attach_type, enum bpf_attach_type
	// Insns is the instruction stream in host byte order, 8 bytes each.
	Insns   []byte
	License string
	// Name is as in MapAttr.
	Name        string
	KernVersion uint32 // LINUX_VERSION_CODE; checked for kprobes before 5.0
	Flags       uint32 // prog_flags: BPF_F_SLEEPABLE, …
	Ifindex     uint32
	// BTFFD is the object's BTF; FuncInfo and LineInfo are arrays of records of
	// the given size in bytes, instruction offsets relative to Insns.
	BTFFD           int
	FuncInfo        []byte
	FuncInfoRecSize uint32
	LineInfo        []byte
	LineInfoRecSize uint32
	// AttachBTFID is a type id in AttachBTFObjFD (a module's BTF; 0: vmlinux) or
	// in the BTF of AttachProgFD. At most one of the two descriptors is set.
	AttachBTFID    uint32
	AttachProgFD   int
	AttachBTFObjFD int
	// FDArray holds map and BTF descriptors that instructions refer to by index.
	FDArray []int32
	// FDArrayContinuous passes its length, so that the kernel binds every map in
	// it to the program (Linux 6.14).
	FDArrayContinuous bool
	// CORERelos are struct bpf_core_relo records that the kernel applies itself.
	CORERelos        []byte
	CORERelosRecSize uint32
	LogLevel         uint32 // 0: no log; 1, 2, and 4 for statistics
	// LogSize is the first size in bytes of the log buffer; 0 means 64 KiB.
	LogSize uint32
	TokenFD int // BPF token
}

// MapInfo is struct bpf_map_info.
type MapInfo struct {
	Type, ID                              uint32
	KeySize, ValueSize, MaxEntries, Flags uint32
	Name                                  string
	Ifindex                               uint32
	VmlinuxValueTypeID                    uint32
	BTFID, KeyTypeID, ValueTypeID         uint32
	Extra                                 uint64
}

// ProgInfo is the part of struct bpf_prog_info that has fixed size, and the
// ids of the maps that the program uses.
type ProgInfo struct {
	Type, ID      uint32
	Tag           [8]byte
	Name          string
	MapIDs        []uint32
	XlatedLen     uint32 // bytes of translated instructions
	JitedLen      uint32 // bytes of machine code, 0 when not compiled or hidden
	LoadTime      uint64 // nanoseconds since boot
	UID           uint32
	BTFID         uint32
	VerifiedInsns uint32 // instructions that the verifier processed (Linux 5.16; else 0)
	AttachBTFID   uint32
	// AttachBTFObjID is the id of the BTF that AttachBTFID counts in.
	AttachBTFObjID uint32
	// FuncInfos and LineInfos are the numbers of records that the kernel kept.
	FuncInfos, LineInfos uint32
	GPLCompatible        bool
}

// BTFInfo is struct bpf_btf_info.
type BTFInfo struct {
	ID     uint32
	Name   string // "vmlinux" or a module's name, for kernel BTF
	Kernel bool
	Size   uint32 // bytes of the raw BTF
}
