package elfload

import (
	"context"
	"errors"
	"fmt"
	"runtime"

	"github.com/bpfload/bpfload/internal/bpfsys"
	"github.com/bpfload/bpfload/internal/room"
	"github.com/bpfload/bpfload/internal/stack"
	"github.com/bpfload/bpfload/verifierlog"
)

// Load reads the object at path, plans it and carries the plan out: Open, Plan
// and Plan.Load in one. The caller closes the Collection.
func Load(ctx context.Context, path string, opts Options) (*Collection, error) {
	obj, err := ReadOptions{Dialect: opts.Dialect}.Open(path)
	if err != nil {
		return nil, err
	}
	plan, err := obj.Plan(opts)
	if err != nil {
		return nil, err
	}
	return plan.Load(ctx)
}

// Load carries the plan out. It is all or nothing: after an error no
// descriptor, pin or directory of this load is left, and older pins are as they
// were, and so are slots of program arrays that are used again. (Before Linux 5.16
// older pins are replaced last of all, one rename each; if one of several such
// renames fails, those before it have happened.) Cancelling ctx stops
// between two system calls. Loads may run at the same time, also of one Plan.
// The caller closes the Collection.
func (p *Plan) Load(ctx context.Context) (*Collection, error) {
	return p.load(ctx, host{})
}

// pinTries bounds how often a load starts anew because another loader made a
// pin that this one was about to make.
const pinTries = 3

func (p *Plan) load(ctx context.Context, k kernel) (*Collection, error) {
	stack.Grow()
	for try := 1; ; try++ {
		c, err := p.loadOnce(ctx, k)
		if err == nil || !errors.Is(err, errPinAppeared) || try == pinTries {
			return c, err
		}
	}
}

func (p *Plan) loadOnce(ctx context.Context, k kernel) (_ *Collection, err error) {
	if err := p.foreign(); err != nil {
		return nil, err
	}
	l := newLoader(ctx, p, k)
	defer l.unlockPins() // after undo, which the locks cover
	defer l.closeOlder()
	defer func() {
		if err != nil {
			l.explainFilter(err)
			err = l.undo(err)
		}
	}()
	l.noteForeign()
	if err := l.checkMemoryHere(); err != nil {
		return nil, err
	}
	defer l.closeToken()
	if err := l.openToken(); err != nil {
		return nil, err
	}
	if err := l.checkPins(); err != nil {
		return nil, err
	}
	if err := l.checkLinkPlaces(); err != nil {
		return nil, err
	}
	if err := l.takePassed(); err != nil {
		return nil, err
	}
	if err := l.lockPins(); err != nil {
		return nil, err
	}
	if err := l.checkPinMode(); err != nil {
		return nil, err
	}
	if err := l.run(); err != nil {
		return nil, err
	}
	c, err := l.collect()
	if err != nil {
		return nil, err
	}
	// Only now is replaced what is older and in use: nothing after it can fail.
	told := len(l.warnings)
	if err := l.commit(c); err != nil {
		return nil, joined([]error{err, c.abandon()})
	}
	c.Warnings = append(c.Warnings, l.warnings[told:]...)
	return c, nil
}

const noFD = -1

// loader is the state of one load: every descriptor and pin it has made so far.
type loader struct {
	plan *Plan
	k    kernel
	ctx  context.Context

	btf         int   // descriptor of the object's BTF, noFD for none
	btfErr      error // why privilege forbade it
	maps        []loadedMap
	progs       []loadedProgram
	links       []loadedLink
	pins        []string // made by this load, in order
	renames     []pinSwap
	changes     []change // made by commit, in order
	olderProgs  []int    // descriptors of what slots held
	locks       []int    // descriptors of locked pin directories
	dirs        []string // made by this load, in order
	warnings    []Warning
	kernelTypes *kernelTypes
	ops         structOpsState
	token       loadToken
	attr        bpfsys.MapAttr // of the map that is being created
	room        workRoom       // of the first worker
	externState
}

// Most objects have no more maps and programs than these: their tables stand in one
// allocation with what holds them, and a process that loads one object touches less
// memory for the first time (bench/NOTES.md).
const (
	fewMaps     = 4
	fewPrograms = 4
)

