package elfload

import (
	"cmp"
	"fmt"
	"slices"
	"sort"

	"github.com/bpfload/bpfload/internal/mapdef"
	"github.com/bpfload/bpfload/internal/progs"
	"github.com/bpfload/bpfload/internal/room"
)

// planPrograms gives every program its type, decides which are loaded, and
// links those.
func (p *Plan) planPrograms() error {
	o := p.Object
	p.Programs = room.For(p.room.programs[:], len(o.Programs))
	for i := range o.Programs {
		pr := &p.Programs[i]
		pr.ProgramDef = o.Programs[i]
		pr.KernelName = kernelName(pr.Name)
		pr.Load = pr.Autoload && !p.opts.MapsOnly
	}
	if err := p.setTypes(); err != nil {
		return err
	}
	p.inheritTypes()
	if err := p.defaultTypes(); err != nil {
		return err
	}
	p.assumeTypes()
	p.leaveText()
	for _, step := range []func() error{p.setAutoload, p.planAttachProgs, p.planDevices, p.planStructOps} {
		if err := step(); err != nil {
			return err
		}
	}
	linker := o.progs.NewLinker(newMapIndex(p.Maps))
	for i := range p.Programs {
		if p.Programs[i].Load {
			if err := p.keepProgram(&p.Programs[i], p.link(i, linker)); err != nil {
				return err
			}
		}
	}
	p.gatePrograms()
	return nil
}

// setTypes applies Options.Types.
func (p *Plan) setTypes() error {
	for _, t := range p.opts.Types {
		if t.Program == everyProgram {
			continue
		}
		i, ok := p.Object.ProgramIndex(t.Program)
		if !ok {
			return p.noProgram(t.Program)
		}
		st, err := t.sectionType()
		if err != nil {
			return err
		}
		p.Programs[i].SectionType = st
	}
	return nil
}

// everyProgram in ProgramType.Program means all programs without a type.
const everyProgram = "*"

// defaultTypes gives programs that have no type by now the one for "*".
func (p *Plan) defaultTypes() error {
	for _, t := range p.opts.Types {
		if t.Program != everyProgram {
			continue
		}
		st, err := t.sectionType()
		if err != nil {
			return err
		}
		for i := range p.Programs {
			if p.Programs[i].Type == 0 {
				p.Programs[i].SectionType = st
			}
		}
	}
	return nil
}

// leaveText leaves out functions of .text that nobody gave a type: an object that
// has nothing else is a library, or there for its types. libbpf and cilium/ebpf
// load such objects as well.
func (p *Plan) leaveText() {
	for i := range p.Programs {
		pr := &p.Programs[i]
		if pr.Type != 0 || !pr.Text() || !pr.Load {
			continue
		}
		pr.Load = false
		p.warn(Warning{Code: "text_program", Program: pr.Name, Section: pr.Section, Offset: mapdef.At(pr.Offset),
			Message: "functions of .text are loaded for themselves only with a type: --type " + pr.Name + "=TYPE"})
	}
}

func (t ProgramType) sectionType() (progs.SectionType, error) {
	st, ok := progs.TypeByName(t.Type)
	if !ok {
		return st, &Error{Stage: StagePlan, Kind: ErrUsage, Code: "program_type", Symbol: t.Program,
			Err:  fmt.Errorf("%q is no program type", t.Type),
			Hint: "give a type such as xdp, sched_cls or kprobe, or a section name such as fentry/tcp_connect"}
	}
	return st, nil
}

func (p *Plan) setAutoload() error {
	for _, name := range p.opts.Autoload {
		i, ok := p.Object.ProgramIndex(name)
		if ok {
			p.Programs[i].Load = !p.opts.MapsOnly
		}
		if !p.createOptional(name) && !ok {
			return p.noProgram(name)
		}
	}
	return nil
}

func (p *Plan) noProgram(name string) error {
	var names []string
	for i := range p.Programs {
		names = append(names, p.Programs[i].Name)
	}
	hint := "the object has no programs"
	if len(names) > 0 {
		hint = "the object has " + listSome(names, 12)
	}
	return &Error{Stage: StagePlan, Kind: ErrUsage, Code: "program_unknown", Symbol: name, Err: fmt.Errorf("no program has this name"), Hint: hint}
}

