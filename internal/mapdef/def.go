package mapdef

import "slices"

// Values of Def.Dialect for definitions that are not legacy ones. Legacy
// definitions carry the name of a row of legacymaps' table.
const (
	DialectBTF       = "btf"
	DialectData      = "data"
	DialectKconfig   = "kconfig"
	DialectStructOps = "struct_ops"
)

// Pinning says where a definition asks its map to be pinned.
type Pinning uint32

// The first two values are libbpf's LIBBPF_PIN_NONE and LIBBPF_PIN_BY_NAME. The
// others come from legacy dialects, which say the place in Def.PinPath.
const (
	PinNone Pinning = iota
	PinByName
	PinObject // iproute2 PIN_OBJECT_NS
	PinGlobal // iproute2 PIN_GLOBAL_NS, gobpf PIN_GLOBAL_NS
	PinCustom // a path, or a number that a table maps to one
)

var pinningNames = [...]string{"none", "by_name", "object", "global", "custom"}

func (p Pinning) String() string {
	if int(p) < len(pinningNames) {
		return pinningNames[p]
	}
	return "unknown"
}

// NoMap is the value of an index into a list of definitions that names none.
const NoMap = -1

// Def is one map definition, whatever it was written in. After the readers
// have made it, nothing asks where it came from except to print it.
type Def struct {
	// Name is the ELF symbol's name (for data sections see elfload), Aliases
	// are further symbols at the same place, in symbol table order.
	Name    string
	Aliases []string
	// Section, SectionIndex, Offset and Size are where the definition stands:
	// Offset and Size in bytes from the start of the section.
	Section      string
	SectionIndex int
	Offset, Size uint64
	// Static is true for a symbol with LOCAL binding or HIDDEN/INTERNAL visibility.
	Static bool
	// Dialect is one of the Dialect constants or a legacy dialect's name, and
	// Evidence says in words how it was found ("BTF member size_key", …).
	Dialect  string
	Evidence string

	// Type is enum bpf_map_type.
	Type uint32
	// Sizes in bytes, as they go to the kernel.
	KeySize, ValueSize uint32
	MaxEntries         uint32
	Flags              uint32 // BPF_F_*
	Extra              uint64 // map_extra
	NumaNode           uint32 // counts only with BPF_F_NUMA_NODE
	Pinning            Pinning
	// PinPath is the place that the definition itself names, relative to the
	// bpffs root, or absolute where the definition says an absolute one
	// (goebpf). Empty for none and by_name, and for the others where the place
	// is not known without the caller's help.
	PinPath string
	// FD is a map that the caller has already and gives instead of creating
	// one; 0 for none. It stays the caller's.
	FD int
	// KeyType and ValueType are BTF type ids as in the file, 0 when unknown.
	KeyType, ValueType uint32

	// Inner is the template of a map of maps that the definition spells out;
	// it is created before the outer map and closed afterwards.
	Inner *Def
	// InnerMap is the index of the definition whose map serves as template
	// instead (legacy dialects), NoMap when there is none. The index counts the
	// list that the reader returns; elfload shifts it to the object's list.
	InnerMap int

	// Internal is true for maps that no C variable defines: data sections, kconfig.
	Internal bool
	// Contents is the initial value of element 0 (Internal maps), nil for none
	// and for zero sections, whose length is ValueSize.
	Contents []byte
	// Frozen: BPF_MAP_FREEZE after filling.
	Frozen bool

	// Optional: the map is not created unless the caller asks for it by name
	// (a struct_ops section whose name begins with '?', spec R124).
	Optional bool
	// StructOps is what a struct_ops map holds, nil for others.
	StructOps *StructOps
	// DataSection is the index of the section whose variables live in this map
	// although SectionIndex is another one (arenas); 0 for none.
	DataSection int

	// Values is where the pointers of a `values` member begin, in bytes from the
	// start of the section; unknown when the definition has no such member.
	Values Offset
	// Slots are the static contents, ascending by Index.
	Slots []Slot

	// Tail keeps the bytes after the last known field where reading is relaxed
	// (spec L14), else nil.
	Tail []byte
	// Ext holds what a legacy dialect says beyond the fields above, in the
	// order of its layout, for display and for the dialect's own later steps.
	Ext []ExtField
}

// Legacy tells whether the definition is a legacy one, whose dialect had to be found out.
func (d *Def) Legacy() bool {
	switch d.Dialect {
	case DialectBTF, DialectData, DialectKconfig, DialectStructOps:
		return false
	}
	return true
}

// Named tells whether the definition goes by that name, as its own or as an alias.
func (d *Def) Named(name string) bool {
	return d.Name == name || slices.Contains(d.Aliases, name)
}

// ExtValue is the further field of that name; false where the definition has none.
func (d *Def) ExtValue(name string) (ExtField, bool) {
	for _, f := range d.Ext {
		if f.Name == name {
			return f, true
		}
	}
	return ExtField{}, false
}

// StructOps is the C variable behind a struct_ops map. Nothing in it changes
// after reading.
type StructOps struct {
	// Type is the id of its struct in the object's BTF, TypeName the struct's
	// name without a ___flavor: the name of the kernel's struct.
	Type     uint32
	TypeName string
	// Data is the variable's bytes, as many as its type has. Shared with the file.
	Data []byte
	// Programs are the members that programs are assigned to, ascending by Member.
	Programs []StructOpsProgram
}

// StructOpsProgram is one function pointer of a struct_ops variable: the member
// with that index in the object's struct, at Offset bytes from its start, is
// the program with that index.
type StructOpsProgram struct {
	Member  int
	Name    string // the member's
	Offset  uint64
	Program int
}

// ExtField is one further field of a legacy definition.
type ExtField struct {
	Name  string // canonical: "id", "inner_id", "inner_idx", "namespace", …
	Value uint64
	Text  string // for fields that are text
}

// TargetKind tells what a slot holds.
type TargetKind uint8

// The two things that a map can hold by descriptor.
const (
	TargetMap TargetKind = iota + 1
	TargetProgram
)

func (k TargetKind) String() string {
	switch k {
	case TargetMap:
		return "map"
	case TargetProgram:
		return "program"
	}
	return "nothing"
}

// Target names a map or program by its index in the object's list.
type Target struct {
	Kind  TargetKind
	Index int
}

// Slot is one element of a map of maps or program array.
type Slot struct {
	Index  uint32 // array index, or key, of the element
	Target Target
	// Offset is where the initialiser stands, in bytes from the section's
	// start; 0 when it came from elsewhere.
	Offset uint64
}

// Warning tells of something left out or changed on purpose.
type Warning struct {
	Code    string `json:"code"` // stable, lower case with underscores
	Message string `json:"message"`
	Map     string `json:"map,omitempty"`
	Program string `json:"program,omitempty"`
	Section string `json:"section,omitempty"`
	Offset  Offset `json:"offset,omitzero"`
}
