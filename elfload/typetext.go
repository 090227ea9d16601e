package elfload

import (
	"strconv"

	"github.com/bpfload/bpfload/internal/progs"
)

// nameOr is the name, or the number where there is none.
func nameOr(name string, n uint32) string {
	if name != "" {
		return name
	}
	return strconv.FormatUint(uint64(n), 10)
}

// mapTypeText is the type's name, or its number where it has none.
func mapTypeText(t uint32) string { return nameOr(mapTypeName(t), t) }

// programTypeText is libbpf's name of a program type, or its number; "" for 0,
// which is none.
func programTypeText(t uint32) string {
	if t == 0 {
		return ""
	}
	return nameOr(progs.TypeName(t), t)
}

// attachTypeText is libbpf's name of the attach type that a program is loaded
// with, or its number; "" for none.
func attachTypeText(t *progs.SectionType) string {
	if !t.HasAttachType {
		return ""
	}
	return nameOr(progs.AttachTypeName(t.AttachType), t.AttachType)
}
