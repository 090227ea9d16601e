package elfload

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"github.com/bpfload/bpfload/internal/mapdef"
)

// DiffStatus is how a definition stands to what it is compared with.
type DiffStatus string

// The results of comparing one map.
const (
	DiffSame         DiffStatus = "same"
	DiffCompatible   DiffStatus = "compatible"   // a load uses it, though something is not the same
	DiffIncompatible DiffStatus = "incompatible" // a load does not use it
	DiffMissing      DiffStatus = "missing"      // only the newer has it
	DiffLeftOver     DiffStatus = "left_over"    // only the older has it
)

// MapDiff is the comparison of one map.
type MapDiff struct {
	// Index is the map's place in the plan, -1 for one that is left over.
	Index   int
	Name    string
	Status  DiffStatus
	PinPath string // "" between two objects, and for a map that is not pinned
	OldID   uint32 // the pinned map's id in the kernel, 0 for none
	// Fields are what is not the same; of an incompatible map those that make it so.
	Fields []FieldDiff
	// OnMismatch is what a load would do about an incompatible map, "" for others.
	OnMismatch Mismatch
	// Refused is why a load would fail over the map, nil if it would not.
	Refused error
}

// Diff is the comparison of all maps: those of the plan in their order, then what
// is left over.
type Diff struct {
	Maps     []MapDiff
	Warnings []Warning
}

// Err is why a load would fail, for the first map over which it would; nil if it
// would not. It is an ErrIncompatiblePin.
func (d *Diff) Err() error {
	for i := range d.Maps {
		if err := d.Maps[i].Refused; err != nil {
			return err
		}
	}
	return nil
}

// DiffPins compares the plan's maps with what is pinned where a load would pin
// them, as the load would, and tells what it would do. It changes nothing. Maps
// that are not to be pinned are left out; below Options.PinPath, maps that the
// object does not have are told as left over.
func (p *Plan) DiffPins(ctx context.Context) (*Diff, error) { return p.diffPins(ctx, host{}) }

func (p *Plan) diffPins(ctx context.Context, k kernel) (_ *Diff, err error) {
	if err := p.foreign(); err != nil {
		return nil, err
	}
	if p.opts.PinPath == "" && !slices.ContainsFunc(p.Maps, func(m PlannedMap) bool { return m.Create && m.PinPath != "" }) {
		return nil, &Error{Kind: ErrUsage, Stage: StagePin, Code: "no_pins", Err: errors.New("no map of the object asks to be pinned: there is nothing to compare it with"),
			Hint: "name the directory that a load would pin to with --pin, or an older object"}
	}
	l := newLoader(ctx, p, k)
	defer func() {
		l.kernelTypes.finish()
		if closing := l.kernelTypes.closeModules(); err == nil && closing != nil {
			err = closing
		}
	}()
	if err := l.checkPins(); err != nil {
		return nil, err
	}
	d := &Diff{}
	for i := range p.Maps {
		if m := &p.Maps[i]; m.PinPath == "" || !m.Create {
			continue
		}
		if err := ctx.Err(); err != nil {
			return nil, &Error{Kind: err, Stage: StagePin, Code: "cancelled", Err: err}
		}
		row, err := l.diffPin(i)
		if err != nil {
			return nil, err
		}
		d.Maps = append(d.Maps, row)
	}
	left, err := l.leftOver()
	if err != nil {
		return nil, err
	}
	d.Maps = append(d.Maps, left...)
	d.Warnings = slices.Concat(p.Warnings, l.warnings)
	return d, nil
}

