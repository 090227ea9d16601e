package bpfsys

import (
	"fmt"
	"strings"
)

// Bits of map_flags that code here and its callers need by name.
const (
	FlagNoPrealloc    = 1 << 0
	FlagNoCommonLRU   = 1 << 1
	FlagNumaNode      = 1 << 2
	FlagRdonly        = 1 << 3
	FlagWronly        = 1 << 4
	FlagStackBuildID  = 1 << 5
	FlagZeroSeed      = 1 << 6
	FlagRdonlyProg    = 1 << 7
	FlagWronlyProg    = 1 << 8
	FlagClone         = 1 << 9
	FlagMmapable      = 1 << 10
	FlagPreserveElems = 1 << 11
	FlagInnerMap      = 1 << 12
	FlagLink          = 1 << 13
	FlagSegvOnFault   = 1 << 17
	FlagNoUserConv    = 1 << 18
	FlagRBOverwrite   = 1 << 19
)

// mapFlags names the bits of map_flags, by bit number, with the Linux release
// that brought them.
var mapFlags = [...]struct{ name, since string }{
	{"BPF_F_NO_PREALLOC", "4.6"},
	{"BPF_F_NO_COMMON_LRU", "4.10"},
	{"BPF_F_NUMA_NODE", "4.14"},
	{"BPF_F_RDONLY", "4.15"},
	{"BPF_F_WRONLY", "4.15"},
	{"BPF_F_STACK_BUILD_ID", "4.17"},
	{"BPF_F_ZERO_SEED", "5.0"},
	{"BPF_F_RDONLY_PROG", "5.2"},
	{"BPF_F_WRONLY_PROG", "5.2"},
	{"BPF_F_CLONE", "5.4"},
	{"BPF_F_MMAPABLE", "5.5"},
	{"BPF_F_PRESERVE_ELEMS", "5.10"},
	{"BPF_F_INNER_MAP", "5.10"},
	{"BPF_F_LINK", "6.4"},
	{"BPF_F_PATH_FD", "6.5"},
	{"BPF_F_VTYPE_BTF_OBJ_FD", "6.9"},
	{"BPF_F_TOKEN_FD", "6.9"},
	{"BPF_F_SEGV_ON_FAULT", "6.9"},
	{"BPF_F_NO_USER_CONV", "6.9"},
	{"BPF_F_RB_OVERWRITE", "6.19"},
}

// FlagNames is the names of the bits of map_flags in words, "BPF_F_NO_PREALLOC |
// BPF_F_NUMA_NODE"; a bit without a name is its number in hex. 0 gives "".
func FlagNames(flags uint32) string {
	var names []string
	for bit := range 32 {
		if flags&(1<<bit) == 0 {
			continue
		}
		if bit < len(mapFlags) {
			names = append(names, mapFlags[bit].name)
		} else {
			names = append(names, fmt.Sprintf("%#x", uint32(1)<<bit))
		}
	}
	return strings.Join(names, " | ")
}
