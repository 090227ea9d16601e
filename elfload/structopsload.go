package elfload

import (
	"errors"
	"fmt"

	"github.com/bpfload/bpfload/internal/bpfsys"
	"github.com/bpfload/bpfload/internal/mapdef"
	"github.com/bpfload/bpfload/internal/rawbtf"
)

// structOpsState is what a load knows of its struct_ops maps. Its maps are
// asked and never walked; they do not change once programs are being loaded.
type structOpsState struct {
	images map[int]*structImage // by map
	bound  map[*PlannedProgram]structBinding
	// unused are programs that are set only to members that this kernel has not.
	unused map[*PlannedProgram]bool
}

// structBinding is what the verifier takes a program for: a member of a struct.
type structBinding struct {
	types   *targetTypes
	opsType rawbtf.ID
	member  int
	name    string // of the member
}

// same tells whether both mean one member of one struct.
func (b structBinding) same(o structBinding) bool {
	return b.types.table == o.types.table && b.opsType == o.opsType && b.member == o.member
}

func structOpsError(m *PlannedMap, kind error, err error) *Error {
	return &Error{Stage: StageMap, Kind: kind, Code: "struct_ops", Section: m.Section, Symbol: m.Name, Offset: mapdef.At(m.Offset), Err: err}
}

// structOps lays map i out and binds its programs.
func (l *loader) structOps(i int) error {
	m := &l.plan.Maps[i]
	l.kernelTypes.finish()
	if err := l.kernelTypes.err; err != nil {
		e := structOpsError(m, kindOf(err), fmt.Errorf("struct_ops maps need the kernel's types: %w", err))
		e.Errno = errnoOf(err)
		return e
	}
	name := "bpf_struct_ops_" + m.StructOps.TypeName
	types, value, err := l.kernelTypes.find(rawbtf.Struct, name, "")
	if err != nil {
		e := structOpsError(m, ErrNotSupported, fmt.Errorf("the kernel has no struct_ops type %q: %w", m.StructOps.TypeName, err))
		e.Errno = errnoOf(err)
		return e
	}
	image, err := layoutStructOps(l.plan.Object.file.BTF, m.StructOps, types, value)
	if err != nil {
		return structOpsError(m, ErrNotSupported, err)
	}
	if l.ops.images == nil {
		l.ops = structOpsState{images: make(map[int]*structImage), bound: make(map[*PlannedProgram]structBinding), unused: make(map[*PlannedProgram]bool)}
	}
	l.ops.images[i] = image
	return l.bindStructOps(m, image)
}

// bindStructOps tells the programs what they are. One program may serve several
// members only where they are the same member of the same struct.
func (l *loader) bindStructOps(m *PlannedMap, image *structImage) error {
	for _, at := range image.members {
		p := &l.plan.Programs[at.program]
		b := structBinding{types: image.types, opsType: image.opsType, member: at.index, name: at.name}
		old, twice := l.ops.bound[p]
		if twice && !old.same(b) {
			return structOpsError(m, ErrBadObject, fmt.Errorf("program %q is member %q of struct %s here and member %q of struct %s elsewhere",
				p.Name, at.name, m.StructOps.TypeName, old.name, old.types.table.Type(old.opsType).Name()))
		}
		l.ops.bound[p] = b
		delete(l.ops.unused, p)
	}
	for _, gone := range image.missing {
		p := &l.plan.Programs[gone.Program]
		if _, ok := l.ops.bound[p]; !ok {
			l.ops.unused[p] = true
		}
		l.warn(Warning{Code: "struct_ops_member", Map: m.Name, Program: p.Name, Section: m.Section, Offset: mapdef.At(m.Offset + gone.Offset),
			Message: fmt.Sprintf("the kernel's struct %s has no member %q: it is left out", m.StructOps.TypeName, gone.Name)})
	}
	return nil
}

// attachType is the expected attach type that the kernel is told.
func (l *loader) attachType(p *PlannedProgram) uint32 {
	if b, ok := l.ops.bound[p]; ok {
		return uint32(b.member)
	}
	return p.AttachType
}

// structOpsAttr gives the map the kernel's types instead of the object's.
func (l *loader) structOpsAttr(i int, a *bpfsys.MapAttr) error {
	image := l.ops.images[i]
	a.ValueSize, a.VmlinuxValueTypeID = uint32(len(image.value)), image.valueType
	if l.btf != noFD {
		a.BTFFD = l.btf // the kernel insists on it, and looks for nothing in it
	}
	fd, err := l.kernelTypes.descriptor(image.types)
	if err != nil {
		return loadError(StageMap, "module_btf", &l.plan.Maps[i].MapDef, err)
	}
	a.ValueTypeBTFObjFD = fd
	return nil
}

// asCreated is the map as it reaches this kernel, to be compared with a pin.
func (l *loader) asCreated(i int) *PlannedMap {
	m := &l.plan.Maps[i]
	image := l.ops.images[i]
	if image == nil {
		return m
	}
	c := *m
	c.ValueSize = uint32(len(image.value))
	if image.types.module != "" {
		c.Flags |= flagVTypeBTFObjFD
	}
	return &c
}

const flagVTypeBTFObjFD = 1 << 15 // BPF_F_VTYPE_BTF_OBJ_FD

// withoutUnused takes out the programs that this kernel has no use for.
func (l *loader) withoutUnused(steps []Step) []Step {
	if len(l.ops.unused) == 0 {
		return steps
	}
	var rest []Step
	for _, s := range steps {
		if p := &l.plan.Programs[s.Program]; l.ops.unused[p] {
			l.trace("program %d %q: not loaded, the kernel has no such member", s.Program, p.Name)
			continue
		}
		rest = append(rest, s)
	}
	return rest
}

// attachStructOps makes the program a member of its struct.
func (l *loader) attachStructOps(p *PlannedProgram, a *bpfsys.ProgAttr) error {
	b, ok := l.ops.bound[p]
	if !ok {
		e := programError(p, "attach_target", errors.New("no struct_ops map that is created refers to it, so the kernel cannot know what it is for"))
		e.Kind, e.Hint = ErrBadObject, "set a member of a variable in SEC(\".struct_ops\") to it"
		return e
	}
	fd, err := l.kernelTypes.descriptor(b.types)
	if err != nil {
		return programError(p, "module_btf", err)
	}
	a.AttachBTFID, a.AttachType, a.AttachBTFObjFD = b.opsType, uint32(b.member), fd
	return nil
}
