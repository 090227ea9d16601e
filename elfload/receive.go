package elfload

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/cilium/ebpf"

	"github.com/bpfload/bpfload/internal/bpfsys"
	"github.com/bpfload/bpfload/internal/mapdef"
	"github.com/bpfload/bpfload/internal/progs"
)

// ErrNothingPassed: no table was handed over to this process.
var ErrNothingPassed = errors.New("no map table was handed over to this process")

// Table is a map_data table that another process loaded and handed over. It has
// the rows of the Collection that it came from; maps that were not created and
// programs that were not passed have FD -1.
type Table struct {
	// MapData in definition order. Def holds what the document says: sizes, flags,
	// names; BTF ids, contents and slots are the loader's own business and unset.
	MapData []MapData
	// Programs in the object's order, those that were passed with an FD. Def has
	// names and the section only.
	Programs []LoadedProgram
	// Links are the attachments that end when the Table is closed: those that the
	// loader made and did not pin. Def tells the name, the kind and the place.
	Links []Link
	// Document is what the loader said, with "fd" as in this process.
	Document *Document

	owner Collection
}

// Map is the map of that name or alias, nil if there is none. It belongs to the
// Table; Clone it to keep it longer.
func (t *Table) Map(name string) *ebpf.Map {
	if d := t.Data(name); d != nil {
		return d.Map
	}
	return nil
}

// Data is the row of the map of that name or alias, nil if there is none.
func (t *Table) Data(name string) *MapData {
	for i := range t.MapData {
		if t.MapData[i].Name == name {
			return &t.MapData[i]
		}
	}
	for i := range t.MapData {
		if t.MapData[i].Def.Named(name) {
			return &t.MapData[i]
		}
	}
	return nil
}

// Program is the program of that name, nil if there is none or it was not passed.
func (t *Table) Program(name string) *ebpf.Program {
	for i := range t.Programs {
		if t.Programs[i].Name == name {
			return t.Programs[i].Program
		}
	}
	return nil
}

// Close releases every descriptor. A second call does nothing.
func (t *Table) Close() error { return t.owner.Close() }

// receiver makes a Table of descriptors that it owns until the table does.
type receiver struct {
	k     kernel
	first int      // what "fd" of the document counts from
	fds   []int    // noFD for those that the table has
	names []string // of fds
	table *Table
}

func receiveError(format string, args ...any) *Error {
	return handoverError(ErrUsage, "handover", "", fmt.Errorf(format, args...))
}

// receive checks the descriptors against the document and makes the table. It
// takes the descriptors over: after an error they are closed.
func (r *receiver) receive(document []byte) (_ *Table, err error) {
	r.table = &Table{Document: &Document{}}
	defer func() {
		r.table.owner = Collection{kernel: r.k, MapData: r.table.MapData, Programs: r.table.Programs, Links: r.table.Links}
		if err != nil {
			err = joined([]error{err, r.closeRest(), r.table.Close()})
		}
	}()
	d := r.table.Document
	if err := json.Unmarshal(document, d); err != nil {
		return nil, receiveError("the document: %w", err)
	}
	if d.Schema != DocumentSchema {
		return nil, receiveError("the document is of schema %q, not %q", d.Schema, DocumentSchema)
	}
	for i := range d.Maps {
		if err := r.takeMap(i, &d.Maps[i]); err != nil {
			return nil, err
		}
	}
	for i := range d.Programs {
		if err := r.takeProgram(i, &d.Programs[i]); err != nil {
			return nil, err
		}
	}
	for i := range d.Links {
		if err := r.takeLink(i, &d.Links[i]); err != nil {
			return nil, err
		}
	}
	for i, fd := range r.fds {
		if fd != noFD {
			return nil, receiveError("descriptor %d, %q, is not in the document", r.first+i, r.names[i])
		}
	}
	return r.table, nil
}

func (r *receiver) closeRest() error {
	var errs []error
	for i, fd := range r.fds {
		if fd != noFD {
			errs = append(errs, r.k.Close(fd))
			r.fds[i] = noFD
		}
	}
	return errors.Join(errs...)
}

// at is the place of the descriptor that the document calls n.
func (r *receiver) at(n int, name Text) (int, error) {
	i := n - r.first
	switch {
	case n < r.first || i >= len(r.fds):
		return 0, receiveError("%q is descriptor %d in the document, and %d were passed", name, n, len(r.fds))
	case r.fds[i] == noFD:
		return 0, receiveError("%q is descriptor %d in the document, and so is another", name, n)
	case r.names[i] != string(name):
		return 0, receiveError("descriptor %d was passed as %q, and is %q in the document", n, r.names[i], name)
	}
	return i, nil
}

