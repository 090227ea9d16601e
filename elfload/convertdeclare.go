package elfload

import (
	"fmt"
	"math"
	"strings"

	"github.com/bpfload/bpfload/internal/rawbtf"
)

// declare writes the declaration of something called inner, which may be a
// declarator ("*x", "x[4]") or nothing, with that type. Anonymous structs are
// spelled out, indented by that many tabs.
func (c *cTypes) declare(id rawbtf.ID, inner string, indent, depth int) (string, error) {
	if err := c.step(depth); err != nil {
		return "", err
	}
	ty := c.t.Type(id)
	switch ty.Kind {
	case rawbtf.Ptr:
		inner = "*" + inner
		if k := c.declarator(ty.Ref()); k == rawbtf.Array || k == rawbtf.FuncProto {
			inner = "(" + inner + ")"
		}
		return c.declare(ty.Ref(), inner, indent, depth+1)
	case rawbtf.Array:
		return c.declare(ty.Array().Elem, fmt.Sprintf("%s[%d]", inner, ty.Array().Nelems), indent, depth+1)
	case rawbtf.FuncProto:
		params, err := c.params(ty, depth)
		if err != nil {
			return "", err
		}
		return c.declare(ty.Ref(), inner+"("+params+")", indent, depth+1)
	case rawbtf.Const, rawbtf.Volatile, rawbtf.Restrict:
		word := ty.Kind.String()
		if c.declarator(ty.Ref()) == rawbtf.Ptr { // it is the pointer that is const
			if inner != "" && inner[0] != '[' && inner[0] != '(' {
				word += " "
			}
			return c.declare(ty.Ref(), word+inner, indent, depth+1)
		}
		if ty.Kind == rawbtf.Restrict { // of no use but on pointers
			return c.declare(ty.Ref(), inner, indent, depth+1)
		}
		text, err := c.declare(ty.Ref(), inner, indent, depth+1)
		return word + " " + text, err
	case rawbtf.TypeTag:
		return c.declare(ty.Ref(), strings.TrimSuffix("__attribute__((btf_type_tag("+cString(ty.Name())+"))) "+inner, " "), indent, depth+1)
	}
	base, err := c.base(ty, indent, depth)
	if err != nil || inner == "" {
		return base, err
	}
	return base + " " + inner, nil
}

// declarator is the kind below qualifiers and tags, which says where a
// qualifier or star is written.
func (c *cTypes) declarator(id rawbtf.ID) rawbtf.Kind {
	ty, err := c.t.StripMods(id)
	if err != nil {
		return rawbtf.Void
	}
	return ty.Kind
}

func (c *cTypes) params(ty rawbtf.Type, depth int) (string, error) {
	if ty.Vlen == 0 {
		return "void", nil
	}
	list := make([]string, ty.Vlen)
	for i := range list {
		p := ty.Param(i)
		if p.Type == 0 && i == ty.Vlen-1 && i > 0 {
			list[i] = "..."
			continue
		}
		var err error
		if list[i], err = c.declare(p.Type, "", 0, depth+1); err != nil {
			return "", err
		}
	}
	return strings.Join(list, ", "), nil
}

// base is a type that is written before the declarator.
func (c *cTypes) base(ty rawbtf.Type, indent, depth int) (string, error) {
	switch ty.Kind {
	case rawbtf.Void:
		return "void", nil
	case rawbtf.Int:
		return cInt(ty)
	case rawbtf.Float:
		return cFloat(ty)
	case rawbtf.Typedef:
		return c.label[ty.ID], nil
	case rawbtf.Fwd:
		return fwdWord(ty) + " " + c.label[ty.ID], nil
	case rawbtf.Struct, rawbtf.Union:
		if ty.Name() != "" {
			return fwdWord(ty) + " " + c.label[ty.ID], nil
		}
		body, err := c.body(ty, indent, depth)
		return fwdWord(ty) + " " + body, err
	case rawbtf.Enum, rawbtf.Enum64:
		if ty.Name() != "" {
			return "enum " + c.label[ty.ID], nil
		}
		return c.anonymousEnum(ty, depth)
	}
	return "", fmt.Errorf("has a part of kind %s", ty.Kind)
}

