package rawbtf

import "encoding/binary"

// Features says which parts of BTF a kernel takes. The zero value is the first
// kernel with BTF (4.18).
type Features struct {
	Func       bool // FUNC and FUNC_PROTO (5.0)
	FuncGlobal bool // FUNC with global linkage (5.6)
	Datasec    bool // VAR and DATASEC (5.2)
	QmarkName  bool // `?` in the name of a DATASEC (6.9)
	FreeName   bool // anything printable in the name of a DATASEC (6.12 has it, 6.1 not)
	Float      bool // FLOAT (5.13)
	DeclTag    bool // DECL_TAG (5.16)
	TypeTag    bool // TYPE_TAG (5.17)
	Enum64     bool // ENUM64, and signed ENUM (6.0)
}

// AllFeatures are those of a kernel that needs nothing rewritten.
func AllFeatures() Features {
	return Features{
		Func: true, FuncGlobal: true, Datasec: true, QmarkName: true, FreeName: true,
		Float: true, DeclTag: true, TypeTag: true, Enum64: true,
	}
}

// Sanitize rewrites what a kernel with those features does not know into
// something of the same length that it knows (spec R137), so that ids, and
// offsets of other records, stay. raw is what ForKernel made; it is not changed.
// The result is raw itself and false when there was nothing to do, or when raw
// is no BTF.
func Sanitize(raw []byte, have Features) ([]byte, bool) {
	order := binary.ByteOrder(binary.LittleEndian)
	if len(raw) >= 2 && order.Uint16(raw) != magic {
		order = binary.BigEndian
	}
	t, err := Parse(raw, order)
	if err != nil {
		return raw, false
	}
	out := append([]byte(nil), raw...)
	dst, err := Parse(out, order) // a view of the same bytes
	if err != nil {
		return raw, false
	}
	s := &sanitizer{Table: t, dst: dst, have: have}
	for id := 1; id < len(t.offsets); id++ {
		s.rewrite(t.at(ID(id), t.offsets[id]))
	}
	if !s.changed {
		return raw, false
	}
	return out, true
}

// sanitizer reads its Table and writes into dst, which begins as its copy.
type sanitizer struct {
	*Table
	dst                   *Table
	have                  Features
	changed               bool
	intID                 ID
	nameOff               uint32 // of anyName
	intSought, nameSought bool   // intID, nameOff are the results of a search
}

// sanitizers has one row for each kind that some kernel does not know.
var sanitizers = [...]struct {
	kind   Kind
	known  func(have Features, ty Type) bool
	change func(s *sanitizer, ty Type, rec []byte)
}{
	{Var, func(h Features, _ Type) bool { return h.Datasec }, (*sanitizer).toInt},
	{DeclTag, func(h Features, _ Type) bool { return h.DeclTag }, (*sanitizer).toInt},
	{Datasec, func(h Features, _ Type) bool { return h.Datasec }, (*sanitizer).toStruct},
	{Datasec, func(h Features, ty Type) bool { return !h.Datasec || h.QmarkName || !ty.qmark() }, (*sanitizer).unmark},
	{Datasec, func(h Features, ty Type) bool { return !h.Datasec || h.FreeName || ty.plainName() }, (*sanitizer).plain},
	{FuncProto, func(h Features, _ Type) bool { return h.Func }, (*sanitizer).toEnum},
	{Func, func(h Features, _ Type) bool { return h.Func }, (*sanitizer).toTypedef},
	{Func, func(h Features, ty Type) bool { return !h.Func || h.FuncGlobal || ty.Linkage() == LinkStatic }, (*sanitizer).toStaticFunc},
	{Float, func(h Features, _ Type) bool { return h.Float }, (*sanitizer).toEmptyStruct},
	{TypeTag, func(h Features, _ Type) bool { return h.TypeTag }, (*sanitizer).toConst},
	{Enum64, func(h Features, _ Type) bool { return h.Enum64 }, (*sanitizer).toUnion},
	{Enum, func(h Features, ty Type) bool { return h.Enum64 || !ty.KindFlag }, (*sanitizer).toUnsignedEnum},
}

func (s *sanitizer) rewrite(ty Type) {
	for i := range sanitizers {
		if row := &sanitizers[i]; row.kind == ty.Kind && !row.known(s.have, ty) {
			row.change(s, ty, s.dst.types[ty.off:uint64(ty.off)+recordSize+ty.extra()])
			s.changed = true
		}
	}
}

func (ty Type) qmark() bool {
	return uint64(ty.nameOff) < uint64(len(ty.t.strs)) && ty.t.strs[ty.nameOff] == '?'
}

