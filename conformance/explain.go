//go:build linux

package main

import (
	"bytes"
	"debug/elf"
	"os"
	"slices"
	"strconv"
	"strings"
)

// explanation is one rule that makes two loaders differ.
type explanation struct {
	rule, why string
	covers    func(d *difference) bool
}

// explanations are tried in order. A row says as little as it can: the field, and
// the two values or the circumstance that the rule is about.
var explanations = [...]explanation{
	// Verdicts: what another loader takes and bpfload does not.
	{"R8 C24", "an object of the other byte order whose programs would be loaded is refused before anything is created", func(d *difference) bool {
		return d.refused("cilium", "endian, this machine is not")
	}},
	{"R64 C35", "pinning is 0 or 1", func(d *difference) bool {
		return d.refused("cilium", `member "pinning" is`)
	}},
	{"R23", "libbpf 1.1 does not know .struct_ops.link (1.2 does) and skips the map, whose type or flag this kernel has not", func(d *difference) bool {
		return (d.refused("libbpf", "has no struct_ops type") || d.refused("libbpf", "BPF_F_LINK")) && d.lacksStructOps()
	}},
	{"C108", "a program whose section name gives no type is an error unless the caller says keep-going; cilium/ebpf leaves it out in silence, libbpf refuses it", func(d *difference) bool {
		return d.other == "cilium" && d.field == "options"
	}},
	{"R23", "libbpf 1.1 does not know .struct_ops.link (1.2 does)", func(d *difference) bool {
		const structOps = 26
		return d.on("libbpf", "map", "presence") && d.yours == nil && d.mine.typ == structOps
	}},
	{"C58 R88", "slots are 8 bytes apart; cilium/ebpf takes the alignment of the section for their width", func(d *difference) bool {
		const arrayOfMaps = 12
		return d.on("cilium", "map", "contents") && d.mine.typ == arrayOfMaps && strings.HasPrefix(d.ours, d.their[:min(len(d.their), len("00000000="))])
	}},
	{"R126", "libbpf from 1.4 loads programs of struct_ops maps although the caller has said no", func(d *difference) bool {
		const structOps = 27
		return d.stage == stageMaps && d.on("libbpf", "program", "presence") && d.mine == nil && d.yours.typ == structOps
	}},
	{"R126", "an optional program that a struct_ops map refers to is loaded; libbpf does so from 1.4 on", func(d *difference) bool {
		const structOps = 27
		return d.on("libbpf", "program", "presence") && d.yours == nil && d.mine.typ == structOps
	}},
	{"D14 R99", "libbpf cuts the names of .bss.* maps", func(d *difference) bool {
		return d.on("libbpf", "map", "presence") && strings.HasPrefix(d.name, ".bss.")
	}},
	// Names, flags, sizes.
	{"C11 C12", "data maps are named after the object; those of cilium/ebpf after the section alone", func(d *difference) bool {
		return d.on("cilium", "map", "kernel name") && dataMap(d.name) && (strings.HasSuffix(d.ours, d.name) || strings.HasPrefix(d.name, d.their) || odd(d.name))
	}},
	{"C14 R101", "a data map without a variable that is not static cannot be mapped; cilium/ebpf adds the flag to all", func(d *difference) bool {
		return d.on("cilium", "map", "flags") && dataMap(d.name) && hexNumber(d.their) == hexNumber(d.ours)|1<<10
	}},
	{"D15 R104", "a data section with a lock, a timer or a pointer to a kernel object is not made for mapping, which every kernel refuses; libbpf asks for it", func(d *difference) bool {
		return d.on("libbpf", "map", "flags") && dataMap(d.name) && hexNumber(d.their) == hexNumber(d.ours)|1<<10 && slices.ContainsFunc(kernelFields[:], d.objectHolds)
	}},
	{"C47 C48", "max_entries of perf event arrays and CPU maps are as written; cilium/ebpf cuts them to the number of CPUs", func(d *difference) bool {
		const perfEventArray, cpuMap = 4, 16
		return d.on("cilium", "map", "max entries") && (d.mine.typ == perfEventArray || d.mine.typ == cpuMap) && number(d.ours) > number(d.their)
	}},
	// Which maps there are, and who uses them.
	{"C15 R22", "string and constant pools that nothing refers to are no maps; libbpf makes and binds them", func(d *difference) bool {
		if d.other != "libbpf" {
			return false
		}
		if d.kind == "map" {
			return d.field == "presence" && d.mine == nil && pool(d.name)
		}
		more, fewer := wordDifference(d.ours, d.their)
		return d.field == "maps" && len(more) == 0 && !slices.ContainsFunc(fewer, func(s string) bool { return !pool(s) })
	}},
	{"C15 C16", "data sections are maps whether or not something refers to them; in cilium/ebpf only if there are symbols in them", func(d *difference) bool {
		return d.on("cilium", "map", "presence") && d.yours == nil && dataMap(d.name) && d.name != ".kconfig"
	}},
	{"C86", "the configuration is one map of the object; cilium/ebpf makes one per program and does not list it", func(d *difference) bool {
		return d.on("cilium", "map", "presence") && d.yours == nil && d.name == ".kconfig"
	}},
	{"C20 C86 R165", "every program is bound to the object's read-only maps; cilium/ebpf binds none, and its configuration maps are not in its list", func(d *difference) bool {
		if !d.on("cilium", "program", "maps") {
			return false
		}
		more, fewer := wordDifference(d.ours, strings.ReplaceAll(d.their, "(.kconfig)", ".kconfig"))
		return len(fewer) == 0 && !slices.ContainsFunc(more, func(s string) bool { return s != ".kconfig" && !strings.HasPrefix(s, ".rodata") })
	}},
	// Values.
	{"C93", "LINUX_HAS_SYSCALL_WRAPPER is 1 by /proc/kallsyms; libbpf 1.1 makes a kprobe to find out, which this kernel cannot", func(d *difference) bool {
		return (d.on("libbpf", "map", "contents") && d.name == ".kconfig" || d.other == "libbpf" && d.kind == "program" && d.isOneOf(survivors[:])) &&
			noKprobes() && d.objectHolds("LINUX_HAS_SYSCALL_WRAPPER")
	}},
	// Types.
	{"D6 R136", "one thing in the object's BTF that the kernel refuses costs libbpf the types of every map and program; here it is mended or left out", func(d *difference) bool {
		return d.other == "libbpf" && d.isOneOf(typeFields[:]) && (d.their == "false" || d.their == "0") && d.theyHaveNoBTF()
	}},
	{"place of lines", "in statically linked objects lines belong to the function in whose bytes they stand; cilium/ebpf gives overruled weak functions' lines away", func(d *difference) bool {
		return d.on("cilium", "program", "line records") && d.asLibbpf("line records") && d.mine.fact("tag") == d.yours.fact("tag")
	}},
	// Programs.
	{"usdt", "libbpf from 1.3 decides at load that it will attach USDT programs with uprobe_multi; here that is the caller's choice", func(d *difference) bool {
		const uprobeMulti = "48"
		return d.on("libbpf", "program", "expected attach type") && d.ours == "0" && d.their == uprobeMulti
	}},
	{"C66", "SEC(\"?…\") is loaded when asked for; cilium/ebpf does not know the mark", func(d *difference) bool {
		return d.on("cilium", "program", "presence") && d.mine == nil && d.listed(d.name)
	}},
	{"flavours", "libbpf 1.1 (1.3 does) and cilium/ebpf do not know flavours of kernel functions: a weak one is missing for them, and what it guards is dead code", func(d *difference) bool {
		fields := append([]string{"tag", "function records"}, survivors[:]...)
		return d.kind == "program" && d.isOneOf(fields) && d.objectHasWeakExtern("___")
	}},
	{"missing functions", "a call of a weak kernel function that does not exist becomes a call of a number that no kernel has; each loader has numbers of its own", func(d *difference) bool {
		return d.kind == "program" && d.field == "tag" && d.mine.fact("instructions") == d.yours.fact("instructions") && d.objectHasWeakExtern("")
	}},
	{"order of subprograms", "subprograms are appended in the order in which libbpf appends them; cilium/ebpf has another, with as many instructions", func(d *difference) bool {
		return d.other == "cilium" && d.kind == "program" && (d.field == "tag" || d.field == "verified instructions" && d.mine.fact("tag") != d.yours.fact("tag")) &&
			d.mine.fact("instructions") == d.yours.fact("instructions") && d.asLibbpf("tag")
	}},
}

