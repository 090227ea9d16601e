package elfload

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/bpfload/bpfload/internal/bpfsys"
	"github.com/bpfload/bpfload/internal/mapdef"
	"github.com/bpfload/bpfload/internal/progs"
	"github.com/bpfload/bpfload/verifierlog"
)

// Document describes what the object holds. Programs are linked for it; one
// that cannot be is described by its own function alone, with a warning.
func (o *Object) Document() *Document {
	d := o.document(o.Warnings, func(i int) []byte { return o.Maps[i].Contents })
	d.Memory = o.Memory()
	maps := make([]PlannedMap, len(o.Maps))
	for i := range o.Maps {
		maps[i] = PlannedMap{MapDef: o.Maps[i]}
		d.Maps = append(d.Maps, o.mapDocument(i, &o.Maps[i], o.Maps))
	}
	look := lookingInto{object: o, linker: o.progs.NewLinker(newMapIndex(maps))}
	for i := range o.Programs {
		p, err := look.program(i, PlannedProgram{ProgramDef: o.Programs[i]})
		if err != nil {
			d.Warnings = append(d.Warnings, warningOf(err, p.Name))
		}
		d.Programs = append(d.Programs, programDocument(i, &p, d.Maps))
	}
	return d
}

// lookingInto links programs only to tell of them.
type lookingInto struct {
	object *Object
	linker *progs.Linker
	linked uint64 // bytes so far
}

// program is p with its code and maps. After an error, and beyond what an object
// is given (which is one error), it is p as it was.
func (l *lookingInto) program(i int, p PlannedProgram) (PlannedProgram, error) {
	o := l.object
	if l.linked > o.maxLinked() {
		return p, nil
	}
	code, err := l.linker.Link(i)
	if err == nil {
		err = o.linkKconfig(code)
	}
	if err == nil {
		err = o.inlineVariables(code, func(m int) *MapDef { return &o.Maps[m] })
	}
	if err != nil {
		return p, err
	}
	if l.linked += codeSize(code); l.linked > o.maxLinked() {
		return p, &Error{Stage: StagePlan, Code: "linked_size", Symbol: p.Name, Section: p.Section,
			Err: fmt.Errorf("the programs from here on are not looked into: with their functions they take more than %d bytes", o.maxLinked())}
	}
	p.code, p.MapRefs = code, mapsUsed(code)
	return p, nil
}

// document is what objects, plans and collections have in common; contents are
// those of a data map.
func (o *Object) document(warns []Warning, contents func(m int) []byte) *Document {
	d := NewDocument(o.Path)
	d.Object.ByteOrder = o.ByteOrder()
	d.Object.License = Text(o.License)
	if o.HasVersion {
		d.Object.Version = &o.Version
	}
	for _, g := range o.Globals() {
		d.Globals = append(d.Globals, DocumentGlobal{Name: Text(g.Name), Map: g.Map, Section: Text(g.Section), Offset: g.Offset,
			Size: g.Size, Type: Text(o.TypeName(g.Type)), Value: Text(o.globalText(g, contents(g.Map)))})
	}
	for _, e := range o.Externs() {
		d.Externs = append(d.Externs, DocumentExtern{Name: Text(e.Name), Section: Text(e.Section), Type: Text(o.TypeName(e.Type)), Weak: e.Weak})
	}
	for _, w := range warns {
		d.Warnings = append(d.Warnings, warningDocument(w))
	}
	return d
}

// mapDocument describes one definition; defs are what its indices mean.
func (o *Object) mapDocument(i int, m *MapDef, defs []MapDef) DocumentMap {
	d := o.plainMap(i, m)
	switch {
	case m.Inner != nil:
		inner := o.plainMap(-1, m.Inner)
		d.Inner = &inner
	case m.InnerMap != mapdef.NoMap:
		inner := o.plainMap(m.InnerMap, &defs[m.InnerMap])
		d.Inner = &inner
	}
	for _, s := range m.Slots {
		slot := DocumentSlot{Slot: s.Index, Kind: s.Target.Kind.String(), TargetIndex: s.Target.Index}
		if s.Target.Kind == mapdef.TargetMap {
			slot.Target = Text(defs[s.Target.Index].Name)
		} else {
			slot.Target = Text(o.Programs[s.Target.Index].Name)
		}
		d.Values = append(d.Values, slot)
	}
	if m.StructOps != nil {
		for _, s := range m.StructOps.Programs {
			d.Values = append(d.Values, DocumentSlot{Slot: uint32(s.Member), Member: Text(s.Name), Kind: mapdef.TargetProgram.String(),
				TargetIndex: s.Program, Target: Text(o.Programs[s.Program].Name)})
		}
	}
	return d
}

