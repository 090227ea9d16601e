package rawbtf

import (
	"errors"
	"math"
)

// ErrCycle: a chain of type references is too long to be sound.
var ErrCycle = errors.New("type references form a cycle or nest too deep")

// Strip follows CONST, VOLATILE, RESTRICT, TYPE_TAG and TYPEDEF (libbpf's
// skip_mods_and_typedefs). A cycle gives void with ErrCycle.
func (t *Table) Strip(id ID) (Type, error) { return t.strip(id, true) }

// StripMods follows the same but stops at a TYPEDEF.
func (t *Table) StripMods(id ID) (Type, error) { return t.strip(id, false) }

func (t *Table) strip(id ID, typedefs bool) (Type, error) {
	for range maxDepth {
		ty := t.Type(id)
		switch ty.Kind {
		case Const, Volatile, Restrict, TypeTag:
		case Typedef:
			if !typedefs {
				return ty, nil
			}
		default:
			return ty, nil
		}
		id = ty.sizeType
	}
	return Type{t: t}, ErrCycle
}

// ErrNoSize: the type has no size (void, forward declaration, function).
var ErrNoSize = errors.New("type has no size")

// ErrTooBig: the size is over 4 GiB - 1, which no BTF size can say.
var ErrTooBig = errors.New("type is larger than 4 GiB - 1")

// Sizeof is the size in bytes through qualifiers, typedefs and arrays; a pointer
// has 8 (libbpf's btf__resolve_size, without its wrap-around). ErrNoSize,
// ErrTooBig or ErrCycle otherwise.
func (t *Table) Sizeof(id ID) (uint32, error) {
	n := uint64(1)
	for range maxDepth {
		ty := t.Type(id)
		switch ty.Kind {
		case Int, Struct, Union, Enum, Enum64, Float, Datasec:
			return mulSize(n, uint64(ty.sizeType))
		case Ptr:
			return mulSize(n, 8)
		case Typedef, Const, Volatile, Restrict, TypeTag, Var, DeclTag:
			id = ty.sizeType
		case Array:
			a := ty.Array()
			m := uint64(a.Nelems)
			if m != 0 && n > math.MaxUint64/m/2 {
				return 0, ErrTooBig
			}
			n *= m
			id = a.Elem
		default:
			return 0, ErrNoSize
		}
	}
	return 0, ErrCycle
}

func mulSize(n, size uint64) (uint32, error) {
	if size != 0 && n > math.MaxUint32/size {
		return 0, ErrTooBig
	}
	return uint32(n * size), nil
}

// Find is the first type of that kind and name, void if there is none.
func (t *Table) Find(kind Kind, name string) (Type, bool) {
	for id := max(t.first, 1); uint64(id) < uint64(t.Len()); id++ {
		if ty := t.at(id, t.offsets[id-t.first]); ty.Kind == kind && ty.NameIs(name) {
			return ty, true
		}
	}
	return Type{t: t}, false
}

// FindAny is the first type of that name, whatever its kind (libbpf's btf__find_by_name).
func (t *Table) FindAny(name string) (Type, bool) {
	for id := max(t.first, 1); uint64(id) < uint64(t.Len()); id++ {
		if ty := t.at(id, t.offsets[id-t.first]); ty.NameIs(name) {
			return ty, true
		}
	}
	return Type{t: t}, false
}