// kernelFields are names in the types of objects with fields that the kernel keeps.
var kernelFields = [...]string{"bpf_spin_lock", "bpf_timer", "bpf_wq", "bpf_list_head", "bpf_rb_root", "kptr"}

// typeFields are what a map or program without types lacks; survivors what
// depends on the code that the verifier leaves.
var (
	typeFields = [...]string{"BTF", "key type", "value type", "key type id", "value type id", "function records", "line records"}
	survivors  = [...]string{"instructions", "verified instructions", "line records"}
)

func (d *difference) isOneOf(fields []string) bool { return slices.Contains(fields, d.field) }

// refused tells of a verdict: bpfload says no with that text, and the other yes.
func (d *difference) refused(other, text string) bool {
	return d.other == other && d.field == "verdict" && strings.Contains(d.ours, text)
}

func (d *difference) on(other, kind, field string) bool {
	return d.other == other && d.kind == kind && d.field == field
}

// lacksStructOps tells that what the other loaded holds no struct_ops map.
func (d *difference) lacksStructOps() bool {
	const structOps = 26
	theirs := d.theirOutcome()
	return theirs.state != nil && !slices.ContainsFunc(theirs.state.maps, func(t thing) bool { return t.typ == structOps })
}

func (d *difference) theirOutcome() *outcome { return d.outcomeOf(d.other) }

