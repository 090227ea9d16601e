package elfload

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/bpfload/bpfload/btfmaps"
	"github.com/bpfload/bpfload/internal/elffile"
	"github.com/bpfload/bpfload/internal/kconfig"
	"github.com/bpfload/bpfload/internal/mapdef"
	"github.com/bpfload/bpfload/internal/progs"
	"github.com/bpfload/bpfload/internal/stack"
	"github.com/bpfload/bpfload/legacymaps"
	"github.com/bpfload/bpfload/staticvalues"
)

// MapDef is one map definition, whatever it was written in.
type MapDef = mapdef.Def

// Slot is one static element of a map of maps or program array.
type Slot = mapdef.Slot

// Target is what a slot holds: a map or program by its index in the Object.
type Target = mapdef.Target

// ProgramDef is one program of an object.
type ProgramDef = progs.Program

// Object is what a file holds. It is not changed by planning or loading, so one
// Object may be loaded many times, also at once.
type Object struct {
	// Path is where the object was read from, "" for bytes. Name is the prefix
	// of its data maps' names (see ReadOptions.Name).
	Path, Name string
	// Maps in definition order: the index in here is the index in map_data.
	Maps []MapDef
	// Programs in section order, then by offset.
	Programs []ProgramDef
	// License is the text of the license section, up to the first NUL.
	License string
	// Version is the number in the version section; HasVersion tells 0 from none.
	Version    uint32
	HasVersion bool
	// Warnings tell what was left out or mended while reading.
	Warnings []Warning

	file    *mapdef.File
	image   *elffile.Image // what file was made of
	progs   *progs.Set
	kconfig *kconfig.Set // nil for none
	read    ReadOptions
	calls   []tailCall
}

// Open reads the object at path. It needs no privilege and asks nothing of the host.
func Open(path string) (*Object, error) { return ReadOptions{}.Open(path) }

// Open reads the object at path.
func (ro ReadOptions) Open(path string) (*Object, error) {
	stack.Grow()
	room := &objectRoom{}
	if err := room.image.Open(path); err != nil {
		return nil, err
	}
	defer room.image.Close()
	if ro.Name == "" {
		ro.Name = objectName(path)
	}
	obj, err := room.read(&room.image, ro)
	if obj != nil {
		obj.Path = path
	}
	return obj, err
}

// Read reads an object from its bytes, which must not change afterwards.
func Read(raw []byte, ro ReadOptions) (*Object, error) {
	room := &objectRoom{}
	room.image.Hold(raw)
	return room.read(&room.image, ro)
}

// objectRoom is an Object with the file that it is read from, and room for what a small
// one has, in one allocation.
type objectRoom struct {
	Object
	file   mapdef.File
	image  elffile.Image
	tables elffile.Tables
	maps   [2]MapDef
}

// read reads an object from its bytes, which may be another object's too.
func (room *objectRoom) read(im *elffile.Image, ro ReadOptions) (*Object, error) {
	if err := elffile.Read(&room.file, im, &room.tables); err != nil {
		return nil, err
	}
	if ro.Name == "" {
		ro.Name = "object"
	}
	o := &room.Object
	o.Name, o.file, o.image, o.read = ro.Name, &room.file, im, ro
	if err := o.readText(); err != nil {
		return nil, err
	}
	set, err := progs.Parse(o.file)
	if err != nil {
		return nil, err
	}
	o.progs = set
	o.Programs = o.progs.Programs
	o.Warnings = append(o.Warnings, o.progs.Warnings...)
	o.Maps = room.maps[:0]
	if err := o.readMaps(); err != nil {
		return nil, err
	}
	if len(o.Maps) == 0 {
		o.Maps = nil
	}
	return o, nil
}

