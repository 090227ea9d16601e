package rawbtf

import (
	"bytes"
	"encoding/hex"
	"math"
	"math/big"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Limits of what DecodeText prints.
const (
	maxElems = 64   // elements of an array
	maxHex   = 64   // bytes
	maxQuote = 1024 // bytes of a text
)

// DecodeText writes the value of a variable as EncodeText takes it: integers,
// true and false, enumerators, "text" of a char array, {…} of other arrays of up
// to 64 elements and of structs without anything between their members, hex:… of everything else. Bytes beyond the 64th are left out,
// which "…" and their count tell.
func (t *Table) DecodeText(id ID, b []byte) string {
	size, err := t.Sizeof(id)
	if err != nil || uint64(size) != uint64(len(b)) {
		return hexText(b)
	}
	if ty, err := t.Strip(id); err == nil && ty.Kind == Struct {
		if s, ok := t.decodeStruct(id, b); ok {
			return s
		}
		return hexText(b)
	}
	if s, ok := t.decode(id, b, maxDepth); ok {
		return s
	}
	return hexText(b)
}

func hexText(b []byte) string {
	if len(b) <= maxHex {
		return "hex:" + hex.EncodeToString(b)
	}
	return "hex:" + hex.EncodeToString(b[:maxHex]) + "… (" + strconv.Itoa(len(b)) + " bytes)"
}

// decode is false for what has no text.
func (t *Table) decode(id ID, b []byte, depth int) (string, bool) {
	ty, err := t.Strip(id)
	if err != nil || depth == 0 {
		return "", false
	}
	switch ty.Kind {
	case Int:
		return t.decodeInt(ty, b), true
	case Enum, Enum64:
		return t.decodeEnum(ty, b), true
	case Float:
		return t.decodeFloat(b)
	case Array:
		return t.decodeArray(ty, b, depth)
	}
	return "", false
}

// number is the value of b in two's complement.
func (t *Table) number(b []byte, signed bool) *big.Int {
	be := append([]byte(nil), b...)
	if t.order.Uint16([]byte{1, 0}) == 1 {
		reverse(be)
	}
	n := new(big.Int).SetBytes(be)
	if signed && len(be) > 0 && be[0]&0x80 != 0 {
		n.Sub(n, new(big.Int).Lsh(big.NewInt(1), uint(8*len(be))))
	}
	return n
}

func (t *Table) decodeInt(ty Type, b []byte) string {
	if len(b) > 16 {
		return hexText(b) // no INT is so wide
	}
	enc := ty.Int().Encoding
	n := t.number(b, enc&IntSigned != 0)
	if enc&IntBool != 0 && n.IsUint64() {
		switch n.Uint64() {
		case 0:
			return "false"
		case 1:
			return "true"
		}
		return hexText(b)
	}
	return n.String()
}

func (t *Table) decodeEnum(ty Type, b []byte) string {
	if len(b) > 8 {
		return hexText(b)
	}
	n := t.number(b, ty.KindFlag)
	for i := range ty.Vlen {
		e := ty.Enumerator(i)
		if e.Name != "" && (n.IsUint64() && n.Uint64() == e.Value || n.IsInt64() && e.Signed && n.Int64() == int64(e.Value)) {
			return e.Name
		}
	}
	return n.String()
}

// decodeFloat gives NaNs as hex: which of them it is no number tells.
func (t *Table) decodeFloat(b []byte) (string, bool) {
	var v float64
	switch len(b) {
	case 4:
		v = float64(math.Float32frombits(t.order.Uint32(b)))
	case 8:
		v = math.Float64frombits(t.order.Uint64(b))
	default:
		return "", false
	}
	if math.IsNaN(v) {
		return hexText(b), true
	}
	return strconv.FormatFloat(v, 'g', -1, 8*len(b)), true
}

func (t *Table) decodeArray(ty Type, b []byte, depth int) (string, bool) {
	a := ty.Array()
	elem, err := t.Strip(a.Elem)
	if err != nil {
		return "", false
	}
	if isText(elem) {
		if s, ok := textOf(b); ok {
			return s, true
		}
	}
	size, err := t.Sizeof(a.Elem)
	if err != nil || size == 0 || a.Nelems > maxElems || uint64(a.Nelems)*uint64(size) != uint64(len(b)) {
		return "", false
	}
	var out strings.Builder
	out.WriteByte('{')
	for i := range a.Nelems {
		s, ok := t.decode(a.Elem, b[uint64(i)*uint64(size):][:size], depth-1)
		if !ok {
			return "", false
		}
		if i > 0 {
			out.WriteString(", ")
		}
		out.WriteString(s)
	}
	out.WriteByte('}')
	return out.String(), true
}

// textOf quotes what is text up to a NUL and 0 from there on.
func textOf(b []byte) (string, bool) {
	s := string(bytes.TrimRight(b, "\x00"))
	if len(s) == len(b) || len(s) > maxQuote || !utf8.ValidString(s) || strings.ContainsFunc(s, unprintable) {
		return "", false
	}
	return strconv.Quote(s), true
}

func unprintable(r rune) bool { return !strconv.IsPrint(r) && r != '\n' && r != '\t' }
