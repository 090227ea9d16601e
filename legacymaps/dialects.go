package legacymaps

import (
	"fmt"
	"strings"
	"sync"

	"github.com/bpfload/bpfload/internal/mapdef"
)

// dialect is one convention: which rows of the layout table it has and what its
// further fields mean.
type dialect struct {
	name, summary string
	layouts       []layout
	// define adds to one definition what its own fields say; nil for nothing.
	define func(*parser, *record, *mapdef.Def) error
	// link resolves what definitions say about each other: inner maps and slots.
	// first is the index in the parser's list of the section's first definition.
	link func(p *parser, g *group, first int) error
	// relocs: definitions may be patched by relocations (L23).
	relocs bool
	// refuse says why such objects cannot be loaded.
	refuse string
}

// The names that other files of the package compare with.
const (
	dSamples    = "samples"
	dLibbpf     = "libbpf"
	dIproute2   = "iproute2"
	dIproute245 = "iproute2-4.5"
	dIproute241 = "iproute2-4.1"
	dGobpf      = "gobpf"
	dDatadog    = "datadog"
	dAya        = "aya"
	dGoebpf     = "goebpf"
	dAndroid    = "android"
	dAWS        = "aws"
	dDeepflow   = "deepflow"
	dKatran     = "katran"
	dRedbpf     = "redbpf"
	dCilium     = "cilium"
	dCalico     = "calico"
	dFalco      = "falco"
	dPerf       = "perf"
	dLirc       = "lirc"
	dWindows    = "windows"
)

// dialectTable is the table, made once; nobody changes it.
var dialectTable = sync.OnceValue(dialects)

// dialects is the table, in the order of L110; derivatives and what is refused
// come last.
func dialects() []dialect {
	iproute2 := func(name, summary string, rows []layout) dialect {
		return dialect{name: name, summary: summary, layouts: rows, define: (*parser).defineIproute2, link: (*parser).linkIproute2}
	}
	return []dialect{
		{name: dSamples, summary: "kernel samples/bpf: inner map by index, NUMA node (16 to 28 bytes)",
			layouts: samplesLayouts(), link: (*parser).linkByIndex},
		{name: dLibbpf, summary: "libbpf up to 0.8: map flags, nothing more (16 or 20 bytes)", layouts: libbpfLayouts()},
		iproute2(dIproute2, "tc and ip since 4.6, Cilium, Calico: id, pinning, inner map by id, tail calls by section name (up to 36 bytes)", iproute2Layouts()),
		iproute2(dIproute245, "tc and ip 4.5: id and pinning without flags (24 bytes)", iproute245Layouts()),
		iproute2(dIproute241, "tc and ip 4.1 to 4.4: id without flags (20 bytes)", iproute241Layouts()),
		{name: dGobpf, summary: "gobpf, tcptracer, old Datadog agent: pinning and namespace (16 or 280 bytes)",
			layouts: gobpfLayouts(), define: (*parser).defineGobpf},
		{name: dDatadog, summary: "DataDog/ebpf: inner map by index, pinning, namespace (284 bytes)",
			layouts: datadogLayouts(), define: (*parser).defineGobpf, link: (*parser).linkByIndex},
		{name: dAya, summary: "aya (Rust): pinning by name (20 to 28 bytes)", layouts: ayaLayouts(), define: (*parser).defineAya},
		{name: dGoebpf, summary: "dropbox/goebpf: inner map and pin path by pointer (40 bytes)",
			layouts: goebpfLayouts(), define: (*parser).defineGoebpf, link: (*parser).linkGoebpf, relocs: true},
		{name: dAndroid, summary: "Android bpfloader: owner, mode, version gates, pin directory (28 to 120 bytes)",
			layouts: androidLayouts(), define: (*parser).defineAndroid, link: (*parser).linkByIndex},
		{name: dAWS, summary: "AWS eBPF SDK: pinning at byte 20 (28 bytes)", layouts: awsLayouts(), define: (*parser).defineAWS},
		{name: dDeepflow, summary: "DeepFlow agent: byte 16 is not map flags (20 bytes)", layouts: deepflowLayouts()},
		{name: dKatran, summary: "katran: inner map by number of a prototype that the host gives (28 bytes)",
			layouts: samplesLayouts(), link: (*parser).linkKatran},
		{name: dRedbpf, summary: "redbpf (Rust): as libbpf, types in section maps.ext (20 bytes)", layouts: libbpfLayouts()},
		iproute2(dCilium, "Cilium: as iproute2", iproute2Layouts()),
		iproute2(dCalico, "Calico: as iproute2", iproute2Layouts()),
		{name: dFalco, summary: "Falco and sysdig probe: as samples, without inner map and NUMA node (28 bytes)", layouts: falcoLayouts()},
		{name: dPerf, summary: "perf: as libbpf, zero from byte 20 on (28 bytes)", layouts: libbpfLayouts()},
		{name: dLirc, summary: "ir-keytable's decoders: as samples, section lirc_mode2/maps, addresses of variables are their values (28 bytes)",
			layouts: samplesLayouts(), link: (*parser).linkByIndex},
		{name: dWindows, summary: "eBPF for Windows", layouts: libbpfLayouts(),
			refuse: "the object holds map definitions of eBPF for Windows, whose map types are not Linux's; it cannot be loaded here"},
	}
}

// row is the dialect of that name, nil if there is none.
func (p *parser) row(name string) *dialect {
	for i := range p.table {
		if p.table[i].name == name {
			return &p.table[i]
		}
	}
	return nil
}

// iproute2Family tells whether tail calls go by iproute2's rules (L61).
func iproute2Family(name string) bool {
	switch name {
	case dIproute2, dIproute245, dIproute241, dCilium, dCalico:
		return true
	}
	return false
}

// samplesFamily tells whether tail calls go by the samples loader's rules (L36).
func samplesFamily(name string) bool { return name == dSamples || name == dKatran }

// chosenDialect is the caller's word (L110): nil where it asks for detection.
func (p *parser) chosenDialect() (*dialect, error) {
	name := p.opts.Dialect
	if name == "" || name == Auto {
		return nil, nil
	}
	d := p.row(name)
	if d != nil && d.refuse == "" {
		return d, nil
	}
	names := []string{Auto}
	for _, info := range Dialects() {
		names = append(names, info.Name)
	}
	return nil, &mapdef.Error{Kind: mapdef.ErrUsage, Stage: mapdef.StageRead, Code: "unknown_dialect",
		Err: fmt.Errorf("unknown dialect %q", name), Hint: "Known dialects: " + strings.Join(names, ", ") + "."}
}
