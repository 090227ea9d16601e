package elfload

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/bpfload/bpfload/internal/mapdef"
)

// AttachOptions say what a load attaches, after everything else is in place.
// The zero value attaches nothing.
type AttachOptions struct {
	// Sections attaches every program that is loaded and whose section says where,
	// and every struct_ops map. Programs that it leaves out are warnings
	// ("not_attached"), but for those that stand in program arrays.
	Sections bool
	// To attaches single programs, in order, whatever their section says; a program
	// may be attached to several places.
	To []AttachTo
}

// AttachTo attaches a program to Target, which is KIND:PLACE, as in
// "xdp:eth0" or "cgroup:/sys/fs/cgroup/web"; AttachKinds lists them.
type AttachTo struct{ Program, Target string }

// PlannedLink is one attachment as it will be made.
type PlannedLink struct {
	// Name is the program's, or the struct_ops map's; a program's second link is
	// NAME-2, and so on.
	Name string
	// Program is the index of the program, Map of the struct_ops map; -1 for none.
	Program, Map int
	// Kind and Place are AttachTo's, or what the section says.
	Kind, Place string
	// PinPath is the file that the link is pinned to, "" for none.
	PinPath string

	kind       *linkKind
	attachType uint32
	target     int // the map of the object that is the place, NoMap for none
}

// Target is KIND:PLACE.
func (l *PlannedLink) Target() string {
	if l.Place == "" {
		return l.Kind
	}
	return l.Kind + ":" + l.Place
}

// planLinks settles what is attached where. It comes after the programs, which
// have their types by then.
func (p *Plan) planLinks() error {
	o := &p.opts.Attach
	count := make([]int, len(p.Programs))
	for _, at := range o.To {
		if err := p.planAttachTo(at, count); err != nil {
			return err
		}
	}
	if o.Sections {
		for i := range p.Programs {
			if count[i] == 0 && p.Programs[i].Load {
				p.attachBySection(i)
			}
		}
		for i := range p.Maps {
			if m := &p.Maps[i]; m.StructOps != nil && m.Create && !p.opts.MapsOnly {
				p.Links = append(p.Links, PlannedLink{Name: m.Name, Program: -1, Map: i, Kind: kindStructOps, Place: m.StructOps.TypeName,
					kind: linkKindNamed(kindStructOps), target: mapdef.NoMap})
			}
		}
	}
	return p.planLinkPins()
}

func (p *Plan) planAttachTo(at AttachTo, count []int) error {
	i, ok := p.Object.ProgramIndex(at.Program)
	if !ok {
		return p.noProgram(at.Program)
	}
	pr := &p.Programs[i]
	fail := func(err error) error {
		e := &Error{Stage: StagePlan, Kind: ErrUsage, Code: "attach_to", Section: pr.Section, Symbol: pr.Name, Offset: mapdef.At(pr.Offset), Err: err}
		if forms := fittingForms(pr); len(forms) > 0 {
			e.Hint = "it can be attached to " + strings.Join(forms, " or ")
		}
		return e
	}
	name, place, found := strings.Cut(at.Target, ":")
	kind := linkKindNamed(name)
	switch {
	case !found || place == "":
		return fail(fmt.Errorf("%q is not a place of the form KIND:PLACE", at.Target))
	case kind == nil || kind.form == "":
		return fail(fmt.Errorf("%q is no kind of place that a program can be sent to", name))
	case !pr.Load:
		return fail(errors.New("the program is to be attached and is not loaded"))
	case !kind.fits(pr):
		return fail(fmt.Errorf("a program of type %s is not attached to %s", describeType(pr), name))
	}
	if kind.check != nil {
		if err := kind.check(place); err != nil {
			return fail(err)
		}
	}
	l := PlannedLink{Name: pr.Name, Program: i, Map: -1, Kind: name, Place: place, kind: kind, attachType: kind.attachType(pr), target: mapdef.NoMap}
	if kind.place == placeMap {
		if l.target, ok = p.Object.MapIndex(place); !ok || !p.Maps[l.target].Create {
			return fail(fmt.Errorf("no map %q is created", place))
		}
	}
	for k := range p.Links {
		if o := &p.Links[k]; o.Program == i && o.Kind == name && o.Place == place {
			return fail(fmt.Errorf("it is attached to %q twice", at.Target))
		}
	}
	if count[i]++; count[i] > 1 {
		l.Name = fmt.Sprintf("%s-%d", pr.Name, count[i])
	}
	p.Links = append(p.Links, l)
	return nil
}

// describeType is a program's type, with its attach type where it has one.
func describeType(p *PlannedProgram) string {
	if text := attachTypeText(&p.SectionType); text != "" {
		return programTypeText(p.Type) + " (" + text + ")"
	}
	return programTypeText(p.Type)
}

// attachBySection attaches program i if its section says where.
func (p *Plan) attachBySection(i int) {
	pr := &p.Programs[i]
	if kind, place, ok := sectionPlace(pr); ok {
		p.Links = append(p.Links, PlannedLink{Name: pr.Name, Program: i, Map: -1, Kind: kind.name, Place: place, kind: kind,
			attachType: kind.attachType(pr), target: mapdef.NoMap})
		return
	}
	if pr.Type == progTypeStructOps || p.inSlot(i) {
		return
	}
	w := Warning{Code: "not_attached", Program: pr.Name, Section: pr.Section, Offset: mapdef.At(pr.Offset)}
	if forms := fittingForms(pr); len(forms) > 0 && !strings.HasPrefix(pr.SectionType.Name, "usdt") {
		w.Message = fmt.Sprintf("the program is not attached: its section does not say where, as --attach-to %s=%s would", pr.Name, strings.Join(forms, "|"))
	} else {
		w.Message = fmt.Sprintf("the program is not attached: bpfload has no way to attach programs of section %q", pr.Section)
	}
	p.warn(w)
}

// inSlot tells whether the program stands in a program array.
func (p *Plan) inSlot(i int) bool {
	for m := range p.Maps {
		for _, s := range p.Maps[m].Slots {
			if s.Target.Kind == mapdef.TargetProgram && s.Target.Index == i {
				return true
			}
		}
	}
	return false
}

// planLinkPins gives the links their files under Options.PinPath.
func (p *Plan) planLinkPins() error {
	if p.opts.PinPath == "" {
		return nil
	}
	taken := make(map[string]bool)
	for i := range p.Links {
		l := &p.Links[i]
		if l.Map >= 0 && p.Maps[l.Map].Flags&flagLink == 0 {
			continue // registered without a link: it stays while the map is pinned
		}
		file, err := pinFile(l.Name)
		if err != nil {
			return &Error{Stage: StagePlan, Code: "pin_name", Symbol: l.Name, Err: err}
		}
		l.PinPath = filepath.Join(p.opts.PinPath, "links", file)
		if taken[l.PinPath] {
			return &Error{Stage: StagePlan, Kind: ErrUsage, Code: "pin_twice", Symbol: l.Name,
				Err: fmt.Errorf("two links would be pinned as %q", l.PinPath)}
		}
		taken[l.PinPath] = true
	}
	return nil
}

// linkSteps attaches, and then pins what is attached.
func (p *Plan) linkSteps() {
	for i := range p.Links {
		p.step(Step{Op: OpAttach, Link: i})
	}
	for i := range p.Links {
		if p.Links[i].PinPath != "" {
			p.step(Step{Op: OpPinLink, Link: i})
		}
	}
}
