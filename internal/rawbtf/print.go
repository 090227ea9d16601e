package rawbtf

import (
	"strconv"
	"strings"
)

// CName writes the type as a C declaration without a name: "struct foo",
// "const char *", "int[4]", "struct {…}" for an anonymous one.
func (t *Table) CName(id ID) string { return t.cname(id, maxDepth) }

// Prototype writes a function's type as "int (const struct sk_buff *, u32)", any
// other as CName does.
func (t *Table) Prototype(id ID) string {
	ty := t.Type(id)
	if ty.Kind != FuncProto {
		return t.CName(id)
	}
	const most = 12 // the kernel knows no function with more
	var params []string
	for i := range min(ty.Vlen, most) {
		p := ty.Param(i)
		if p.Type == 0 { // at the end of "int (int, ...)"
			params = append(params, "...")
		} else {
			params = append(params, t.CName(p.Type))
		}
	}
	if ty.Vlen > most {
		params = append(params, "…")
	}
	if ty.Vlen == 0 {
		params = append(params, "void")
	}
	return t.CName(ty.Ref()) + " (" + strings.Join(params, ", ") + ")"
}

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