func (p *Plan) link(i int, linker *progs.Linker) error {
	pr := &p.Programs[i]
	fail := func(code string, err error, hint string) error {
		return &Error{Stage: StagePlan, Code: code, Section: pr.Section, Symbol: pr.Name, Offset: mapdef.At(pr.Offset), Err: err, Hint: hint}
	}
	if pr.Type == 0 {
		return fail("program_type", fmt.Errorf("the section name gives the program no type"),
			"name the type with --type "+pr.Name+"=TYPE, or with --type '*=TYPE' that of all programs without one")
	}
	code, err := linker.Link(i)
	if err != nil {
		return err
	}
	p.planConstants(pr, code)
	if err := p.Object.inlineVariables(code, func(m int) *MapDef { return &p.Maps[m].MapDef }); err != nil {
		return err
	}
	if err := p.planExterns(code); err != nil {
		return err
	}
	if p.linked += codeSize(code); p.linked > p.Object.maxLinked() {
		return fail("linked_size", fmt.Errorf("the programs up to this one, each with its functions, take more than %d bytes of linked code, more than an object of %d bytes is given",
			p.Object.maxLinked(), p.Object.image.Size()), "load fewer programs at once: make some optional, SEC(\"?…\")")
	}
	pr.code = code
	p.Warnings = append(p.Warnings, code.Warnings...)
	pr.MapRefs = mapsUsed(code)
	return nil
}

// maxLinked bounds the bytes of all linked programs of an object: many programs
// that share large functions would otherwise take thousands of times the file.
func (o *Object) maxLinked() uint64 { return 32<<20 + 4*o.image.Size() }

// codeSize is what a linked program takes, in bytes.
func codeSize(c *progs.Code) uint64 {
	return uint64(len(c.Insns)+len(c.FuncInfo)+len(c.LineInfo)) + 64*uint64(len(c.Core)+len(c.Maps)+len(c.Parts)+len(c.Externs)) + tableSize(c)
}

// mapIndex answers where maps are by place, not by name, so that aliases,
// statics and several sections of one name all work.
type mapIndex []placedMap // by place; of several maps at one place the last one counts

// placedMap is where a map stands. The map of a data section stands at wholeSection.
type placedMap struct {
	section int
	offset  uint64
	index   int
}

const wholeSection = 1<<64 - 1

func newMapIndex(maps []PlannedMap) mapIndex {
	if len(maps) == 0 {
		return nil
	}
	x := make(mapIndex, 0, len(maps))
	for i := range maps {
		if m := &maps[i]; m.Dialect == mapdef.DialectData {
			x = append(x, placedMap{m.SectionIndex, wholeSection, i})
		} else if !m.Internal && m.StructOps == nil {
			if m.DataSection != 0 {
				x = append(x, placedMap{m.DataSection, wholeSection, i})
			}
			x = append(x, placedMap{m.SectionIndex, m.Offset, i})
		}
	}
	slices.SortStableFunc(x, func(a, b placedMap) int {
		return cmp.Or(cmp.Compare(a.section, b.section), cmp.Compare(a.offset, b.offset))
	})
	return x
}

// MapAt is the definition that begins exactly there.
func (x mapIndex) MapAt(section int, off uint64) (int, bool) {
	if off == wholeSection { // an offset of -1, where no definition can begin
		return 0, false
	}
	return x.find(section, off)
}

// DataMap is the map of a data section.
func (x mapIndex) DataMap(section int) (int, bool) { return x.find(section, wholeSection) }

func (x mapIndex) find(section int, off uint64) (int, bool) {
	behind := sort.Search(len(x), func(i int) bool {
		return x[i].section > section || x[i].section == section && x[i].offset > off
	})
	if behind == 0 || x[behind-1].section != section || x[behind-1].offset != off {
		return 0, false
	}
	return x[behind-1].index, true
}

// Instructions is the length of the linked program in 8-byte instructions, 0
// when it is not loaded.
func (p *PlannedProgram) Instructions() int {
	if p.code == nil {
		return 0
	}
	return p.code.Len()
}
