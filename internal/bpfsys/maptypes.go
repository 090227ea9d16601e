package bpfsys

// Values of enum bpf_map_type that code here needs by name.
const (
	mapHash                = 1
	mapArray               = 2
	mapProgArray           = 3
	mapPerfEventArray      = 4
	mapPercpuHash          = 5
	mapPercpuArray         = 6
	mapStackTrace          = 7
	mapCgroupArray         = 8
	mapLRUHash             = 9
	mapLRUPercpuHash       = 10
	mapLPMTrie             = 11
	mapArrayOfMaps         = 12
	mapHashOfMaps          = 13
	mapDevmap              = 14
	mapSockmap             = 15
	mapCPUMap              = 16
	mapXSKMap              = 17
	mapSockhash            = 18
	mapCgroupStorage       = 19
	mapReuseportSockarray  = 20
	mapPercpuCgroupStorage = 21
	mapQueue               = 22
	mapStack               = 23
	mapSKStorage           = 24
	mapDevmapHash          = 25
	mapStructOps           = 26
	mapRingbuf             = 27
	mapInodeStorage        = 28
	mapTaskStorage         = 29
	mapBloomFilter         = 30
	mapUserRingbuf         = 31
	mapCgrpStorage         = 32
	mapArena               = 33
	mapInsnArray           = 34
	mapRHash               = 35
)

// kind is a type of map or program: its name as libbpf and bpftool print it,
// the Linux release that brought it, and what creating one asks for where
// unprivileged bpf(2) is allowed at all (kernel/bpf/syscall.c; since 5.8, before
// that the only capability was CAP_SYS_ADMIN).
type kind struct {
	name  string
	since string
	needs []capability
}

var mapKinds = [...]kind{
	0:                      {name: "unspec"},
	mapHash:                {"hash", "3.19", nil},
	mapArray:               {"array", "3.19", nil},
	mapProgArray:           {"prog_array", "4.2", nil},
	mapPerfEventArray:      {"perf_event_array", "4.3", nil},
	mapPercpuHash:          {"percpu_hash", "4.6", nil},
	mapPercpuArray:         {"percpu_array", "4.6", nil},
	mapStackTrace:          {"stack_trace", "4.6", needBPF},
	mapCgroupArray:         {"cgroup_array", "4.8", nil},
	mapLRUHash:             {"lru_hash", "4.10", needBPF},
	mapLRUPercpuHash:       {"lru_percpu_hash", "4.10", needBPF},
	mapLPMTrie:             {"lpm_trie", "4.11", needBPF},
	mapArrayOfMaps:         {"array_of_maps", "4.12", nil},
	mapHashOfMaps:          {"hash_of_maps", "4.12", nil},
	mapDevmap:              {"devmap", "4.14", needNetAdmin},
	mapSockmap:             {"sockmap", "4.14", needNetAdmin},
	mapCPUMap:              {"cpumap", "4.15", needBPF},
	mapXSKMap:              {"xskmap", "4.18", needNetAdmin},
	mapSockhash:            {"sockhash", "4.18", needNetAdmin},
	mapCgroupStorage:       {"cgroup_storage", "4.19", nil},
	mapReuseportSockarray:  {"reuseport_sockarray", "4.19", needBPF},
	mapPercpuCgroupStorage: {"percpu_cgroup_storage", "4.20", nil},
	mapQueue:               {"queue", "4.20", needBPF},
	mapStack:               {"stack", "4.20", needBPF},
	mapSKStorage:           {"sk_storage", "5.2", needBPF},
	mapDevmapHash:          {"devmap_hash", "5.4", needNetAdmin},
	mapStructOps:           {"struct_ops", "5.6", needBPF},
	mapRingbuf:             {"ringbuf", "5.8", nil},
	mapInodeStorage:        {"inode_storage", "5.10", needBPF},
	mapTaskStorage:         {"task_storage", "5.11", needBPF},
	mapBloomFilter:         {"bloom_filter", "5.16", needBPF},
	mapUserRingbuf:         {"user_ringbuf", "6.1", nil},
	mapCgrpStorage:         {"cgrp_storage", "6.2", needBPF},
	mapArena:               {"arena", "6.9", needBPF},
	mapInsnArray:           {"insn_array", "6.19", needBPF},
	mapRHash:               {"rhash", "7.2", needBPF},
}

// MapTypeName is the type's name as libbpf and bpftool write it ("lru_hash"),
// "" for a type that this package does not know.
func MapTypeName(typ uint32) string { return kindOf(mapKinds[:], typ).name }

// MapTypeByName is the inverse of MapTypeName.
func MapTypeByName(name string) (typ uint32, ok bool) { return kindNamed(mapKinds[:], name) }

// MapTypeSince is the Linux release that brought the type ("5.8"), "" if unknown.
func MapTypeSince(typ uint32) string { return kindOf(mapKinds[:], typ).since }

func kindOf(table []kind, n uint32) kind {
	if uint64(n) < uint64(len(table)) {
		return table[n]
	}
	return kind{}
}

func kindNamed(table []kind, name string) (uint32, bool) {
	for i := range table {
		if table[i].name == name && name != "" {
			return uint32(i), true
		}
	}
	return 0, false
}
