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
// refuses dots (R160). A name with a slash or NUL, or an empty one, is refused.
func pinFile(name string) (string, error) {
	switch {
	case name == "":
		return "", fmt.Errorf("an empty name cannot be pinned")
	case strings.ContainsAny(name, "/\x00"):
		return "", fmt.Errorf("name %q cannot be pinned: it holds a slash or NUL", name)
	case len(name) > 255:
		return "", fmt.Errorf("name of %d bytes cannot be pinned: a file name has at most 255", len(name))
	}
	return strings.ReplaceAll(name, ".", "_"), nil
}