// readMaps collects the definitions in the order that is their index for ever:
// legacy, .maps, data sections, kconfig, struct_ops. From here on indices mean the object's list.
func (o *Object) readMaps() error {
	legacy, warns, err := legacymaps.Parse(o.file, o.legacyOptions())
	if err != nil {
		return err
	}
	o.add(legacy, warns)
	defs, warns, err := btfmaps.Parse(o.file)
	if err != nil {
		return err
	}
	more, err := legacymaps.ApplyAndroidMaps(o.file, defs)
	if err != nil {
		return err
	}
	o.add(defs, append(warns, more...))
	// What follows of legacy and struct_ops maps is passed by where there are none: a process
	// that reads one object need not touch that code (bench/NOTES.md).
	var pins []int // sections of strings
	if len(legacy) > 0 {
		pins = legacymaps.PinStrings(o.file, legacy)
	}
	defs, warns, err = dataMaps(o.file, o.Name, pins)
	if err != nil {
		return err
	}
	o.add(defs, warns)
	if defs, err = o.kconfigMaps(); err != nil {
		return err
	}
	o.add(defs, nil)
	if slices.ContainsFunc(o.file.Sections, func(s mapdef.Section) bool { return strings.Contains(s.Name, "struct_ops") }) {
		if defs, err = structOpsMaps(o.file, o.progs); err != nil {
			return err
		}
		o.add(defs, nil)
	}
	if warns, err = placeArenaData(o.file, o.Maps); err != nil {
		return err
	}
	o.Warnings = append(o.Warnings, warns...)
	if err := checkDefinitions(o); err != nil {
		return err
	}
	slots, err := staticvalues.Resolve(o.file, o.Maps, o.progs.ProgramAt)
	if err != nil {
		return err
	}
	for i := range o.Maps {
		o.Maps[i].Slots = slots[i]
	}
	if !slices.ContainsFunc(o.Maps, func(d MapDef) bool { return d.Legacy() }) {
		return nil
	}
	o.typeLegacyPrograms()
	if o.calls, warns, err = o.tailCalls(o.Maps); err != nil {
		return err
	}
	o.Warnings = append(o.Warnings, warns...)
	return applyTailCalls(o.Maps, o.calls, o.Programs)
}

// add appends a reader's definitions, which become the object's, and shifts their
// indices to the object's list.
func (o *Object) add(defs []mapdef.Def, warns []mapdef.Warning) {
	base := len(o.Maps)
	for i := range defs {
		d := &defs[i]
		if d.InnerMap != mapdef.NoMap {
			d.InnerMap += base
		}
		for j := range d.Slots {
			if d.Slots[j].Target.Kind == mapdef.TargetMap {
				d.Slots[j].Target.Index += base
			}
		}
	}
	if base == 0 && len(defs) > cap(o.Maps) {
		o.Maps = defs
	} else {
		o.Maps = append(o.Maps, defs...)
	}
	o.Warnings = append(o.Warnings, warns...)
}

// readText reads the license and version sections (L26).
func (o *Object) readText() error {
	if s := o.file.SectionNamed("license"); s != nil {
		text, _, _ := bytes.Cut(s.Data, []byte{0})
		o.License = string(text)
	}
	s := o.file.SectionNamed("version")
	if s == nil {
		return nil
	}
	if len(s.Data) != 4 {
		return &Error{Stage: StageRead, Code: "version_size", Section: s.Name, Err: fmt.Errorf("has %d bytes instead of 4", s.Size)}
	}
	o.Version, o.HasVersion = o.file.Order.Uint32(s.Data), true
	return nil
}

// ByteOrder is "little" or "big".
func (o *Object) ByteOrder() string {
	if o.file.Order == binary.ByteOrder(binary.BigEndian) {
		return "big"
	}
	return "little"
}

// MapIndex is the index of the map of that name or alias. Names come before
// aliases, and lower indices before higher ones; false if there is none.
func (o *Object) MapIndex(name string) (int, bool) { return indexOf(o.Maps, name) }

func indexOf(defs []MapDef, name string) (int, bool) {
	for i := range defs {
		if defs[i].Name == name {
			return i, true
		}
	}
	for i := range defs {
		for _, a := range defs[i].Aliases {
			if a == name {
				return i, true
			}
		}
	}
	return -1, false
}

// ProgramIndex is the index of the program of that name, false if there is none.
func (o *Object) ProgramIndex(name string) (int, bool) {
	for i := range o.Programs {
		if o.Programs[i].Name == name {
			return i, true
		}
	}
	return -1, false
}

// TypeName writes a BTF type of the object as C, "" for id 0 or no BTF.
func (o *Object) TypeName(id uint32) string {
	if id == 0 || o.file.BTF == nil {
		return ""
	}
	return o.file.BTF.CName(id)
}

// checkDefinitions finds at reading what the kernel would refuse without saying
// why (D17): two maps of one name.
func checkDefinitions(o *Object) error {
	at := make(map[string]int, len(o.Maps))
	for i := range o.Maps {
		d := &o.Maps[i]
		j, twice := at[d.Name]
		if !twice {
			at[d.Name] = i
			continue
		}
		if d.Internal || o.Maps[j].Internal { // R25, R50: sections may share a name
			continue
		}
		return &Error{Stage: StageRead, Code: "duplicate_map", Section: d.Section, Symbol: d.Name, Offset: mapdef.At(d.Offset),
			Err: fmt.Errorf("a map of this name is defined at offset %#x of section %s too", o.Maps[j].Offset, strconv.Quote(o.Maps[j].Section))}
	}
	return nil
}
