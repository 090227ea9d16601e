package bpftest

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"

	"github.com/cilium/ebpf/btf"
)

// A value as BTF describes it is one of: int64, uint64, bool, float64, text,
// enumerator, record, []any, or raw for what BTF does not tell.
type (
	text   string // a char array, up to the first NUL
	raw    []byte
	record []field
	field  struct {
		name  string
		value any
	}
	enumerator struct {
		name  string // "" for a number that has none
		value int64
	}
)

// maxDepth bounds the nesting of types.
const maxDepth = 32

// decode reads a value of that type. b is as long as the type or longer.
func decode(t btf.Type, b []byte, depth int) (any, error) {
	t = btf.UnderlyingType(t)
	size, err := btf.Sizeof(t)
	switch {
	case err != nil:
		return nil, err
	case size > len(b):
		return nil, fmt.Errorf("%v needs %d bytes, there are %d", t, size, len(b))
	case depth > maxDepth:
		return nil, fmt.Errorf("types nest too deep")
	}
	b = b[:size]
	switch t := t.(type) {
	case *btf.Int:
		return decodeInt(t, b), nil
	case *btf.Enum:
		n := number(b, t.Signed)
		for _, v := range t.Values {
			if v.Value == uint64(n) || int64(int32(v.Value)) == n && t.Signed {
				return enumerator{v.Name, n}, nil
			}
		}
		return enumerator{"", n}, nil
	case *btf.Float:
		if size == 4 {
			return float64(math.Float32frombits(binary.NativeEndian.Uint32(b))), nil
		}
		return math.Float64frombits(binary.NativeEndian.Uint64(b)), nil
	case *btf.Pointer:
		return uint64(number(b, false)), nil
	case *btf.Array:
		return decodeArray(t, b, depth)
	case *btf.Struct:
		return decodeMembers(t.Members, b, depth)
	case *btf.Union:
		return decodeMembers(t.Members, b, depth)
	case *btf.Datasec:
		return decodeSection(t, b, depth)
	}
	return raw(b), nil
}

// number reads 1, 2, 4 or 8 bytes, else 0.
func number(b []byte, signed bool) int64 {
	switch len(b) {
	case 1:
		if signed {
			return int64(int8(b[0]))
		}
		return int64(b[0])
	case 2:
		n := binary.NativeEndian.Uint16(b)
		if signed {
			return int64(int16(n))
		}
		return int64(n)
	case 4:
		n := binary.NativeEndian.Uint32(b)
		if signed {
			return int64(int32(n))
		}
		return int64(n)
	case 8:
		return int64(binary.NativeEndian.Uint64(b))
	}
	return 0
}

func decodeInt(t *btf.Int, b []byte) any {
	switch {
	case len(b) > 8:
		return raw(b)
	case t.Encoding == btf.Bool:
		return b[0] != 0
	case t.Encoding == btf.Signed:
		return number(b, true)
	}
	return uint64(number(b, false))
}

func decodeArray(t *btf.Array, b []byte, depth int) (any, error) {
	elem := btf.UnderlyingType(t.Type)
	if in, ok := elem.(*btf.Int); ok && in.Size == 1 && in.Encoding != btf.Bool && (in.Encoding == btf.Char || in.Name == "char") {
		s, _, _ := bytes.Cut(b, []byte{0})
		return text(s), nil
	}
	size, err := btf.Sizeof(elem)
	if err != nil {
		return nil, err
	}
	list := make([]any, 0, t.Nelems)
	for i := 0; i < int(t.Nelems); i++ {
		v, err := decode(elem, b[i*size:], depth+1)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	return list, nil
}

func decodeMembers(members []btf.Member, b []byte, depth int) (any, error) {
	var r record
	for _, m := range members {
		var v any
		var err error
		if m.BitfieldSize != 0 {
			v = bits(m, b)
		} else if off := int(m.Offset.Bytes()); off > len(b) {
			err = fmt.Errorf("member %q begins behind the value", m.Name)
		} else {
			v, err = decode(m.Type, b[off:], depth+1)
		}
		if err != nil {
			return nil, err
		}
		if inner, ok := v.(record); ok && m.Name == "" {
			r = append(r, inner...) // an anonymous struct's members are its outer's
			continue
		}
		r = append(r, field{m.Name, v})
	}
	return r, nil
}

// bits reads a bit field, of which BTF counts bits from the lowest one on little
// endian machines.
func bits(m btf.Member, b []byte) any {
	var n uint64
	for i := 0; i < int(m.BitfieldSize); i++ {
		at := int(m.Offset) + i
		shift := at % 8
		if binary.NativeEndian.Uint16([]byte{0, 1}) == 1 {
			shift = 7 - shift
		}
		if at/8 >= len(b) {
			break
		}
		bit := uint64(b[at/8]>>shift) & 1
		if binary.NativeEndian.Uint16([]byte{0, 1}) == 1 {
			n = n<<1 | bit
		} else {
			n |= bit << i
		}
	}
	if in, ok := btf.UnderlyingType(m.Type).(*btf.Int); ok && in.Encoding == btf.Signed {
		unused := 64 - int(m.BitfieldSize)
		return int64(n<<unused) >> unused
	}
	return n
}

func decodeSection(t *btf.Datasec, b []byte, depth int) (any, error) {
	var r record
	for _, v := range t.Vars {
		variable, ok := v.Type.(*btf.Var)
		if !ok || int(v.Offset) > len(b) {
			continue
		}
		value, err := decode(variable.Type, b[v.Offset:], depth+1)
		if err != nil {
			return nil, err
		}
		r = append(r, field{variable.Name, value})
	}
	return r, nil
}