func (r *receiver) takeMap(i int, d *DocumentMap) error {
	row := MapData{Index: i, Name: string(d.Name), FD: noFD, Def: d.planned(), MaxEntries: d.MaxEntries, Reused: d.Reused}
	defer func() { r.table.MapData = append(r.table.MapData, row) }()
	if d.FD == nil {
		return nil
	}
	at, err := r.at(*d.FD, d.Name)
	if err != nil {
		return err
	}
	fd := r.fds[at]
	info, err := r.k.MapInfo(fd)
	if err != nil {
		return receiveError("descriptor %d, %q: %w", *d.FD, d.Name, err)
	}
	if err := d.sameMap(row.Def, info); err != nil {
		return err
	}
	r.fds[at] = noFD // the call below takes it over, also when it fails
	m, err := r.k.Map(fd)
	if err != nil {
		return receiveError("map %q: %w", d.Name, err)
	}
	row.FD, row.ID, row.Map, row.BTF = fd, info.ID, m, info.BTFID != 0
	d.FD = &fd
	return nil
}

// sameMap compares what was passed with what the document says.
func (d *DocumentMap) sameMap(def *PlannedMap, info bpfsys.MapInfo) error {
	want := shapeOf(&def.MapDef, nil)
	want.maxEntries = d.MaxEntries
	diff := shapeOfInfo(info).attributeDifferences(want)
	if d.ID != nil && *d.ID != info.ID {
		diff = append(diff, FieldDiff{Field: "id", Old: fmt.Sprint(info.ID), New: fmt.Sprint(*d.ID)})
	}
	if len(diff) == 0 {
		return nil
	}
	return handoverError(ErrIncompatiblePin, "handover", string(d.Name), fmt.Errorf("the map that was passed has %s", fieldTexts(diff)))
}

func (r *receiver) takeProgram(i int, d *DocumentProgram) error {
	row := LoadedProgram{Index: i, Name: string(d.Name), FD: noFD, Def: &PlannedProgram{
		ProgramDef: ProgramDef{Name: string(d.Name), Aliases: plain(d.Aliases), Section: string(d.Section), Offset: d.Offset, Autoload: d.Autoload,
			SectionType: progs.SectionType{AttachTo: string(d.AttachTo)}},
		Load: d.ID != nil, KernelName: d.KernelName, PinPath: string(d.PinPath)}}
	defer func() { r.table.Programs = append(r.table.Programs, row) }()
	if d.FD == nil {
		return nil
	}
	at, err := r.at(*d.FD, d.Name)
	if err != nil {
		return err
	}
	fd := r.fds[at]
	info, err := r.k.ProgInfo(fd)
	if err != nil {
		return receiveError("descriptor %d, %q: %w", *d.FD, d.Name, err)
	}
	if d.ID != nil && *d.ID != info.ID {
		return handoverError(ErrIncompatiblePin, "handover", string(d.Name), fmt.Errorf("the program that was passed has id %d instead of %d", info.ID, *d.ID))
	}
	r.fds[at] = noFD
	p, err := r.k.Program(fd)
	if err != nil {
		return receiveError("program %q: %w", d.Name, err)
	}
	row.FD, row.ID, row.VerifiedInsns, row.Program = fd, info.ID, info.VerifiedInsns, p
	d.FD = &fd
	return nil
}

func (r *receiver) takeLink(i int, d *DocumentLink) error {
	if d.FD == nil {
		return nil
	}
	at, err := r.at(*d.FD, linkFDName+d.Name)
	if err != nil {
		return err
	}
	fd := r.fds[at]
	info, err := r.k.LinkInfo(fd)
	if err != nil {
		return receiveError("descriptor %d, link %q: %w", *d.FD, d.Name, err)
	}
	if d.ID != nil && *d.ID != info.ID {
		return handoverError(ErrIncompatiblePin, "handover", string(d.Name), fmt.Errorf("the link that was passed has id %d instead of %d", info.ID, *d.ID))
	}
	r.fds[at] = noFD
	def := &PlannedLink{Name: string(d.Name), Program: -1, Map: -1, Kind: d.Kind, Place: string(d.Target), PinPath: string(d.PinPath)}
	if d.Program != nil {
		def.Program = *d.Program
	}
	r.table.Links = append(r.table.Links, Link{Index: i, Name: def.Name, FD: fd, ID: info.ID, Def: def, Reused: d.Reused})
	d.FD = &fd
	return nil
}

// planned is the definition as far as a document tells it.
func (d *DocumentMap) planned() *PlannedMap {
	m := &PlannedMap{MapDef: MapDef{Name: string(d.Name), Aliases: plain(d.Aliases), Section: string(d.Section), Offset: d.Offset, Static: d.Static,
		Dialect: d.Dialect, Evidence: d.Evidence, Type: d.TypeID, KeySize: d.KeySize, ValueSize: d.ValueSize, MaxEntries: d.MaxEntries,
		Flags: d.MapFlags, Extra: d.MapExtra, NumaNode: d.NumaNode, InnerMap: mapdef.NoMap, Internal: d.Internal, Frozen: d.Frozen},
		Create: !d.LeftOut, KernelName: d.KernelName, PinPath: string(d.PinPath)}
	if d.Inner != nil {
		m.Inner = &d.Inner.planned().MapDef
	}
	return m
}

func plain(texts []Text) []string {
	var out []string
	for _, t := range texts {
		out = append(out, string(t))
	}
	return out
}