// loaderRoom is a loader with the tables of a small object.
type loaderRoom struct {
	loader
	types kernelTypes
	maps  [fewMaps]loadedMap
	progs [fewPrograms]loadedProgram
}

// collectionRoom is the same for a Collection.
type collectionRoom struct {
	Collection
	maps  [fewMaps]MapData
	progs [fewPrograms]LoadedProgram
}

type loadedMap struct {
	fd         int
	err        error // with Options.KeepGoing
	maxEntries uint32
	withBTF    bool
	reused     bool
	passed     bool   // reused, from Options.Passed, and to be pinned if that is asked for
	stored     bool   // from Options.Passed
	memory     []byte // an arena's, in this process
	// old is the incompatible map that is at the pin, or was passed, and is to be
	// replaced, nil for none; migration is how its entries are taken over, nil for not at all.
	old       *pinned
	migration *migration
	oldPassed bool   // from Options.Passed
	oldPinned bool   // at the pin
	copied    uint64 // entries
	olderCode uint32 // the types of the older programs in a program array's slots
}

type loadedProgram struct {
	fd  int
	log string
	err error
}

func newLoader(ctx context.Context, p *Plan, k kernel) *loader {
	r := &loaderRoom{}
	l := &r.loader
	*l = loader{plan: p, k: k, ctx: ctx, btf: noFD, kernelTypes: &r.types, links: newLoadedLinks(p),
		maps: room.For(r.maps[:], len(p.Maps)), progs: room.For(r.progs[:], len(p.Programs))}
	l.kernelTypes.begin(p, k)
	for i := range l.maps {
		l.maps[i].fd = noFD
	}
	for i := range l.progs {
		l.progs[i].fd = noFD
	}
	return l
}

func (l *loader) warn(w Warning) { l.warnings = append(l.warnings, w) }

// run carries out the steps in order. Neighbouring program loads run together.
func (l *loader) run() error {
	steps := l.plan.Steps
	for i := 0; i < len(steps); {
		if err := l.ctx.Err(); err != nil {
			return &Error{Kind: context.Cause(l.ctx), Stage: stageOf(steps[i].Op), Code: "cancelled", Err: context.Cause(l.ctx)}
		}
		n := 1
		if steps[i].Op == OpLoadProgram {
			for i+n < len(steps) && steps[i+n].Op == OpLoadProgram {
				n++
			}
		}
		if !l.pointless(steps[i]) {
			if err := l.keepMap(steps[i], l.do(steps[i:i+n])); err != nil {
				return err
			}
		}
		i += n
	}
	l.kernelTypes.finish()
	l.noteBTF()
	return nil
}

func (l *loader) do(steps []Step) error {
	s := steps[0]
	switch s.Op {
	case OpLoadBTF:
		return l.loadBTF()
	case OpUseMap:
		return l.use(s.Map)
	case OpCreateMap:
		return l.createOrReuse(s.Map)
	case OpFillMap:
		return l.fill(s.Map)
	case OpMapArena:
		return l.mapArena(s.Map)
	case OpFreezeMap:
		return l.freeze(s.Map)
	case OpSetMapSlot:
		return l.setSlot(s, l.maps[s.Target].fd, l.plan.Maps[s.Target].Name)
	case OpLoadProgram:
		return l.loadPrograms(steps)
	case OpSetProgramSlot:
		return l.setSlot(s, l.progs[s.Target].fd, l.plan.Programs[s.Target].Name)
	case OpMigrateMap:
		return l.migrate(s.Map)
	case OpPinMap:
		return l.pinMap(s.Map)
	case OpPinProgram:
		return l.pinProgram(s.Program)
	case OpAttach:
		return l.makeLink(s.Link)
	case OpPinLink:
		return l.pinLink(s.Link)
	case OpSwapPins, OpSwapMapSlot, OpSwapProgramSlot, OpClearSlots:
		return nil // commit does
	}
	return fmt.Errorf("unknown step %v", s.Op)
}

