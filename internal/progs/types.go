package progs

import (
	"encoding/binary"

	"github.com/bpfload/bpfload/internal/mapdef"
)

// InsnSize is the size in bytes of an instruction slot; ld_imm64 takes two slots.
const InsnSize = 8

// Sizes in bytes of the records in Code.FuncInfo and Code.LineInfo, which are
// what BPF_PROG_LOAD wants as func_info_rec_size and line_info_rec_size.
const (
	FuncInfoSize = 8
	LineInfoSize = 16
)

// Program is one entry program: a function that is loaded for itself.
type Program struct {
	// Name is the function symbol's, or the section's where it has no symbols
	// (spec L37). Aliases are further symbols at the same place, in symbol table order.
	Name    string
	Aliases []string
	// Section is the name as in the file, with its '?' if it has one.
	Section      string
	SectionIndex int
	// Offset and Size are in bytes, Offset from the start of the section.
	Offset, Size uint64
	// Symbol indexes File.Symbols; 0 when the section has no symbol for it.
	Symbol int
	// Autoload is false for SEC("?…").
	Autoload bool
	// SectionType is what the section name says; its Type is 0 when it says nothing.
	SectionType

	fn int // index into Set.funcs
}

// Text tells whether the program is a function of .text, which is one only where
// the object has nothing else to load.
func (p *Program) Text() bool { return isText(p.Section) }

// AttachBTF says which kernel type an attach target is looked up as.
type AttachBTF uint8

// How AttachTo is to be found in BTF. With a prefix the type's name is the
// prefix followed by AttachTo.
const (
	NoAttachBTF     AttachBTF = iota
	AttachFunc                // FUNC AttachTo, in the kernel or a module: fentry, fexit, fmod_ret
	AttachRawTP               // TYPEDEF btf_trace_*: tp_btf
	AttachLSMHook             // FUNC bpf_lsm_*: lsm, lsm_cgroup
	AttachIter                // FUNC bpf_iter_*: iter
	AttachExtension           // FUNC AttachTo of another BPF program: freplace
	AttachMulti               // no type, but functions named by a pattern when it is attached: fentry.multi
)

// Prefix is what stands before AttachTo in the name of the BTF type.
func (a AttachBTF) Prefix() string {
	switch a {
	case AttachRawTP:
		return "btf_trace_"
	case AttachLSMHook:
		return "bpf_lsm_"
	case AttachIter:
		return "bpf_iter_"
	}
	return ""
}

// Program load flags that a section name or the caller can ask for (enum in linux/bpf.h).
const (
	FlagSleepable    = 1 << 4 // BPF_F_SLEEPABLE
	FlagXDPHasFrags  = 1 << 5 // BPF_F_XDP_HAS_FRAGS
	FlagXDPDevBound  = 1 << 6 // BPF_F_XDP_DEV_BOUND_ONLY
	sectionAutoload  = '?'
	textSection      = ".text"
	kernelInsnsLimit = 1000000 // BPF_COMPLEXITY_LIMIT_INSNS: no program may be longer
)

// SectionType is what a section name says of the programs in it.
type SectionType struct {
	// Type is enum bpf_prog_type, AttachType enum bpf_attach_type. AttachType
	// counts only if HasAttachType (0 is BPF_CGROUP_INET_INGRESS);
	// AttachTypeOptional: kernels that do not know the attach type load the
	// program without it.
	Type               uint32
	AttachType         uint32
	HasAttachType      bool
	AttachTypeOptional bool
	// AttachTo is the text after the slash: "sys_openat" of "kprobe/sys_openat".
	AttachTo  string
	AttachBTF AttachBTF
	// Flags are BPF_F_* of BPF_PROG_LOAD.
	Flags uint32
	// Legacy is true for names that libbpf refuses since 1.0 ("socket1").
	Legacy bool
	// Name is the name in libbpf's table that matched: "kprobe" of
	// "kprobe/sys_openat"; "" for a type that was given by its own name and has none.
	Name string
}

// Refs answers where maps are; the caller numbers them.
type Refs interface {
	// MapAt is the map definition that begins exactly off bytes into a section.
	MapAt(section int, off uint64) (index int, ok bool)
	// DataMap is the map that holds a whole data section.
	DataMap(section int) (index int, ok bool)
}

// MapRef is one ld_imm64 that takes a map.
type MapRef struct {
	// Insn is the instruction's slot in Code.Insns, Map the index that Refs gave.
	Insn int
	Map  int
	// Value: the address of the map's value plus Offset bytes (BPF_PSEUDO_MAP_VALUE)
	// instead of the map itself.
	Value  bool
	Offset uint32
}

// CoreRelo is one CO-RE relocation (struct bpf_core_relo).
type CoreRelo struct {
	Insn   int    // slot in Code.Insns
	TypeID uint32 // BTF type id as in the file
	Access string // "0:1:2"
	Kind   uint32 // BPF_CORE_*
	rank   int    // in the object's list of all of them
}

// ExternKind tells how an instruction uses an undefined symbol.
type ExternKind uint8

// Uses of an extern.
const (
	ExternCall ExternKind = iota + 1 // call of a kernel function
	ExternAddr                       // ld_imm64 of a kernel symbol or kconfig option
)

// ExternRef is one instruction that refers to an undefined symbol. Its
// immediate is as in the file until the caller has filled it in.
type ExternRef struct {
	Insn   int // slot in Code.Insns
	Name   string
	Symbol int // index into File.Symbols
	Kind   ExternKind
	Weak   bool
	// Datasec is ".ksyms" or ".kconfig" where BTF tells, else ""; TypeID is the
	// VAR or FUNC in it, 0 where BTF does not tell.
	Datasec string
	TypeID  uint32
}

// Part is one function in linked code.
type Part struct {
	FirstInsn, Insns int // slots
	Name             string
	Section          string
	SectionIndex     int
	Offset           uint64 // bytes from the start of the section
}

// Code is a linked program: the function and all that it needs, every
// reference resolved but those that only the kernel or the caller can.
type Code struct {
	Order binary.ByteOrder
	// Insns are raw instructions in the file's byte order. References in Maps,
	// Externs, JumpTables and Core are not yet filled in.
	Insns []byte
	Maps  []MapRef
	// FuncInfo and LineInfo are kernel records of FuncInfoSize and LineInfoSize
	// bytes, in the file's byte order, insn_off in slots; nil when there are
	// none. Type ids and string offsets are those of the file's BTF.
	FuncInfo, LineInfo []byte
	Core               []CoreRelo
	Externs            []ExternRef
	// JumpTables in the order of the first instruction that takes each.
	JumpTables []JumpTable
	// Parts in order of FirstInsn; they cover Insns.
	Parts    []Part
	Warnings []mapdef.Warning

	file *mapdef.File
}

// Len is the number of instruction slots.
func (c *Code) Len() int { return len(c.Insns) / InsnSize }