// diffPin compares map i with its pin.
func (l *loader) diffPin(i int) (MapDiff, error) {
	m := &l.plan.Maps[i]
	row := MapDiff{Index: i, Name: m.Name, Status: DiffMissing, PinPath: m.PinPath}
	if m.StructOps != nil {
		if err := l.structOps(i); err != nil {
			return row, err
		}
	}
	p, err := l.openPin(i)
	var e *Error
	if errors.As(err, &e) && e.Code == "pin_no_map" {
		row.Status, row.Fields, row.Refused = DiffIncompatible, []FieldDiff{{"object", "no map", "map"}}, err
		row.OnMismatch = l.plan.onMismatch(i)
		return row, nil
	}
	if err != nil {
		return row, err
	}
	if p == nil {
		if l.plan.opts.PinMode == PinMustExist {
			row.Refused = pinModeError(m.PinPath, m.Section, m.Name, PinMustExist)
		}
		return row, nil
	}
	row.OldID, row.Fields = p.info.ID, p.diffs
	switch {
	case len(p.diffs) > 0:
		row.Status, row.OnMismatch = DiffIncompatible, l.plan.onMismatch(i)
		_, err = l.wayOut(i, p)
		row.Refused = err
	default:
		row.Status = DiffSame
		if row.Fields = l.softDifferences(i, p); len(row.Fields) > 0 {
			row.Status = DiffCompatible
		}
	}
	if l.plan.opts.PinMode == PinCreate {
		row.Refused = pinModeError(m.PinPath, m.Section, m.Name, PinCreate)
	}
	return row, l.k.Close(p.fd)
}

// softDifferences are those between a map and its pin that do not matter to a load.
func (l *loader) softDifferences(i int, p *pinned) []FieldDiff {
	m := &l.plan.Maps[i]
	out := typeNameDifferences(p.shape, p.want)
	if want := m.KernelName; p.info.Name != want && p.info.Name != "" {
		out = append(out, FieldDiff{"name", p.info.Name, want})
	}
	return out
}

// typeNameDifferences tells of types that are called otherwise, or are not known.
func typeNameDifferences(old, new *mapShape) []FieldDiff {
	var out []FieldDiff
	name := func(s *mapShape, id uint32) string {
		if s.types == nil || id == 0 {
			return "unknown"
		}
		return Clean(s.types.CName(id))
	}
	for _, part := range []struct {
		name     string
		old, new uint32
	}{{"key_type", old.keyType, new.keyType}, {"value_type", old.valueType, new.valueType}} {
		if a, b := name(old, part.old), name(new, part.new); a != b {
			out = append(out, FieldDiff{part.name, a, b})
		}
	}
	return out
}

// leftOver are the maps pinned below Options.PinPath that the plan does not have.
func (l *loader) leftOver() ([]MapDiff, error) {
	if l.plan.opts.PinPath == "" {
		return nil, nil
	}
	dir := filepath.Join(l.plan.opts.PinPath, "maps")
	names, err := l.k.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, pinError(dir, err)
	}
	slices.Sort(names)
	ours := make(map[string]bool, len(l.plan.Maps)) // only looked up
	for i := range l.plan.Maps {
		if m := &l.plan.Maps[i]; m.Create {
			ours[m.PinPath] = true
		}
	}
	var out []MapDiff
	for _, name := range names {
		path := filepath.Join(dir, name)
		if ours[path] || strings.HasPrefix(name, newPin) {
			continue
		}
		row := MapDiff{Index: -1, Name: name, Status: DiffLeftOver, PinPath: path}
		if fd, err := l.k.Get(path); err == nil {
			info, err := l.k.MapInfo(fd)
			if err == nil {
				row.OldID = info.ID
			}
			if err := l.k.Close(fd); err != nil {
				return nil, err
			}
		}
		out = append(out, row)
	}
	return out, nil
}

// Diff compares the plan's maps with those of an older object, as if those were
// pinned and this were loaded over them. It asks nothing of the kernel. Data
// sections are found by the section's name, others by the map's.
func (p *Plan) Diff(old *Plan) (*Diff, error) {
	oldTypes, err := old.types()
	if err != nil {
		return nil, err
	}
	newTypes, err := p.types()
	if err != nil {
		return nil, err
	}
	d := &Diff{Warnings: slices.Clone(p.Warnings)}
	used, found := make([]bool, len(old.Maps)), old.counterparts()
	for i := range p.Maps {
		m := &p.Maps[i]
		if !m.Create {
			continue
		}
		row := MapDiff{Index: i, Name: m.Name, Status: DiffMissing}
		if j := found.of(m); j >= 0 {
			used[j] = true
			row.compare(p, i, p.shape(i, newTypes), old, j, old.shape(j, oldTypes))
		}
		d.Maps = append(d.Maps, row)
	}
	for j := range old.Maps {
		if old.Maps[j].Create && !used[j] {
			d.Maps = append(d.Maps, MapDiff{Index: -1, Name: old.Maps[j].Name, Status: DiffLeftOver})
		}
	}
	return d, nil
}