func (d *difference) outcomeOf(loader string) *outcome {
	return &d.all.outcomes[slices.Index(stages[:], d.stage)][slices.Index(loaders[:], loader)]
}

// listed tells that bpfload knows the program and did not load it.
func (d *difference) listed(program string) bool {
	return slices.ContainsFunc(d.outcomeOf("bpfload").Programs, func(p answerProgram) bool { return p.Name == program && p.FD < 0 })
}

// asLibbpf tells that libbpf has the same value, or does not load the object.
func (d *difference) asLibbpf(field string) bool {
	state := d.outcomeOf("libbpf").state
	if state == nil {
		return true
	}
	p := find(state.programs, d.name)
	return p != nil && p.fact(field) == d.mine.fact(field)
}

// theyHaveNoBTF tells that nothing of what the other loaded has types.
func (d *difference) theyHaveNoBTF() bool {
	s := d.theirOutcome().state
	typed := func(t thing) bool { return t.fact("BTF") == "true" }
	return s != nil && !slices.ContainsFunc(s.maps, typed) && !slices.ContainsFunc(s.programs, typed)
}

func (d *difference) objectHolds(text string) bool {
	raw, err := os.ReadFile(d.all.path)
	return err == nil && bytes.Contains(raw, []byte(text))
}

// objectHasWeakExtern tells of an object with a weak symbol that it does not define
// and whose name holds part.
func (d *difference) objectHasWeakExtern(part string) bool {
	f, err := elf.Open(d.all.path)
	if err != nil {
		return false
	}
	defer func() { _ = f.Close() }()
	symbols, err := f.Symbols()
	return err == nil && slices.ContainsFunc(symbols, func(s elf.Symbol) bool {
		return s.Section == elf.SHN_UNDEF && elf.ST_BIND(s.Info) == elf.STB_WEAK && strings.Contains(s.Name, part)
	})
}

// noKprobes tells of a kernel on which neither way to make a kprobe exists.
func noKprobes() bool {
	for _, path := range []string{"/sys/bus/event_source/devices/kprobe", "/sys/kernel/tracing/kprobe_events", "/sys/kernel/debug/tracing/kprobe_events"} {
		if _, err := os.Stat(path); err == nil {
			return false
		}
	}
	return true
}

// dataMap tells of maps that are named after a section.
func dataMap(name string) bool { return strings.HasPrefix(name, ".") }

func pool(name string) bool {
	return strings.HasPrefix(name, ".rodata.str") || strings.HasPrefix(name, ".rodata.cst")
}

// odd tells of names with characters that the kernel refuses.
func odd(name string) bool {
	return strings.ContainsFunc(name, func(r rune) bool {
		return r != '_' && r != '.' && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
	})
}

func number(s string) uint64 {
	n, _ := strconv.ParseUint(s, 10, 64)
	return n
}

func hexNumber(s string) uint64 {
	n, _ := strconv.ParseUint(s, 0, 64)
	return n
}

// wordDifference gives the words of a that b lacks, and those of b that a lacks.
func wordDifference(a, b string) (onlyA, onlyB []string) {
	wa, wb := strings.Fields(a), strings.Fields(b)
	for _, w := range wa {
		if !slices.Contains(wb, w) {
			onlyA = append(onlyA, w)
		}
	}
	for _, w := range wb {
		if !slices.Contains(wa, w) {
			onlyB = append(onlyB, w)
		}
	}
	return onlyA, onlyB
}