// plainMap describes one definition without what it refers to.
func (o *Object) plainMap(i int, m *MapDef) DocumentMap {
	d := DocumentMap{Index: i, Name: Text(m.Name), Aliases: texts(m.Aliases), Section: Text(m.Section), Offset: m.Offset,
		Dialect: m.Dialect, Evidence: m.Evidence, Type: mapTypeName(m.Type), TypeID: m.Type,
		KeySize: m.KeySize, ValueSize: m.ValueSize, MaxEntries: m.MaxEntries,
		MapFlags: m.Flags, MapFlagNames: flagNames(m.Flags), MapExtra: m.Extra, NumaNode: m.NumaNode, Pinning: m.Pinning.String(), PinPath: Text(m.PinPath),
		KeyType: Text(o.TypeName(m.KeyType)), ValueType: Text(o.TypeName(m.ValueType)),
		Static: m.Static, Ext: []DocumentField{}, Tail: hex.EncodeToString(m.Tail),
		Internal: m.Internal, InitialSize: len(m.Contents), Frozen: m.Frozen, Values: []DocumentSlot{}}
	for _, x := range m.Ext {
		d.Ext = append(d.Ext, DocumentField{Name: x.Name, Value: x.Value, Text: Text(x.Text)})
	}
	d.Memory = mapMemory(m, false)
	if m.Contents != nil {
		d.InitialSHA256 = sumOf(m.Contents)
	}
	return d
}

// flagNames is never nil.
func flagNames(flags uint32) []string {
	if flags == 0 {
		return []string{}
	}
	return strings.Split(bpfsys.FlagNames(flags), " | ")
}

