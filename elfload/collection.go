package elfload

import (
	"errors"

	"github.com/cilium/ebpf"

	"github.com/bpfload/bpfload/verifierlog"
)

// MapData is one row of the map_data table: a map of the object and its
// descriptor. The descriptor belongs to the Collection.
type MapData struct {
	// Index is the map's place in definition order, and in the table.
	Index int
	// Name is the definition's name, which the kernel may have cut.
	Name string
	// FD is open until the Collection is closed, and close-on-exec. It is
	// never below 3, or -1 for a map that was not created (PlannedMap.Create).
	FD int
	// ID is the kernel's id of the map.
	ID uint32
	// Def is the definition as it reached the kernel.
	Def *PlannedMap
	// Map is the same descriptor for use with cilium/ebpf.
	Map *ebpf.Map
	// MaxEntries as created: the definition's, or the number of CPUs.
	MaxEntries uint32
	// ValueSize as created: the definition's but for struct_ops maps, whose value
	// is the kernel's struct.
	ValueSize uint32
	// Memory is an arena's memory in this process until the Collection is closed,
	// nil for other maps and for an arena that was there already.
	Memory []byte
	// BTF tells whether the map was created with the definition's types.
	BTF bool
	// Reused: the map was there already, under PinPath or in Options.Passed.
	Reused bool
	// Passed: it was in Options.Passed.
	Passed bool
	// Replaced is the pinned map whose place this one has taken; nil for none.
	Replaced *ReplacedMap
	// Err is why the map was not created, or not as it should be, with
	// Options.KeepGoing.
	Err error

	kept bool // by the service manager
}

// LoadedProgram is one program of the object in the kernel.
type LoadedProgram struct {
	Index int
	Name  string
	// FD is open until the Collection is closed; -1 for a program that was not
	// loaded (optional, or Options.MapsOnly).
	FD int
	// ID is the kernel's id, VerifiedInsns what the verifier walked through
	// (0 where the kernel does not say).
	ID            uint32
	VerifiedInsns uint32
	Def           *PlannedProgram
	// AttachType is the expected attach type that the kernel was told: Def's, or
	// the number of the member of a struct_ops program.
	AttachType uint32
	// Program is the same descriptor for use with cilium/ebpf, nil when not loaded.
	Program *ebpf.Program
	// Log is the verifier's log, with Options.VerifierLog.
	Log string
	// Stats is what the verifier says about its work, with Options.VerifierStats or
	// VerifierLog; nil where it said nothing.
	Stats *verifierlog.Stats
	// Err is why the program was not loaded, with Options.KeepGoing.
	Err error
}

// Collection is a loaded object. It keeps every map open: a program array
// empties itself when its last descriptor or pin goes away, even while programs
// use it (L25).
type Collection struct {
	// MapData in definition order: MapData[i] is Object.Maps[i].
	MapData []MapData
	// Programs in the order of Object.Programs.
	Programs []LoadedProgram
	// Links are what Options.Attach had attached, in the order of Plan.Links.
	Links []Link
	// Warnings of reading, planning and loading.
	Warnings []Warning
	// Plan is what was carried out.
	Plan *Plan

	kernel    kernel
	structOps map[int]*structImage // by map; asked, never walked
	closed    bool
}

// Map is the map of that name or alias, nil if there is none. It belongs to the
// Collection; Clone it to keep it longer.
func (c *Collection) Map(name string) *ebpf.Map {
	if d := c.Data(name); d != nil {
		return d.Map
	}
	return nil
}

// Data is the row of the map of that name or alias, nil if there is none.
func (c *Collection) Data(name string) *MapData {
	i, ok := c.Plan.Object.MapIndex(name)
	if !ok || i >= len(c.MapData) {
		return nil
	}
	return &c.MapData[i]
}

// Program is the program of that name, nil if there is none or it was not
// loaded. It belongs to the Collection.
func (c *Collection) Program(name string) *ebpf.Program {
	i, ok := c.Plan.Object.ProgramIndex(name)
	if !ok || i >= len(c.Programs) {
		return nil
	}
	return c.Programs[i].Program
}

// Close releases every descriptor: links first, which detaches those that are not
// pinned, then programs and maps. Pins stay. A second call does nothing.
func (c *Collection) Close() error {
	if c.closed {
		return nil
	}
	c.closed = true
	var errs []error
	for i := len(c.Links) - 1; i >= 0; i-- {
		errs = append(errs, c.closeLink(&c.Links[i]))
	}
	for i := len(c.Programs) - 1; i >= 0; i-- {
		errs = append(errs, c.release(c.Programs[i].FD, c.Programs[i].Program != nil, c.Programs[i].Program.Close))
	}
	for i := len(c.MapData) - 1; i >= 0; i-- {
		if m := &c.MapData[i]; m.Memory != nil {
			errs = append(errs, c.kernel.UnmapMemory(m.Memory))
			m.Memory = nil
		}
		errs = append(errs, c.release(c.MapData[i].FD, c.MapData[i].Map != nil, c.MapData[i].Map.Close))
	}
	return errors.Join(errs...)
}

// release closes one descriptor through the object that owns it.
func (c *Collection) release(fd int, owned bool, closeOwner func() error) error {
	switch {
	case owned:
		return closeOwner()
	case fd > 2: // never 0, the value of a row that was not reached
		return c.kernel.Close(fd)
	}
	return nil
}
