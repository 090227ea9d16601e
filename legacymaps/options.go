package legacymaps

// Auto is the value of Options.Dialect that asks for detection; "" is the same.
const Auto = "auto"

// Options says how to read. The zero value detects the dialect, is strict about
// unknown bytes and knows nothing of the host.
type Options struct {
	// Dialect is the name of a row of Dialects, or Auto.
	Dialect string
	// Relaxed keeps unknown non-zero bytes in Def.Tail instead of refusing them
	// (L14), and lets an inner map stand after its outer map (L32).
	Relaxed bool
	// Strict makes errors of what is otherwise a warning: tail calls into no
	// program array (L62), pinning that the dialect's own loader refuses (L72).
	Strict bool
	// PinTable maps iproute2's custom pinning numbers to directories below the
	// bpffs root (L58); see ParsePinTable.
	PinTable map[uint32]string
	// PinPath gives the place of one map, relative to the bpffs root, by map
	// name or section suffix: gobpf's custom pinning has no other source (L72).
	PinPath map[string]string
	// ObjectID names iproute2's object namespace; default: lower-case hex SHA-1
	// of the file (L57).
	ObjectID string
	// ProgDir is iproute2's directory: "tc" (default), "xdp" or "ip" (L57).
	ProgDir string
	// ObjectName is the object's file name, with or without directory and
	// extension. Android pin names contain it (L94); without it they are not known.
	ObjectName string
	// AndroidPrefix is the location's directory for Android pins of maps without
	// pin_subdir, ending in "/" ("tethering/"), "" for the root (L94).
	AndroidPrefix string
	// AWSPrefix stands before the name in AWS's pin places, with its own
	// separator ("mesh_") (L97).
	AWSPrefix string
	// AyaFixups forces the value size of CPU and device maps to 8, as aya does (L83).
	AyaFixups bool
	// InnerTemplates names, for the katran dialect, the map that stands at each
	// number of the prototype array (spec section 3, derivatives).
	InnerTemplates map[uint32]string
}

// DialectInfo is one value of Options.Dialect.
type DialectInfo struct {
	Name    string
	Summary string // one line
}

// Dialects lists the dialects that a caller can choose, in the order of L110,
// then the derivatives that have the same bytes as another one.
func Dialects() []DialectInfo {
	list := make([]DialectInfo, 0, len(dialectTable()))
	for _, d := range dialectTable() {
		if d.refuse == "" {
			list = append(list, DialectInfo{d.name, d.summary})
		}
	}
	return list
}
