package rawbtf

import (
	"strconv"
	"strings"
)

// CName writes the type as a C declaration without a name: "struct foo",
// "const char *", "int[4]", "struct {…}" for an anonymous one.
func (t *Table) CName(id ID) string { return t.cname(id, maxDepth) }

func (t *Table) cname(id ID, depth int) string {
	if depth == 0 {
		return "…"
	}
	ty := t.Type(id)
	ref := func() string { return t.cname(ty.Ref(), depth-1) }
	switch ty.Kind {
	case Void:
		return "void"
	case Struct, Union, Enum, Enum64:
		word := strings.TrimSuffix(ty.Kind.String(), "64")
		if ty.nameOff == 0 {
			return word + " {…}"
		}
		return word + " " + ty.Name()
	case Fwd:
		if ty.KindFlag {
			return "union " + ty.Name()
		}
		return "struct " + ty.Name()
	case Ptr:
		s := ref()
		if strings.HasSuffix(s, "*") {
			return s + "*"
		}
		return s + " *"
	case Array:
		var dims strings.Builder
		for ty.Kind == Array && depth > 0 {
			a := ty.Array()
			dims.WriteString("[" + strconv.FormatUint(uint64(a.Nelems), 10) + "]")
			ty, depth = t.Type(a.Elem), depth-1
		}
		return t.cname(ty.ID, depth) + dims.String()
	case Const, Volatile, Restrict:
		s := ref()
		if strings.HasSuffix(s, "*") {
			return s + " " + ty.Kind.String()
		}
		return ty.Kind.String() + " " + s
	case TypeTag, Var, DeclTag:
		return ref()
	case FuncProto:
		return "function"
	}
	return ty.Name()
}
