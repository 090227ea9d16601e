package legacymaps

import (
	"slices"
	"strings"
)

// verdict is a dialect and why. An empty dialect means that nothing is known;
// candidates then lists those between which nothing decides.
type verdict struct {
	dialect    string
	why        string
	neutral    bool // every dialect would read the same: another verdict may stand
	candidates []string
	// elem and at are the place that leaves it open: bytes from the element's start.
	elem *element
	at   uint64
}

// nameRule is one line of L112's second table: all members, or the struct's
// name, make the dialect. Earlier rules win.
type nameRule struct {
	structName string
	members    []string
	dialect    string
}

var nameRules = [...]nameRule{
	{members: []string{"size_key"}, dialect: dIproute2},
	{structName: "bpf_elf_map", dialect: dIproute2},
	{members: []string{"pinning_strategy"}, dialect: dIproute2},
	{structName: "bpf_map_def_extended", dialect: dIproute2},
	{members: []string{"persistent_path"}, dialect: dGoebpf},
	{members: []string{"namespace", "inner_map_idx"}, dialect: dDatadog},
	{members: []string{"namespace"}, dialect: dGobpf},
	{members: []string{"inner_map_fd"}, dialect: dAWS},
	{structName: "bpf_map_def_pvt", dialect: dAWS},
	{members: []string{"feat_flags"}, dialect: dDeepflow},
	{members: []string{"gid", "mode"}, dialect: dAndroid},
	{members: []string{"inner_id", "inner_map_idx"}, dialect: dWindows},
	{members: []string{"size", "inner_map_idx"}, dialect: dWindows},
	{structName: "_ebpf_map_definition_in_file", dialect: dWindows},
	{structName: "bpf_map", dialect: dPerf},
	{members: []string{"inner_map_idx"}, dialect: dSamples},
	{members: []string{"id", "pinning"}, dialect: dAya},
}

// byNames judges one struct (L112).
func byNames(s *structInfo) verdict {
	for _, r := range nameRules {
		switch {
		case r.structName != "" && s.name == r.structName:
			return verdict{dialect: s.version(r.dialect), why: "BTF struct " + s.name}
		case r.structName == "" && s.has(r.members...):
			return verdict{dialect: s.version(r.dialect), why: "BTF member " + strings.Join(r.members, " and ") + " of struct " + s.name}
		}
	}
	return verdict{dialect: dLibbpf, why: "BTF members of struct " + s.name, neutral: true}
}

// version tells iproute2's old layouts, which have no flags, from the later ones.
func (s *structInfo) version(dialect string) string {
	switch {
	case dialect != dIproute2 || s.holds(fFlags):
		return dialect
	case s.holds(fPinning):
		return dIproute245
	case s.holds(fID):
		return dIproute241
	}
	return dialect
}

func (s *structInfo) holds(id fieldID) bool {
	return slices.ContainsFunc(s.layout.fields, func(f field) bool { return f.id == id })
}
