package bpfsys

import (
	"fmt"
	"syscall"
)

// size is what a type wants of key_size, value_size or max_entries: one of the
// listed numbers, or, with none listed, anything from min to max (0: no bound).
type size struct {
	only     []uint32
	min, max uint32
}

func exactly(n ...uint32) size  { return size{only: n} }
func from(min, max uint32) size { return size{min: min, max: max} }

// mapRule is what the kernel demands of one type before it allocates anything
// (the map_alloc_check and the head of map_alloc of each type, kernel/bpf/*.c
// and net/core/*.c).
type mapRule struct {
	key, value, entries size
	allowed             uint32 // bits of map_flags that the type knows
	required            uint32
	btf                 bool // key and value BTF ids are obligatory
	more                func(a *MapAttr, pageSize uint32) []Problem
}

const (
	flagsAccess = FlagRdonly | FlagWronly | FlagRdonlyProg | FlagWronlyProg // BPF_F_ACCESS_MASK
	flagsUser   = FlagNumaNode | FlagRdonly | FlagWronly
	flagsArray  = FlagNumaNode | flagsAccess
	flagsFD     = flagsUser // arrays of descriptors: no limits for programs
	flagsHash   = FlagNoPrealloc | FlagNumaNode | FlagZeroSeed | flagsAccess
	flagsLRU    = FlagNumaNode | FlagZeroSeed | flagsAccess | FlagNoCommonLRU
	flagsLocal  = FlagNoPrealloc | FlagClone // BPF_LOCAL_STORAGE_CREATE_FLAG_MASK

	// perCPUMax is PCPU_MIN_UNIT_SIZE, the most that one per-CPU allocation holds.
	perCPUMax = 32 << 10
	// maxStackDepth is the default of kernel.perf_event_max_stack.
	maxStackDepth = 127
)

var (
	anySize   = from(1, 0)
	fdArray   = mapRule{exactly(4), exactly(4), anySize, flagsFD, 0, false, nil}
	queueRule = mapRule{exactly(0), anySize, anySize, FlagNumaNode | flagsAccess, 0, false, nil}
	hashRule  = mapRule{anySize, anySize, anySize, flagsHash, 0, false, hashSizes}
	devRule   = mapRule{exactly(4), exactly(4, 8), anySize, flagsUser, 0, false, nil}
	ringRule  = mapRule{exactly(0), exactly(0), size{}, FlagNumaNode, 0, false, ringEntries}
	storage   = mapRule{exactly(4), anySize, exactly(0), flagsLocal, FlagNoPrealloc, true, nil}
	cgroup    = mapRule{exactly(16, 8), anySize, exactly(0), FlagNumaNode | flagsAccess, 0, false, nil}
)

var mapRules = [...]mapRule{
	mapHash:                hashRule,
	mapArray:               {exactly(4), from(1, 1<<31-1), anySize, flagsArray | FlagMmapable | FlagInnerMap, 0, false, nil},
	mapProgArray:           fdArray,
	mapPerfEventArray:      {exactly(4), exactly(4), anySize, flagsFD | FlagPreserveElems, 0, false, nil},
	mapPercpuHash:          {anySize, from(1, perCPUMax), anySize, flagsHash, 0, false, hashSizes},
	mapPercpuArray:         {exactly(4), from(1, perCPUMax), anySize, flagsAccess, 0, false, nil},
	mapStackTrace:          {exactly(4), from(8, 0), anySize, flagsUser | FlagStackBuildID, 0, false, stackDepth},
	mapCgroupArray:         fdArray,
	mapLRUHash:             {anySize, anySize, anySize, flagsLRU, 0, false, hashSizes},
	mapLRUPercpuHash:       {anySize, from(1, perCPUMax), anySize, flagsLRU, 0, false, hashSizes},
	mapLPMTrie:             {from(5, 4+256), anySize, anySize, FlagNoPrealloc | FlagNumaNode | flagsAccess, FlagNoPrealloc, false, nil},
	mapArrayOfMaps:         {exactly(4), exactly(4), anySize, flagsFD, 0, false, needsInner},
	mapHashOfMaps:          {anySize, exactly(4), anySize, flagsHash, 0, false, needsInner},
	mapDevmap:              devRule,
	mapSockmap:             devRule,
	mapCPUMap:              {exactly(4), exactly(4, 8), anySize, FlagNumaNode, 0, false, nil},
	mapXSKMap:              {exactly(4), exactly(4), anySize, flagsUser, 0, false, nil},
	mapSockhash:            {from(1, 512), exactly(4, 8), anySize, flagsUser, 0, false, nil},
	mapCgroupStorage:       cgroup,
	mapReuseportSockarray:  {exactly(4), exactly(4, 8), anySize, flagsArray, 0, false, nil},
	mapPercpuCgroupStorage: {exactly(16, 8), from(1, perCPUMax), exactly(0), FlagNumaNode | flagsAccess, 0, false, nil},
	mapQueue:               queueRule,
	mapStack:               queueRule,
	mapSKStorage:           storage,
	mapDevmapHash:          devRule,
	mapStructOps:           {exactly(4), anySize, exactly(1), flagVTypeBTFObjFD | FlagLink, 0, false, needsKernelType},
	mapRingbuf:             {exactly(0), exactly(0), size{}, FlagNumaNode | FlagRBOverwrite, 0, false, ringEntries},
	mapInodeStorage:        storage,
	mapTaskStorage:         storage,
	mapBloomFilter:         {exactly(0), anySize, anySize, FlagNumaNode | FlagZeroSeed | flagsAccess, 0, false, nil},
	mapUserRingbuf:         ringRule,
	mapCgrpStorage:         storage,
	mapArena:               {exactly(0), exactly(0), anySize, FlagMmapable | FlagSegvOnFault | FlagNoUserConv, FlagMmapable, false, arenaExtra},
	mapInsnArray:           {exactly(4), exactly(16), anySize, 0, 0, false, nil},
	mapRHash:               {anySize, anySize, from(1, 1<<31), flagsHash, FlagNoPrealloc, false, hashSizes},
}