// counterparts finds the map of another object that a map stands for: for a data
// section that of the section's name, for others that of the map's.
type counterparts struct {
	sections, names, declared map[[2]string]int // the first of each; only looked up
}

func (p *Plan) counterparts() *counterparts {
	c := &counterparts{map[[2]string]int{}, map[[2]string]int{}, map[[2]string]int{}}
	first := func(in map[[2]string]int, a, b string, i int) {
		if _, ok := in[[2]string{a, b}]; !ok {
			in[[2]string{a, b}] = i
		}
	}
	for i := range p.Maps {
		m := &p.Maps[i]
		if !m.Create {
			continue
		}
		first(c.names, "", m.Name, i)
		if m.Internal {
			first(c.sections, m.Dialect, m.Section, i)
		} else {
			first(c.declared, "", m.Name, i)
		}
	}
	return c
}

// of is its index, -1 for none.
func (c *counterparts) of(m *PlannedMap) int {
	find := func(in map[[2]string]int, a, b string) int {
		if i, ok := in[[2]string{a, b}]; ok {
			return i
		}
		return -1
	}
	if !m.Internal {
		return find(c.names, "", m.Name)
	}
	i, j := find(c.sections, m.Dialect, m.Section), find(c.declared, "", m.Name)
	if i < 0 || j >= 0 && j < i {
		return j
	}
	return i
}
func (row *MapDiff) compare(p *Plan, i int, new *mapShape, oldPlan *Plan, j int, old *mapShape) {
	if row.Fields = old.differences(new); len(row.Fields) == 0 {
		row.Status = DiffSame
		if row.Fields = definitionDifferences(oldPlan, j, p, i, old, new); len(row.Fields) > 0 {
			row.Status = DiffCompatible
		}
		return
	}
	row.Status, row.OnMismatch = DiffIncompatible, p.onMismatch(i)
	which := fmt.Sprintf("the older map %q", oldPlan.Maps[j].Name)
	if _, err := p.wayOut(i, old, new, which); err != nil {
		row.Refused = err
	}
}

// definitionDifferences are those between two definitions that do not matter to a
// load over the older one's pin.
func definitionDifferences(oldPlan *Plan, j int, newPlan *Plan, i int, old, new *mapShape) []FieldDiff {
	a, b := &oldPlan.Maps[j], &newPlan.Maps[i]
	out := typeNameDifferences(old, new)
	add := func(field, old, new string) {
		if old != new {
			out = append(out, FieldDiff{field, old, new})
		}
	}
	add("numa_node", fmt.Sprint(a.NumaNode), fmt.Sprint(b.NumaNode))
	add("pinning", a.Pinning.String(), b.Pinning.String())
	add("dialect", a.Dialect, b.Dialect)
	add("section", a.Section, b.Section)
	add("frozen", fmt.Sprint(a.Frozen), fmt.Sprint(b.Frozen))
	if a.Internal && a.Dialect != mapdef.DialectKconfig {
		add("contents", digest(a.Contents), digest(b.Contents))
	}
	add("values", oldPlan.slotNames(a), newPlan.slotNames(b))
	return out
}

// slotNames are what a definition's slots hold, "none" for no slots.
func (p *Plan) slotNames(m *PlannedMap) string {
	var parts []string
	for _, s := range m.Slots {
		name := ""
		if s.Target.Kind == mapdef.TargetMap {
			name = p.Maps[s.Target.Index].Name
		} else {
			name = p.Programs[s.Target.Index].Name
		}
		parts = append(parts, fmt.Sprintf("[%d]=%s", s.Index, Quote(name)))
	}
	if parts == nil {
		return "none"
	}
	return strings.Join(parts, " ")
}
