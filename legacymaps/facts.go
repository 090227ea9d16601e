package legacymaps

import (
	"debug/elf"
	"strings"

	"github.com/bpfload/bpfload/internal/mapdef"
)

// Map types (enum bpf_map_type) that rules of this package name.
const (
	typeArray          = 2
	typeProgArray      = 3
	typePerfEventArray = 4
	typeLPMTrie        = 11
	typeArrayOfMaps    = 12
	typeHashOfMaps     = 13
	typeDevmap         = 14
	typeCPUMap         = 16
	typeDevmapHash     = 25
	typeRingbuf        = 27
	maxType            = 34 // BPF_MAP_TYPE_INSN_ARRAY
)

// maxMaps is how many definitions an object may have, as many as the DATASEC of a
// .maps section can list (vlen has 16 bits).
const maxMaps = 1<<16 - 1

// maxSectionName is how long the name of a section of definitions may be, in
// bytes: each of its definitions that has no name of its own is called by it.
const maxSectionName = 512

const (
	flagNoPrealloc = 1 << 0
	flagNumaNode   = 1 << 2
	// knownFlags are the bits that the kernel defines (BPF_F_RB_OVERWRITE is the highest).
	knownFlags = 1<<20 - 1
)

func mapOfMaps(t uint32) bool { return t == typeArrayOfMaps || t == typeHashOfMaps }

// facts are what the whole object says about the dialect of its definitions.
type facts struct {
	android    string            // name of a section that only Android objects have
	redbpf     bool              // section maps.ext
	rust       bool              // symbols of Rust's runtime or compiler
	c          string            // an STT_FILE symbol that names a C source
	tailIDs    map[uint32]string // iproute2 tail-call sections: id to a section's name; only looked up
	samplesRun string            // a section that is a samples tail call
	tc         string            // a section name that tc takes by default (L64)
	deepflow   string            // a section name that only DeepFlow's agent has
	aws        string            // a section name that only AWS programs have among those that 28 bytes allow
}

func readFacts(f *mapdef.File) *facts {
	x := &facts{tailIDs: map[uint32]string{}}
	for i := range f.Sections {
		if s := &f.Sections[i]; i != 0 {
			x.addSection(s)
		}
	}
	for i := range f.Symbols {
		n := f.Symbols[i].Name
		if f.Symbols[i].Type == elf.STT_FILE && strings.HasSuffix(n, ".c") {
			x.c = n
		}
		x.rust = x.rust || strings.Contains(n, "rust_") || strings.Contains(n, "core::") || strings.Contains(n, "_ZN4core")
	}
	return x
}

func (x *facts) addSection(s *mapdef.Section) {
	switch s.Name {
	case "maps.ext":
		x.redbpf = true
	case "size_of_bpf_map_def", "progs", "bpfloader_min_ver", "critical":
		if !s.Exec() && x.android == "" {
			x.android = s.Name
		}
	}
	if !s.Exec() {
		return
	}
	if id, _, ok := iproute2Tail(s.Name); ok && x.tailIDs[id] == "" {
		x.tailIDs[id] = s.Name
	}
	if _, _, ok := samplesTail(s.Name); ok && x.samplesRun == "" {
		x.samplesRun = s.Name
	}
	switch {
	case strings.HasPrefix(s.Name, "prog/tp/"), strings.HasPrefix(s.Name, "prog/kp/"):
		x.deepflow = s.Name
	case s.Name == "classifier" || s.Name == "action":
		x.tc = s.Name
	case s.Name == "tc_cls" || s.Name == "tc_act" || strings.HasPrefix(s.Name, "kprobe/"):
		x.aws = s.Name
	}
}