// CheckMap tells what every kernel refuses in a, from the rules of its type,
// without asking one. pageSize is in bytes. It is empty for a type that this
// package does not know, and an empty result does not promise that the kernel
// agrees: it may be older, or know more.
func CheckMap(a *MapAttr, pageSize uint32) []Problem {
	if a.Type == 0 || uint64(a.Type) >= uint64(len(mapRules)) {
		return nil
	}
	r, name := &mapRules[a.Type], MapTypeName(a.Type)
	var all []Problem
	all = append(all, r.key.check("key_size", name, a.KeySize)...)
	all = append(all, r.value.check("value_size", name, a.ValueSize)...)
	all = append(all, r.entries.check("max_entries", name, a.MaxEntries)...)
	all = append(all, r.checkFlags(name, a.Flags)...)
	all = append(all, checkBTFIDs(r, a)...)
	if a.Extra != 0 && a.Type != mapBloomFilter && a.Type != mapArena && a.Type != mapRHash {
		all = append(all, Problem{"map_extra", 0, name + " maps take no map_extra", syscall.EINVAL})
	}
	if a.Type == mapBloomFilter && a.Extra > 15 {
		all = append(all, Problem{"map_extra", 0, fmt.Sprintf("a bloom filter has at most 15 hash functions, not %d", a.Extra), syscall.EINVAL})
	}
	if r.more != nil {
		all = append(all, r.more(a, pageSize)...)
	}
	return append(all, checkName(a.Name)...)
}

// check is the problem with n, if there is one.
func (s size) check(attribute, kind string, n uint32) []Problem {
	if len(s.only) > 0 {
		for _, want := range s.only {
			if n == want {
				return nil
			}
		}
		return []Problem{{attribute, 0, fmt.Sprintf("%s maps need %s %s, not %d", kind, attribute, orList(s.only), n), syscall.EINVAL}}
	}
	switch {
	case n == 0 && s.min > 0:
		return []Problem{{attribute, 0, fmt.Sprintf("%s of %s maps must not be 0", attribute, kind), syscall.EINVAL}}
	case n < s.min:
		return []Problem{{attribute, 0, fmt.Sprintf("%s of %s maps is at least %d, not %d", attribute, kind, s.min, n), syscall.EINVAL}}
	case s.max != 0 && n > s.max:
		return []Problem{{attribute, 0, fmt.Sprintf("%s of %s maps is at most %d, not %d", attribute, kind, s.max, n), syscall.E2BIG}}
	}
	return nil
}

// orList is "4 or 8".
func orList(n []uint32) string {
	out := fmt.Sprint(n[0])
	for _, v := range n[1:] {
		out += fmt.Sprintf(" or %d", v)
	}
	return out
}
