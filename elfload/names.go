package elfload

import (
	"fmt"
	"strings"

	"github.com/bpfload/bpfload/internal/mapdef"
)

// planNames settles what the kernel calls each map: data sections by R96 to R98,
// others the first 15 bytes of their name (R141, L12). Characters that the kernel
// refuses become '_' with a warning (D13).
func (p *Plan) planNames() error {
	for i := range p.Maps {
		m := &p.Maps[i]
		m.KernelName = kernelName(m.Name)
		if !m.Internal && sanitizeName(m.Name) != m.Name {
			p.warn(Warning{Code: "name_changed", Map: m.Name, Section: m.Section, Offset: mapdef.At(m.Offset),
				Message: fmt.Sprintf("the kernel allows only letters, digits, _ and . in names: it is told %q", m.KernelName)})
		}
	}
	return nil
}

// kernelName is the name cut to what the kernel keeps, with '_' for what it refuses.
func kernelName(name string) string {
	return sanitizeName(name[:min(len(name), kernelNameLength)])
}

// innerName is the template's name in the kernel (R144).
func innerName(outer string) string { return kernelName(outer + ".inner") }

// pinFile is a name as a file on bpffs: every dot becomes '_', since bpffs
// refuses dots (R160). A name with a slash, NUL or another character that is not
// printable, or an empty one, is refused.
func pinFile(name string) (string, error) {
	switch {
	case name == "":
		return "", fmt.Errorf("an empty name cannot be pinned")
	case strings.ContainsAny(name, "/\x00"):
		return "", fmt.Errorf("name %q cannot be pinned: it holds a slash or NUL", name)
	case !Printable(name):
		return "", fmt.Errorf("name %q cannot be pinned: it holds characters that are not printable", name)
	case len(name) > 255:
		return "", fmt.Errorf("name of %d bytes cannot be pinned: a file name has at most 255", len(name))
	}
	return strings.ReplaceAll(name, ".", "_"), nil
}

// dataMapName is the name that users see (R96, R99; D14: a section with a
// second dot keeps its full name, .bss.* as well).
func dataMapName(objectName, section string) string {
	if strings.Contains(section[1:], ".") {
		return section
	}
	n := kernelNameLength - max(7, len(section))
	if n <= 0 {
		return section
	}
	return sanitizeName(objectName[:min(n, len(objectName))]) + section
}

// sanitizeName replaces what the kernel refuses in names by '_' (R98).
func sanitizeName(s string) string {
	clean := func(c byte) bool {
		return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '.'
	}
	for i := range len(s) {
		if clean(s[i]) {
			continue
		}
		b := []byte(s)
		for ; i < len(b); i++ {
			if !clean(b[i]) {
				b[i] = '_'
			}
		}
		return string(b)
	}
	return s
}

// objectName is the file's name as libbpf makes it a prefix: the base name cut
// to 15 bytes and then at the first dot (R95).
func objectName(path string) string {
	base := path[strings.LastIndexByte(path, '/')+1:]
	base = base[:min(len(base), kernelNameLength)]
	if i := strings.IndexByte(base, '.'); i >= 0 {
		base = base[:i]
	}
	return base
}
