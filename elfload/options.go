package elfload

import (
	"github.com/cilium/ebpf/btf"
)

// Options say how an object is to be loaded. The zero value loads everything
// that the object asks for and pins only what it asks to have pinned by name.
type Options struct {
	// Dialect is the legacy bpf_map_def layout by name; "" or "auto" means to
	// find out, and to fail where that is ambiguous.
	Dialect string
	// PinPath is a directory on bpffs under which every map is pinned as
	// maps/NAME and every program as progs/NAME; "" pins neither.
	PinPath string
	// BPFFS is the root for maps whose definition asks for pinning by name;
	// "" means /sys/fs/bpf.
	BPFFS string
	// PinMode says what to do about pins that are there; "" means PinReuse.
	PinMode PinMode
	// OnMismatch says what to do about pinned maps that are not compatible; ""
	// means MismatchFail. OnMismatchOf says it for single maps, the last for a map
	// counts.
	OnMismatch   Mismatch
	OnMismatchOf []MapMismatch
	// Progress is told, about ten times a second and at its end, how far the
	// copying of a map's entries has come (MismatchMigrate); nil means nobody.
	Progress func(Progress)
	// PinAccess says who may use the pins that are made; zero means the owner.
	PinAccess PinAccess
	// MapsOnly creates and fills maps and loads no program; slots of program
	// arrays stay empty, which is a warning.
	MapsOnly bool
	// Vars set global variables before loading, in order.
	Vars []Var
	// Maps override single fields of definitions, in order.
	Maps []MapOverride
	// Types give programs a type that their section name does not give.
	Types []ProgramType
	// Autoload names optional programs and struct_ops maps (SEC("?…")) that are to
	// be loaded and created too.
	Autoload []string
	// AttachProgs name the programs that programs attach to, in order.
	AttachProgs []AttachProg
	// Devices tie programs and maps to network devices, in order.
	Devices []Device
	// Attach says which programs are attached, and where.
	Attach AttachOptions
	// Passed are descriptors that this process was started with (PassedMaps). The
	// load takes maps from those that have their names, once they have proved to be
	// compatible, and leaves the descriptors themselves to the caller.
	Passed []PassedMap
	// Inner gives templates to maps of maps that have none, in order.
	Inner []InnerMap
	// Kconfig is the text of a kernel configuration that is asked before the
	// running kernel's; nil for none. It must not change afterwards.
	Kconfig []byte
	// KernelTypes are the types that CO-RE relocates against instead of the
	// running kernel's; nil means the running kernel's.
	KernelTypes *btf.Spec
	// Cache shares decoded kernel types between loads; nil means none is shared.
	Cache *btf.Cache
	// Jobs is how many programs are verified at once at most; 0 means the number of
	// CPUs. Small ones are verified one after the other, which takes no longer.
	Jobs int
	// VerifierLog asks for the verifier's log of every program, not only of
	// those that are refused: LoadedProgram.Log.
	VerifierLog bool
	// VerifierStats asks for the verifier's statistics: LoadedProgram.Stats.
	VerifierStats bool
	// KeepGoing has a plan or load go on when single maps or programs fail, and
	// keeps the errors where the results stand: PlannedMap.Err,
	// PlannedProgram.Err, MapData.Err, LoadedProgram.Err.
	KeepGoing bool
	// TypeCache shares the running kernel's types between loads, as Cache does,
	// which it stands in for where that is nil; nil means nothing is shared.
	TypeCache *TypeCache
	// Trace is told of each system call's outcome, in order where they are in
	// order; it may be called from several goroutines. nil means nobody.
	Trace func(event string)
	// Fixup is called for each map, in definition order, before the plan is
	// made; it may change the definition, or set its FD to a map that the caller
	// has already. An error ends the planning.
	Fixup func(*MapDef) error
	// DialectPins pins legacy maps where their dialect says (MapDef.PinPath),
	// below BPFFS. Without it such requests are warnings.
	DialectPins bool
	// Gates leaves out maps whose definition's version gates do not let this
	// host have them, and programs that need those; nil opens every gate.
	Gates *GateHost
	// MaxMemory refuses, before the first system call, a load whose maps would
	// take more bytes of kernel memory than that by Plan.Memory; 0 is no limit.
	MaxMemory uint64
	// TokenPath is the root of a bpffs that delegates to the process's user
	// namespace: BPF objects are made with a token of it (Linux 6.9). "" means that
	// in a user namespace one of BPFFS is used if there is one, NoToken none.
	TokenPath string
	// PageSize in bytes is what ring buffers are rounded to; 0 means the host's.
	PageSize int
}

// Var sets one global variable, or a part of it that Name goes on to name as in
// C ("config.limits[2]"). Value is text by the BTF type: an integer, true or false,
// an enumerator, a string, {…} for arrays and structs, or hex:… for anything.
type Var struct{ Name, Value string }

// MapOverride sets one field of one map: max_entries, map_flags, value_size,
// key_size, numa_node, map_extra, or pin (none, by_name).
type MapOverride struct{ Map, Field, Value string }

// ProgramType gives a program its type: a name as in "xdp" or "sched_cls", or a
// section name as in "fentry/tcp_connect". Program "*" means every program
// that has no type otherwise.
type ProgramType struct{ Program, Type string }

// InnerMap says that the map of maps Outer takes the map Inner as template.
type InnerMap struct{ Outer, Inner string }

// ReadOptions say how a file is to be read.
type ReadOptions struct {
	// Dialect as in Options.
	Dialect string
	// Legacy says more of how legacy definitions are read: pin tables, inner
	// templates by number. Dialect and Relaxed here count before its own.
	Legacy LegacyOptions
	// Relaxed keeps unknown non-zero bytes of legacy definitions in MapDef.Tail
	// instead of refusing them.
	Relaxed bool
	// Name is what the object is called; data maps are named after it. "" means
	// the file's name, or "object" for one that has none.
	Name string
}