// body is the members of a struct or union in braces, laid out as BTF says.
func (c *cTypes) body(ty rawbtf.Type, indent, depth int) (string, error) {
	l, err := c.layout(ty, depth)
	if err != nil {
		return "", err
	}
	tabs := strings.Repeat("\t", indent+1)
	var b strings.Builder
	b.WriteString("{\n")
	scope := newCNames()
	for i := range ty.Vlen {
		m := ty.Member(i)
		writePad(&b, tabs, l.fields[i].from, l.fields[i].pad)
		name := ""
		if m.Name() != "" {
			name = scope.take(m.Name())
		} else if k := c.t.Type(m.Type); (k.Kind != rawbtf.Struct && k.Kind != rawbtf.Union) || k.Name() != "" {
			return "", fmt.Errorf("has a member without a name")
		}
		if bits := l.fields[i].bits; bits != 0 {
			name = fmt.Sprintf("%s:%d", name, bits)
		}
		text, err := c.declare(m.Type, name, indent+1, depth+1)
		if err != nil {
			return "", err
		}
		b.WriteString(tabs + text + ";\n")
		if b.Len() > maxTypeText {
			return "", errTypeSize
		}
	}
	writePad(&b, tabs, l.end, l.tail)
	b.WriteString(strings.Repeat("\t", indent) + "}" + l.attributes())
	return b.String(), nil
}

// writePad writes unnamed bit fields from one bit on. None crosses the bounds of its
// type, so that each begins where the last one ends.
func writePad(b *strings.Builder, tabs string, from, bits uint64) {
	for bits > 0 {
		n := min(bits, 64-from%64)
		fmt.Fprintf(b, "%sunsigned long long :%d;\n", tabs, n)
		from, bits = from+n, bits-n
	}
}

// anonymousEnum is spelled out at its first use among the types. Further ones are integers of
// its size, as C would take the enumerators for other ones.
func (c *cTypes) anonymousEnum(ty rawbtf.Type, depth int) (string, error) {
	if !c.inlined[ty.ID] && !c.inMember {
		c.inlined[ty.ID] = true
		body, err := c.enumBody(ty, depth)
		return "enum " + body, err
	}
	return cIntOf(ty.Size(), ty.KindFlag)
}

func (c *cTypes) enumBody(ty rawbtf.Type, depth int) (string, error) {
	var b strings.Builder
	b.WriteString("{ ")
	for i := range ty.Vlen {
		if err := c.step(depth); err != nil {
			return "", err
		}
		e := ty.Enumerator(i)
		if b.Len() > maxTypeText {
			return "", errTypeSize
		}
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(c.names.constant(e.Name, e.Value) + " = ")
		switch {
		case e.Signed:
			fmt.Fprint(&b, int64(e.Value))
		case ty.Kind == rawbtf.Enum && e.Value > math.MaxUint32-maxErrno:
			// Compilers up to clang 15 do not tell the sign; this is -1, -EPERM, …
			fmt.Fprint(&b, int32(e.Value))
		case ty.Kind == rawbtf.Enum64:
			fmt.Fprintf(&b, "%dULL", e.Value)
		default:
			fmt.Fprint(&b, e.Value)
		}
	}
	if ty.Vlen == 0 {
		return "", fmt.Errorf("is an enum without enumerators")
	}
	b.WriteString(" }")
	switch {
	case ty.Size() < 4:
		b.WriteString(" __attribute__((packed))")
	case ty.Size() == 8:
		b.WriteString(" __attribute__((mode(DI)))")
	}
	return b.String(), nil
}

// maxErrno is how far below 0 an enumerator of unknown sign is taken for negative.
const maxErrno = 4095

// cInts are the spellings of integers that C and clang's BTF share, by size in bytes.
var cInts = map[string]uint32{
	"char": 1, "signed char": 1, "unsigned char": 1, "_Bool": 1, "short": 2, "unsigned short": 2, "int": 4, "unsigned int": 4,
	"long": 8, "unsigned long": 8, "long long": 8, "unsigned long long": 8, "__int128": 16, "unsigned __int128": 16,
	"short int": 2, "short unsigned int": 2, "long int": 8, "long unsigned int": 8, "long long int": 8, "long long unsigned int": 8,
	"__int128 unsigned": 16,
}

// cInt is an integer by its name, else (other languages) by its size.
func cInt(ty rawbtf.Type) (string, error) {
	name := ty.Name()
	if cInts[name] == ty.Size() && ty.Size() != 0 {
		return name, nil
	}
	if ty.Int().Encoding&rawbtf.IntBool != 0 && ty.Size() == 1 {
		return "_Bool", nil
	}
	return cIntOf(ty.Size(), ty.Int().Encoding&rawbtf.IntSigned != 0)
}

// cIntOf is an integer of that size in bytes.
func cIntOf(size uint32, signed bool) (string, error) {
	word := map[uint32]string{1: "char", 2: "short", 4: "int", 8: "long long", 16: "__int128"}[size]
	switch {
	case word == "":
		return "", fmt.Errorf("has an integer of %d bytes", size)
	case !signed:
		return "unsigned " + word, nil
	case size == 1:
		return "signed char", nil
	}
	return word, nil
}

func cFloat(ty rawbtf.Type) (string, error) {
	switch ty.Size() {
	case 4:
		return "float", nil
	case 8:
		return "double", nil
	}
	return "", fmt.Errorf("has a floating-point number of %d bytes", ty.Size())
}