func stageOf(op Op) Stage {
	switch op {
	case OpFillMap, OpSetMapSlot, OpSetProgramSlot, OpMigrateMap, OpSwapMapSlot, OpSwapProgramSlot, OpClearSlots:
		return StageValue
	case OpLoadProgram:
		return StageProgram
	case OpPinMap, OpPinProgram, OpSwapPins:
		return StagePin
	case OpAttach, OpPinLink:
		return StageAttach
	}
	return StageMap
}

// jobs is how many programs are verified at once.
func (l *loader) jobs() int {
	if n := l.plan.opts.Jobs; n > 0 {
		return n
	}
	return runtime.NumCPU()
}

// trace tells Options.Trace of one event.
func (l *loader) trace(format string, args ...any) {
	if f := l.plan.opts.Trace; f != nil {
		f(fmt.Sprintf(format, args...))
	}
}

// collect hands the descriptors over. From here on the Collection owns them.
func (l *loader) collect() (*Collection, error) {
	r := &collectionRoom{}
	c := &r.Collection
	*c = Collection{Plan: l.plan, kernel: l.k, MapData: room.For(r.maps[:], len(l.maps)), Programs: room.For(r.progs[:], len(l.progs))}
	l.collectLinks(c)
	for i := range l.maps {
		if err := l.collectMap(c, i); err != nil {
			return nil, joined([]error{err, c.abandon()})
		}
	}
	for i := range l.progs {
		if err := l.collectProgram(c, i); err != nil {
			return nil, joined([]error{err, c.abandon()})
		}
	}
	if l.btf != noFD {
		// Maps and programs hold the types; nobody needs the descriptor any more.
		if err := l.k.Close(l.btf); err != nil {
			l.warn(Warning{Code: "close", Message: err.Error()})
		}
		l.btf = noFD
	}
	if err := l.kernelTypes.closeModules(); err != nil {
		l.warn(Warning{Code: "close", Message: err.Error()})
	}
	c.structOps = l.ops.images
	c.Warnings = append(append(c.Warnings, l.plan.Warnings...), l.warnings...)
	return c, nil
}

func (l *loader) collectMap(c *Collection, i int) error {
	m, def := &l.maps[i], &l.plan.Maps[i]
	if m.fd == noFD {
		c.MapData[i] = MapData{Index: i, Name: def.Name, FD: noFD, Def: def, Err: firstError(def.Err, m.err)}
		return nil
	}
	info, err := l.k.MapInfo(m.fd)
	if err != nil {
		return loadError(StageMap, "map_info", &def.MapDef, err)
	}
	fd := m.fd
	m.fd = noFD // the call below takes it over, also when it fails
	em, err := l.k.Map(fd)
	if err != nil {
		return loadError(StageMap, "map_info", &def.MapDef, err)
	}
	c.MapData[i] = MapData{Index: i, Name: def.Name, FD: fd, ID: info.ID, Def: def, Map: em,
		MaxEntries: m.maxEntries, ValueSize: info.ValueSize, Replaced: l.replaced(i), BTF: m.withBTF, Reused: m.reused, Passed: m.stored, Memory: m.memory, Err: m.err}
	m.memory = nil // the Collection's now
	return nil
}

func (l *loader) collectProgram(c *Collection, i int) error {
	p, def := &l.progs[i], &l.plan.Programs[i]
	c.Programs[i] = LoadedProgram{Index: i, Name: def.Name, FD: noFD, Def: def, AttachType: l.attachType(def), Log: p.log, Err: firstError(def.Err, p.err)}
	if p.log != "" {
		if stats, ok := verifierlog.ReadStats(p.log); ok {
			c.Programs[i].Stats = stats
		}
	}
	if p.fd == noFD {
		return nil
	}
	info, err := l.k.ProgInfo(p.fd)
	if err != nil {
		return programError(def, "program_info", err)
	}
	fd := p.fd
	p.fd = noFD
	ep, err := l.k.Program(fd)
	if err != nil {
		return programError(def, "program_info", err)
	}
	out := &c.Programs[i]
	out.FD, out.ID, out.VerifiedInsns, out.Program = fd, info.ID, info.VerifiedInsns, ep
	return nil
}
