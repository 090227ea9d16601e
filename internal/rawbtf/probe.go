package rawbtf

import "encoding/binary"

// Probe is a minimal BTF that a kernel takes exactly if it knows one feature.
type Probe struct {
	Name string
	Raw  []byte
	Set  func(*Features)
}

// strings of the probes: offsets 1, 3, 9, 16, 20.
const probeStrings = "\x00f\x00.data\x00?.data\x00tag\x00maps/a-b\x00"

// Probes are BTFs to try in order, when a kernel has refused an object's: those
// that it takes tell what [Sanitize] may leave.
func Probes(order binary.ByteOrder) []Probe {
	const f, data, qmark, tag, free = 1, 3, 9, 16, 20
	word := func(kind Kind, vlen uint32) uint32 { return uint32(kind)<<24 | vlen }
	integer := []uint32{f, word(Int, 0), 4, IntSigned<<24 | 32}
	variable := append(append([]uint32(nil), integer...), f, word(Var, 0), 1, LinkStatic)
	datasec := func(name uint32) []uint32 {
		return append(append([]uint32(nil), variable...), name, word(Datasec, 1), 4, 2, 0, 4)
	}
	function := func(linkage uint32) []uint32 {
		return append(append([]uint32(nil), integer...), 0, word(FuncProto, 1), 0, f, 1, f, word(Func, linkage), 2)
	}
	rows := []struct {
		name  string
		types []uint32
		set   func(*Features)
	}{
		{"FUNC", function(LinkStatic), func(h *Features) { h.Func = true }},
		{"global FUNC", function(LinkGlobal), func(h *Features) { h.FuncGlobal = true }},
		{"DATASEC", datasec(data), func(h *Features) { h.Datasec = true }},
		{"DATASEC named with ?", datasec(qmark), func(h *Features) { h.QmarkName = true }},
		{"DATASEC named freely", datasec(free), func(h *Features) { h.FreeName = true }},
		{"FLOAT", []uint32{f, word(Float, 0), 4}, func(h *Features) { h.Float = true }},
		{"DECL_TAG", append(append([]uint32(nil), variable...), tag, word(DeclTag, 0), 2, ^uint32(0)), func(h *Features) { h.DeclTag = true }},
		{"TYPE_TAG", append(append([]uint32(nil), integer...), tag, word(TypeTag, 0), 1, 0, word(Ptr, 0), 2), func(h *Features) { h.TypeTag = true }},
		{"ENUM64", []uint32{f, word(Enum64, 1), 8, f, 0, 0}, func(h *Features) { h.Enum64 = true }},
	}
	out := make([]Probe, 0, len(rows))
	for _, r := range rows {
		out = append(out, Probe{r.name, probeBTF(order, r.types), r.set})
	}
	return out
}

func probeBTF(order binary.ByteOrder, types []uint32) []byte {
	n := uint32(len(types) * 4)
	words := append([]uint32{minHeader, 0, n, n, uint32(len(probeStrings))}, types...)
	b := make([]byte, 4+4*len(words), 4+4*len(words)+len(probeStrings))
	order.PutUint16(b, magic)
	b[2] = 1
	for i, v := range words {
		order.PutUint32(b[4+4*i:], v)
	}
	return append(b, probeStrings...)
}
