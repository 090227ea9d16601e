package progs

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/bpfload/bpfload/internal/rawbtf"
)

// maxAccess bounds the steps of an access string (BPF_CORE_SPEC_MAX_LEN in libbpf).
const maxAccess = 64

// parseAccess reads an access string: "0:1:2".
func parseAccess(s string) ([]int, error) {
	if strings.Count(s, ":") >= maxAccess {
		return nil, fmt.Errorf("access string has more than %d steps", maxAccess)
	}
	var out []int
	for part := range strings.SplitSeq(s, ":") {
		n, err := strconv.ParseUint(part, 10, 31)
		if err != nil {
			return nil, fmt.Errorf("access string %q is not numbers and colons", s)
		}
		out = append(out, int(n))
	}
	return out, nil
}

// accessName writes what a relocation is about as C: "struct task_struct.pid",
// "struct foo[2].bar.baz[1]", "enum state::RUNNING", or the type alone.
func accessName(t *rawbtf.Table, relo CoreRelo) string {
	name := t.CName(relo.TypeID)
	path, err := parseAccess(relo.Access)
	ty, stripErr := t.Strip(relo.TypeID)
	if err != nil || stripErr != nil {
		return name
	}
	switch CoreKindName(relo.Kind) {
	case "byte_off", "byte_sz", "field_exists", "signed", "lshift_u64", "rshift_u64":
		return name + fieldName(t, ty, path)
	case "enumval_exists", "enumval_value":
		if e := ty.Enumerator(path[0]); e.Name != "" {
			return name + "::" + e.Name
		}
	}
	return name
}

func fieldName(t *rawbtf.Table, ty rawbtf.Type, path []int) string {
	var b strings.Builder
	if path[0] != 0 {
		fmt.Fprintf(&b, "[%d]", path[0])
	}
	for _, step := range path[1:] {
		var err error
		next := rawbtf.ID(0)
		switch ty.Kind {
		case rawbtf.Struct, rawbtf.Union:
			if step >= ty.Vlen {
				return b.String() + ".?"
			}
			m := ty.Member(step)
			if next = m.Type; m.Name() != "" {
				b.WriteString("." + m.Name())
			}
		case rawbtf.Array:
			next = ty.Array().Elem
			fmt.Fprintf(&b, "[%d]", step)
		default:
			return b.String() + ".?"
		}
		if ty, err = t.Strip(next); err != nil {
			return b.String() + ".?"
		}
	}
	return b.String()
}
