package rawbtf

// Compatible tells whether a variable or function declared with type id of t
// may stand for one of type other of to, as CO-RE compares types: names are not
// compared, nor what is inside structs, unions and enums; pointers, arrays and
// prototypes are followed; integers are alike whatever their size and sign
// (libbpf's bpf_core_types_are_compat). A struct or union that is only declared
// stands for any, as in C; libbpf wants it defined. Types that form a cycle or
// nest too deep are not compatible.
func (t *Table) Compatible(id ID, to *Table, other ID) bool {
	if !sameKind(t.Type(id), to.Type(other)) {
		return false
	}
	c := comparison{a: t, b: to, budget: maxComparisons}
	return c.compatible(id, other, maxDepth)
}

// maxComparisons bounds the pairs of types that are compared: prototypes within
// prototypes could make them grow without end.
const maxComparisons = 1 << 16

type comparison struct {
	a, b   *Table
	budget int
}

func (c *comparison) compatible(a, b ID, depth int) bool {
	for range maxDepth {
		if c.budget--; c.budget < 0 {
			return false
		}
		x, err1 := c.a.Strip(a)
		y, err2 := c.b.Strip(b)
		if err1 != nil || err2 != nil || !sameKind(x, y) {
			return false
		}
		switch x.Kind {
		case Void, Struct, Union, Enum, Enum64, Fwd:
			return true
		case Int:
			return x.Int().Offset == 0 && y.Int().Offset == 0
		case Ptr:
			a, b = x.Ref(), y.Ref()
		case Array:
			a, b = x.Array().Elem, y.Array().Elem
		case FuncProto:
			if !c.params(x, y, depth-1) {
				return false
			}
			a, b = x.Ref(), y.Ref()
		default:
			return false
		}
	}
	return false
}

func (c *comparison) params(x, y Type, depth int) bool {
	if x.Vlen != y.Vlen || depth <= 0 {
		return false
	}
	for i := range x.Vlen {
		if !c.compatible(x.Param(i).Type, y.Param(i).Type, depth) {
			return false
		}
	}
	return true
}

// sameKind counts the two widths of enums as one, and a declaration as what it declares.
func sameKind(x, y Type) bool {
	enum := func(k Kind) bool { return k == Enum || k == Enum64 }
	return x.Kind == y.Kind || enum(x.Kind) && enum(y.Kind) || declares(x, y.Kind) || declares(y, x.Kind)
}

// declares tells that x is the mere declaration of something of that kind.
func declares(x Type, kind Kind) bool {
	return x.Kind == Fwd && (kind == Struct && !x.KindFlag || kind == Union && x.KindFlag)
}
