package elfload

import (
	"errors"
	"fmt"

	"github.com/bpfload/bpfload/internal/mapdef"
	"github.com/bpfload/bpfload/internal/rawbtf"
)

// structImage is a struct_ops map as this kernel lays it out.
type structImage struct {
	types     *targetTypes // that have the struct
	valueType rawbtf.ID    // struct bpf_struct_ops_NAME, the map's value
	opsType   rawbtf.ID    // struct NAME, in it
	value     []byte       // but for function pointers
	members   []structMember
	// missing are members that this kernel has not, and that are set to programs.
	missing []mapdef.StructOpsProgram
}

// structMember is a function pointer in the image: program's descriptor goes to
// offset bytes from its start. index is the kernel's, of the member in struct NAME.
type structMember struct {
	name    string
	index   int
	offset  uint64
	program int
}

// structLayout carries a variable's members over into the kernel's struct.
type structLayout struct {
	from, to  *rawbtf.Table
	ops       *mapdef.StructOps
	programs  map[uint64]int // rank in ops.Programs, by offset
	kernel    rawbtf.Type    // struct NAME
	kernelAt  map[string]int // its members by name
	dataStart uint64         // of struct NAME in the value
	image     *structImage
}

// layoutStructOps builds the image of ops for a kernel whose value type is
// value, struct bpf_struct_ops_NAME (R122, R125). Members go by name. An unknown
// one may only be zero.
func layoutStructOps(obj *rawbtf.Table, ops *mapdef.StructOps, types *targetTypes, value rawbtf.Type) (*structImage, error) {
	s := structLayout{from: obj, to: types.table, ops: ops, programs: make(map[uint64]int, len(ops.Programs)),
		image: &structImage{types: types, valueType: value.ID, value: make([]byte, value.Size())}}
	for i := range ops.Programs {
		s.programs[ops.Programs[i].Offset] = i
	}
	found := false
	for i := range value.Vlen {
		m := value.Member(i)
		if ty := s.to.Type(m.Type); ty.Kind == rawbtf.Struct && ty.NameIs(ops.TypeName) {
			s.kernel, s.dataStart, found = ty, uint64(m.BitOffset)/8, true
			break
		}
	}
	if !found {
		return nil, fmt.Errorf("the kernel's struct %s has no member of type struct %s", value.Name(), ops.TypeName)
	}
	s.image.opsType = s.kernel.ID
	s.kernelAt = make(map[string]int, s.kernel.Vlen)
	for i := s.kernel.Vlen - 1; i >= 0; i-- {
		s.kernelAt[s.kernel.Member(i).Name()] = i
	}
	ty := obj.Type(ops.Type)
	for i := range ty.Vlen {
		if err := s.member(ty.Member(i)); err != nil {
			return nil, fmt.Errorf("member %q of struct %s: %w", ty.Member(i).Name(), ty.Name(), err)
		}
	}
	return s.image, nil
}

func (s *structLayout) member(m rawbtf.Member) error {
	size, err := s.from.Sizeof(m.Type)
	if err != nil {
		return err
	}
	off := uint64(m.BitOffset) / 8
	bytes := uint64(size)
	if m.BitSize != 0 {
		bytes = (uint64(m.BitOffset)%8 + uint64(m.BitSize) + 7) / 8
	}
	data, ok := mapdef.Span(s.ops.Data, off, bytes)
	if !ok {
		return errors.New("it reaches beyond its struct")
	}
	rank, set := s.programs[off]
	set = set && m.BitSize == 0 && isFunctionPointer(s.from, m.Type)
	index, known := s.kernelAt[m.Name()]
	switch {
	case !known && set:
		s.image.missing = append(s.image.missing, s.ops.Programs[rank])
		return nil
	case !known && allZero(data):
		return nil
	case !known:
		return errors.New("the kernel's struct has no such member, and it is not zero")
	}
	km := s.kernel.Member(index)
	if m.BitSize != 0 || km.BitSize != 0 {
		return errors.New("bit fields are not supported")
	}
	from, err := s.from.Strip(m.Type)
	if err != nil {
		return err
	}
	to, err := s.to.Strip(km.Type)
	if err != nil {
		return err
	}
	if from.Kind != to.Kind {
		return fmt.Errorf("it is %s here and %s in the kernel", from.Kind, to.Kind)
	}
	dst := s.dataStart + uint64(km.BitOffset)/8
	if from.Kind == rawbtf.Ptr {
		return s.pointer(km, index, dst, data, rank, set)
	}
	return s.copy(km, dst, data)
}

// pointer sets a function pointer; other pointers can only be NULL.
func (s *structLayout) pointer(km rawbtf.Member, index int, dst uint64, data []byte, rank int, set bool) error {
	switch {
	case !set && allZero(data):
		return nil
	case !set:
		return errors.New("a pointer can only be set to a program")
	case !isFunctionPointer(s.to, km.Type):
		return errors.New("the kernel's member is not a pointer to a function")
	}
	if _, ok := mapdef.Span(s.image.value, dst, mapdef.PointerSize); !ok {
		return errors.New("the kernel's member reaches beyond its struct")
	}
	p := &s.ops.Programs[rank]
	s.image.members = append(s.image.members, structMember{name: p.Name, index: index, offset: dst, program: p.Program})
	return nil
}

// copy takes over data, nested structs and arrays included.
func (s *structLayout) copy(km rawbtf.Member, dst uint64, data []byte) error {
	size, err := s.to.Sizeof(km.Type)
	if err != nil {
		return fmt.Errorf("the kernel's member: %w", err)
	}
	if uint64(size) != uint64(len(data)) {
		return fmt.Errorf("it has %d bytes here and %d in the kernel", len(data), size)
	}
	to, ok := mapdef.Span(s.image.value, dst, uint64(size))
	if !ok {
		return errors.New("the kernel's member reaches beyond its struct")
	}
	copy(to, data)
	return nil
}
