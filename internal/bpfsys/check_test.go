package bpfsys

import (
	"strings"
	"testing"
)

func TestCheckMap(t *testing.T) {
	for _, tc := range []struct {
		name string
		a    MapAttr
		want []string // attribute, then a part of the reason
	}{
		{"good hash", MapAttr{Type: mapHash, KeySize: 1, ValueSize: 1, MaxEntries: 1, Name: "ok_1.x"}, nil},
		{"type without rules", MapAttr{Type: 0}, nil},
		{"type beyond the table", MapAttr{Type: ^uint32(0)}, nil},
		{"program array value", MapAttr{Type: mapProgArray, KeySize: 4, ValueSize: 8, MaxEntries: 1}, []string{"value_size", "prog_array maps need value_size 4, not 8"}},
		{"devmap takes two sizes", MapAttr{Type: mapDevmap, KeySize: 4, ValueSize: 8, MaxEntries: 1}, nil},
		{"devmap takes no third", MapAttr{Type: mapDevmap, KeySize: 4, ValueSize: 6, MaxEntries: 1}, []string{"value_size", "4 or 8, not 6"}},
		{"queue with key", MapAttr{Type: mapQueue, KeySize: 4, ValueSize: 8, MaxEntries: 1}, []string{"key_size", "need key_size 0, not 4"}},
		{"trie key too short", MapAttr{Type: mapLPMTrie, KeySize: 4, ValueSize: 8, MaxEntries: 1, Flags: FlagNoPrealloc}, []string{"key_size", "at least 5"}},
		{"trie key too long", MapAttr{Type: mapLPMTrie, KeySize: 300, ValueSize: 8, MaxEntries: 1, Flags: FlagNoPrealloc}, []string{"key_size", "at most 260"}},
		{"stack of half a frame", MapAttr{Type: mapStackTrace, KeySize: 4, ValueSize: 12, MaxEntries: 1}, []string{"value_size", "not a multiple"}},
		{"stack too deep", MapAttr{Type: mapStackTrace, KeySize: 4, ValueSize: 128 * 8, MaxEntries: 1}, []string{"value_size", "128 frames"}},
		{"stack of build ids", MapAttr{Type: mapStackTrace, KeySize: 4, ValueSize: 127 * 32, MaxEntries: 1, Flags: FlagStackBuildID}, nil},
		{"both program modes", MapAttr{Type: mapArray, KeySize: 4, ValueSize: 8, MaxEntries: 1, Flags: FlagRdonlyProg | FlagWronlyProg}, []string{"map_flags", "BPF_F_RDONLY_PROG and BPF_F_WRONLY_PROG"}},
		{"both user modes", MapAttr{Type: mapArray, KeySize: 4, ValueSize: 8, MaxEntries: 1, Flags: FlagRdonly | FlagWronly}, []string{"map_flags", "BPF_F_RDONLY and BPF_F_WRONLY"}},
		{"a token's flag is nobody's fault", MapAttr{Type: mapArray, KeySize: 4, ValueSize: 8, MaxEntries: 1, Flags: flagTokenFD, TokenFD: 3}, nil},
		{"per-CPU hash on a node", MapAttr{Type: mapPercpuHash, KeySize: 4, ValueSize: 8, MaxEntries: 1, Flags: FlagNumaNode}, []string{"numa_node", "cannot be put on one NUMA node"}},
		{"key type alone", MapAttr{Type: mapHash, KeySize: 4, ValueSize: 8, MaxEntries: 1, BTFFD: 3, KeyTypeID: 2}, []string{"btf_value_type_id", "without a value type"}},
		{"kernel type of a hash", MapAttr{Type: mapHash, KeySize: 4, ValueSize: 8, MaxEntries: 1, VmlinuxValueTypeID: 2}, []string{"btf_vmlinux_value_type_id", "only struct_ops"}},
		{"struct_ops without kernel type", MapAttr{Type: mapStructOps, KeySize: 4, ValueSize: 8, MaxEntries: 1}, []string{"btf_vmlinux_value_type_id", "needs the kernel's"}},
		{"bloom filter hashes", MapAttr{Type: mapBloomFilter, ValueSize: 8, MaxEntries: 1, Extra: 16}, []string{"map_extra", "at most 15"}},
		{"ring buffer of no size", MapAttr{Type: mapRingbuf}, []string{"max_entries", "not 0"}},
		{"ring buffer with value", MapAttr{Type: mapRingbuf, ValueSize: 8, MaxEntries: 4096}, []string{"value_size", "need value_size 0, not 8"}},
		{"resizable hash", MapAttr{Type: mapRHash, KeySize: 4, ValueSize: 8, MaxEntries: 8, Flags: FlagNoPrealloc, Extra: 4}, nil},
		{"resizable hash, preallocated", MapAttr{Type: mapRHash, KeySize: 4, ValueSize: 8, MaxEntries: 8}, []string{"map_flags", "rhash maps need BPF_F_NO_PREALLOC"}},
		{"arena", MapAttr{Type: mapArena, MaxEntries: 100, Flags: FlagMmapable, Extra: 1 << 44}, nil},
		{"arena too large", MapAttr{Type: mapArena, MaxEntries: 1<<20 + 1, Flags: FlagMmapable}, []string{"max_entries", "at most 4 GiB"}},
		{"arena between pages", MapAttr{Type: mapArena, MaxEntries: 1, Flags: FlagMmapable, Extra: 1<<44 + 8}, []string{"map_extra", "multiple of the page size"}},
		{"arena across 4 GiB", MapAttr{Type: mapArena, MaxEntries: 2, Flags: FlagMmapable, Extra: 1<<44 - 4096}, []string{"map_extra", "4 GiB boundary"}},
		{"name cut off before its bad character", MapAttr{Type: mapHash, KeySize: 4, ValueSize: 8, MaxEntries: 1, Name: "fifteen_letters-"}, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			all := CheckMap(&tc.a, 4096)
			if tc.want == nil {
				if len(all) != 0 {
					t.Errorf("%+v", all)
				}
				return
			}
			if len(all) != 1 || all[0].Attribute != tc.want[0] || !strings.Contains(all[0].Reason, tc.want[1]) || all[0].Errno == 0 {
				t.Errorf("got %+v, want %q", all, tc.want)
			}
		})
	}
}
