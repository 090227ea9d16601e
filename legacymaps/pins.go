package legacymaps

import (
	"path"
	"strings"
)

// pinPath joins the parts of a pin's place below the bpffs root. The result must
// be its own cleaned form and stay below the root (L72): anything else is an error.
func (r *record) pinPath(parts ...string) (string, error) {
	joined := strings.Join(parts, "/")
	if joined == "" || path.Clean(joined) != joined || path.IsAbs(joined) || joined == "." || joined == ".." ||
		strings.HasPrefix(joined, "../") || strings.ContainsRune(joined, 0) {
		return "", r.failf("pin_path", r.at(fPinning), "pin path %q is not a clean path below the bpffs root", joined)
	}
	return joined, nil
}

// pinName is the map's name where it becomes one file name: no slash in it.
func (r *record) pinName(name string) (string, error) {
	if name == "" || name == "." || name == ".." || strings.ContainsAny(name, "/\x00") {
		return "", r.failf("pin_path", r.at(fPinning), "name %q cannot be a file name to pin as", name)
	}
	return name, nil
}

// sectionOrName is the name that gobpf gives a map: the rest of "maps/NAME" (L11).
func (e *element) sectionOrName() string {
	if s := suffix(e.sec); s != "" {
		return s
	}
	return e.name
}
