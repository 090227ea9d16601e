package bpfsys

//lint:file-ignore U1000 fields that nothing reads are part of the layout

// The structs below mirror members of union bpf_attr. Every 64-bit field stands
// at a multiple of 8 by explicit padding, so the layout is the kernel's on
// 32-bit hosts too. Pointers are numbers: what they point to is pinned (see
// pinned) from before the struct is filled until after the call.

const objNameLen = 16 // BPF_OBJ_NAME_LEN, with the terminating zero

type mapCreateAttr struct {
	mapType, keySize, valueSize, maxEntries, mapFlags uint32
	innerMapFD                                        uint32
	numaNode                                          uint32
	mapName                                           [objNameLen]byte
	mapIfindex                                        uint32
	btfFD, btfKeyTypeID, btfValueTypeID               uint32
	btfVmlinuxValueTypeID                             uint32
	mapExtra                                          uint64
	valueTypeBTFObjFD, mapTokenFD                     int32
}

type progLoadAttr struct {
	progType, insnCnt            uint32
	insns, license               uint64
	logLevel, logSize            uint32
	logBuf                       uint64
	kernVersion, progFlags       uint32
	progName                     [objNameLen]byte
	progIfindex                  uint32
	expectedAttachType           uint32
	progBTFFD, funcInfoRecSize   uint32
	funcInfo                     uint64
	funcInfoCnt, lineInfoRecSize uint32
	lineInfo                     uint64
	lineInfoCnt, attachBTFID     uint32
	attachFD, coreReloCnt        uint32 // attach_prog_fd or attach_btf_obj_fd
	fdArray, coreRelos           uint64
	coreReloRecSize, logTrueSize uint32
	progTokenFD                  int32
	fdArrayCnt                   uint32
}

type btfLoadAttr struct {
	btf, logBuf                          uint64
	btfSize, logSize, logLevel, trueSize uint32
	flags                                uint32
	tokenFD                              int32
}

type elemAttr struct {
	mapFD, pad        uint32
	key, value, flags uint64
}

type batchAttr struct {
	inBatch, outBatch, keys, values uint64
	count, mapFD                    uint32
	elemFlags, flags                uint64
}

type objAttr struct {
	pathname         uint64
	bpfFD, fileFlags uint32
}

type idAttr struct{ id, nextID, openFlags uint32 }

type infoAttr struct {
	bpfFD, infoLen uint32
	info           uint64
}

type bindMapAttr struct{ progFD, mapFD, flags uint32 }

type freezeAttr struct{ mapFD uint32 }

type tokenAttr struct{ flags, bpffsFD uint32 }

// Layouts of struct bpf_map_info, bpf_prog_info and bpf_btf_info up to the last
// field that is read.

type mapInfoWire struct {
	typ, id, keySize, valueSize, maxEntries, mapFlags uint32
	name                                              [objNameLen]byte
	ifindex, btfVmlinuxValueTypeID                    uint32
	netnsDev, netnsIno                                uint64
	btfID, keyTypeID, valueTypeID, btfVmlinuxID       uint32
	mapExtra                                          uint64
}

type progInfoWire struct {
	typ, id                                 uint32
	tag                                     [8]byte
	jitedLen, xlatedLen                     uint32
	jitedInsns, xlatedInsns, loadTime       uint64
	uid, nrMapIDs                           uint32
	mapIDs                                  uint64
	name                                    [objNameLen]byte
	ifindex, gplCompatible                  uint32
	netnsDev, netnsIno                      uint64
	nrJitedKsyms, nrJitedFuncLens           uint32
	jitedKsyms, jitedFuncLens               uint64
	btfID, funcInfoRecSize                  uint32
	funcInfo                                uint64
	nrFuncInfo, nrLineInfo                  uint32
	lineInfo, jitedLineInfo                 uint64
	nrJitedLineInfo, lineInfoRecSize        uint32
	jitedLineInfoRecSize, nrProgTags        uint32
	progTags                                uint64
	runTimeNs, runCnt, recursionMisses      uint64
	verifiedInsns, attachBTFObjID, attachID uint32
	pad                                     uint32
}

type btfInfoWire struct {
	btf           uint64
	btfSize, id   uint32
	name          uint64
	nameLen, kern uint32
}

// linkCreateAttr is link_create of union bpf_attr up to its flags.
type linkCreateAttr struct{ mapFD, targetFD, attachType, flags uint32 }

// linkUpdateAttr is link_update of union bpf_attr.
type linkUpdateAttr struct{ linkFD, newProgFD, flags, oldProgFD uint32 }

// linkInfoWire is struct bpf_link_info: the union begins at words.
type linkInfoWire struct {
	typ, id, progID, pad uint32
	words                [16]uint32
}
