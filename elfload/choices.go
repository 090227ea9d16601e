package elfload

import "github.com/bpfload/bpfload/legacymaps"

// Dialect is one layout of struct bpf_map_def that Options.Dialect can name.
type Dialect = legacymaps.DialectInfo

// Dialects lists the legacy dialects in a fixed order. "auto", which finds out,
// is not among them.
func Dialects() []Dialect { return legacymaps.Dialects() }

// MapFields lists what MapOverride.Field can name.
func MapFields() []string {
	names := make([]string, 0, len(mapFields)+1)
	for _, f := range mapFields {
		names = append(names, f.name)
	}
	return append(names, "pin")
}