// plainName tells that a section's name is one of letters, digits, underscores and
// dots, but for a question mark before them.
func (ty Type) plainName() bool {
	name := ty.Name()
	for i := range len(name) {
		if !nameByte(name[i], false) && (i > 0 || name[i] != '?') {
			return false
		}
	}
	return true
}

// put writes 32-bit words from the start of b.
func (s *sanitizer) put(b []byte, words ...uint32) {
	for i, w := range words {
		s.order.PutUint32(b[4*i:], w)
	}
}

func info(kind Kind, vlen int) uint32 { return uint32(kind)<<24 | uint32(vlen)&0xffff }

func (s *sanitizer) toInt(_ Type, rec []byte) {
	s.put(rec[4:], info(Int, 0), 1, 8) // one byte, so that it fits where any variable is
}

// toStruct makes members of variables; they carry the variables' names.
func (s *sanitizer) toStruct(ty Type, rec []byte) {
	s.fixSectionName(ty.nameOff)
	s.put(rec[4:], info(Struct, ty.Vlen))
	for i := range ty.Vlen {
		v := ty.SecInfo(i)
		s.put(rec[recordSize+12*i:], s.Type(v.Var).nameOff, v.Var, v.Offset*8)
	}
}

// fixSectionName makes an identifier of a section's name. The name of a struct
// that is also a section's does not exist in C, so nothing else shares it.
func (s *sanitizer) fixSectionName(off uint32) {
	if uint64(off) >= uint64(len(s.dst.strs)) {
		return
	}
	name := s.dst.strs[off:]
	for i, c := range name[:min(len(name), maxKernelName)] {
		if c == 0 {
			return
		}
		if c == '.' || !nameByte(c, i == 0) {
			name[i] = '_'
		}
	}
}

func (s *sanitizer) unmark(ty Type, _ []byte) { s.dst.strs[ty.nameOff] = '_' }

// plain makes a plain name of a section's, dots stay. No identifier has such a
// name, so nothing of C shares it.
func (s *sanitizer) plain(ty Type, _ []byte) {
	name := s.dst.strs[ty.nameOff:]
	for i, c := range name {
		if c == 0 {
			return
		}
		if !nameByte(c, false) && (i > 0 || c != '?') {
			name[i] = '_'
		}
	}
}

// toEnum makes enumerators of parameters; nameless ones need a name then.
func (s *sanitizer) toEnum(ty Type, rec []byte) {
	s.put(rec[4:], info(Enum, ty.Vlen), 4)
	for i := range ty.Vlen {
		if p := rec[recordSize+8*i:]; s.order.Uint32(p) == 0 {
			s.put(p, s.anyName())
		}
	}
}

func (s *sanitizer) toTypedef(_ Type, rec []byte)    { s.put(rec[4:], info(Typedef, 0)) }
func (s *sanitizer) toStaticFunc(_ Type, rec []byte) { s.put(rec[4:], info(Func, LinkStatic)) }
func (s *sanitizer) toConst(_ Type, rec []byte)      { s.put(rec, 0, info(Const, 0)) }

// toEmptyStruct keeps the size.
func (s *sanitizer) toEmptyStruct(_ Type, rec []byte) { s.put(rec, 0, info(Struct, 0)) }

func (s *sanitizer) toUnsignedEnum(ty Type, rec []byte) { s.put(rec[4:], info(Enum, ty.Vlen)) }

// toUnion makes members of enumerators, all at offset 0 and of the smallest INT
// of the table, as a union's members may not be larger than it. A table with
// 64-bit enums but no INT at all is beyond help.
func (s *sanitizer) toUnion(ty Type, rec []byte) {
	s.put(rec[4:], info(Union, ty.Vlen))
	for i := range ty.Vlen {
		s.put(rec[recordSize+12*i+4:], s.smallInt(), 0)
	}
}

// smallInt is the id of the smallest INT, 0 when there is none.
func (s *sanitizer) smallInt() ID {
	if s.intSought {
		return s.intID
	}
	s.intSought = true
	size := ^uint32(0)
	for id := 1; id < len(s.offsets); id++ {
		if ty := s.at(ID(id), s.offsets[id]); ty.Kind == Int && ty.Size() < size {
			s.intID, size = ty.ID, ty.Size()
		}
	}
	return s.intID
}

// anyName is the offset of the first name that is an identifier in any case.
func (s *sanitizer) anyName() uint32 {
	if !s.nameSought {
		s.nameSought = true
		s.nameOff = s.firstName(Func, Struct, Typedef)
	}
	return s.nameOff
}