func sumOf(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

func texts(names []string) []Text {
	out := make([]Text, len(names))
	for i, n := range names {
		out[i] = Text(n)
	}
	return out
}

// programDocument describes one program; maps are those of the document.
func programDocument(i int, p *PlannedProgram, maps []DocumentMap) DocumentProgram {
	d := DocumentProgram{Index: i, Name: Text(p.Name), Aliases: texts(p.Aliases), Section: Text(p.Section), Offset: p.Offset,
		Type: programTypeText(p.Type), ExpectedAttachType: attachTypeText(&p.SectionType), AttachTo: Text(p.AttachTo),
		Instructions: p.Instructions(), Maps: []Text{}, Autoload: p.Autoload, PinPath: Text(p.PinPath), KernelName: p.KernelName}
	if p.code == nil {
		d.Instructions = int(p.Size / progs.InsnSize)
	}
	for _, m := range p.MapRefs {
		d.Maps = append(d.Maps, maps[m].Name)
	}
	return d
}

// Document describes the plan: maps and programs as they will reach the kernel,
// and the steps.
func (p *Plan) Document() *Document {
	d := p.document(p.Warnings)
	for _, s := range p.Steps {
		d.Steps = append(d.Steps, s.document())
	}
	return d
}

func (p *Plan) document(warns []Warning) *Document {
	d := p.Object.document(warns, func(i int) []byte { return p.Maps[i].Contents })
	d.Memory = p.Memory()
	defs := make([]MapDef, len(p.Maps))
	for i := range p.Maps {
		defs[i] = p.Maps[i].MapDef
	}
	for i := range p.Maps {
		m := &p.Maps[i]
		dm := p.Object.mapDocument(i, &m.MapDef, defs)
		dm.KernelName, dm.PinPath, dm.PerCPUEntries, dm.LeftOut = m.KernelName, Text(m.PinPath), m.PerCPUEntries, !m.Create
		if m.Inner != nil {
			dm.Inner.KernelName, dm.Inner.PerCPUEntries = innerName(m.Name), m.InnerPerCPUEntries
			dm.Inner.Memory = mapMemory(m.Inner, m.InnerPerCPUEntries)
		}
		dm.Memory = mapMemory(&m.MapDef, m.PerCPUEntries)
		d.Maps = append(d.Maps, dm)
	}
	look := lookingInto{object: p.Object, linker: p.Object.progs.NewLinker(newMapIndex(p.Maps)), linked: p.linked}
	for i := range p.Programs {
		pr := p.Programs[i]
		if pr.code == nil {
			pr, _ = look.program(i, pr) // what is not loaded may be broken
		}
		d.Programs = append(d.Programs, programDocument(i, &pr, d.Maps))
	}
	for i := range p.Links {
		d.Links = append(d.Links, p.Links[i].document(i))
	}
	return d
}

func (l *PlannedLink) document(i int) DocumentLink {
	d := DocumentLink{Index: i, Name: Text(l.Name), Kind: l.Kind, Target: Text(l.Place), PinPath: Text(l.PinPath)}
	if l.Program >= 0 {
		d.Program = &l.Program
	} else {
		d.Map = &l.Map
	}
	return d
}

// document names the fields that the step's Op uses.
func (s Step) document() DocumentStep {
	d := DocumentStep{Op: s.Op.String()}
	switch s.Op {
	case OpCreateMap, OpMapArena, OpFillMap, OpFreezeMap, OpMigrateMap, OpPinMap, OpClearSlots:
		d.Map = &s.Map
	case OpSetMapSlot, OpSetProgramSlot, OpSwapMapSlot, OpSwapProgramSlot:
		d.Map, d.Slot, d.Target = &s.Map, &s.Slot, &s.Target
	case OpLoadProgram, OpPinProgram:
		d.Program = &s.Program
	case OpAttach, OpPinLink:
		d.Link = &s.Link
	}
	return d
}

// Document describes what was loaded, with descriptors and the kernel's ids.
func (c *Collection) Document() *Document {
	d := c.Plan.document(c.Warnings)
	for i := range c.MapData {
		m := &c.MapData[i]
		dm := &d.Maps[i]
		dm.Error = documentError(m.Err)
		if m.FD < 0 {
			continue
		}
		dm.FD, dm.ID, dm.Reused, dm.Passed, dm.MaxEntries, dm.PerCPUEntries = &m.FD, &m.ID, m.Reused, m.Passed, m.MaxEntries, false
		dm.Replaced = m.Replaced.document()
		if c.Plan.Maps[i].StructOps != nil {
			dm.ValueSize = m.ValueSize
		}
	}
	for i := range c.Programs {
		p := &c.Programs[i]
		d.Programs[i].Error = documentError(p.Err)
		if p.Program != nil {
			d.Programs[i].FD, d.Programs[i].ID, d.Programs[i].VerifiedInsns = &p.FD, &p.ID, &p.VerifiedInsns
		}
	}
	for i := range c.Links {
		if l := &c.Links[i]; l.FD >= 0 {
			d.Links[i].FD, d.Links[i].ID, d.Links[i].Reused = &l.FD, &l.ID, l.Reused
		}
	}
	return d
}

// SetError puts the error into the document; nil takes it out.
func (d *Document) SetError(err error) { d.Error = documentError(err) }

// documentError is the error as a document tells it, nil for nil.
func documentError(err error) *DocumentError {
	if err == nil {
		return nil
	}
	e := &DocumentError{Code: "error", Message: validText(err.Error())}
	var at *Error
	if !errors.As(err, &at) {
		return e
	}
	e.Stage, e.Code, e.Section, e.Symbol = string(at.Stage), at.Code, Text(at.Section), Text(at.Symbol)
	e.Offset = offsetOf(at.Offset)
	e.Hint, e.Log = validText(cmp.Or(at.Hint, verifierlog.Read(at.Log).Cause)), validText(at.Log)
	if at.Errno != 0 {
		e.Errno, e.ErrnoName = uint(at.Errno), bpfsys.ErrnoName(at.Errno)
	}
	if err.Error() == at.Error() { // else there is more than one error to tell
		e.Message = validText(reasonOf(at))
	}
	return e
}

// reasonOf is the error's text without its place.
func reasonOf(e *Error) string {
	switch {
	case e.Err != nil:
		return e.Err.Error()
	case e.Kind != nil:
		return e.Kind.Error()
	}
	return ""
}

func offsetOf(o Offset) *uint64 {
	if !o.Known {
		return nil
	}
	return &o.Bytes
}

func warningDocument(w Warning) DocumentWarning {
	return DocumentWarning{Code: w.Code, Message: validText(w.Message), Map: Text(w.Map), Program: Text(w.Program),
		Section: Text(w.Section), Offset: offsetOf(w.Offset)}
}

// warningOf tells of an error that does not end the work.
func warningOf(err error, program string) DocumentWarning {
	w := DocumentWarning{Code: "error", Message: validText(err.Error()), Program: Text(program)}
	var e *Error
	if errors.As(err, &e) {
		w.Code, w.Message, w.Section, w.Offset = e.Code, validText(reasonOf(e)), Text(e.Section), offsetOf(e.Offset)
	}
	return w
}

// validText keeps bytes that are not UTF-8 visible in free text, as \x and two digits.
func validText(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	return string(appendValid(nil, s))
}

// mapsUsed are the indices of the maps that the code refers to, ascending.
func mapsUsed(c *progs.Code) []int {
	if len(c.Maps) == 0 {
		return nil
	}
	used := make([]int, 0, len(c.Maps))
	for _, r := range c.Maps {
		used = append(used, r.Map)
	}
	slices.Sort(used)
	return slices.Compact(used)
}
