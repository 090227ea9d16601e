package rawbtf

import (
	"encoding/hex"
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"
)

// maxText is the largest variable in bytes that EncodeText writes; `hex:` has
// no limit, its text being as long.
const maxText = 64 << 20

// EncodeText makes the bytes of a variable of that type from a text as a user
// types it, in the table's byte order, exactly Sizeof(id) of them:
//
//	INT       decimal, 0x…, 0…, 0b…; bool: true, false, 1, 0; one byte: 'c' too
//	ENUM      an enumerator's name, or a number
//	FLOAT     as strconv.ParseFloat takes it
//	array     {1, 2, 3}, nested for more dimensions; what is missing is 0
//	char[]    the text itself, or "…" with Go's escapes; its NUL must fit
//	struct    {.a = 1, .b = {2, 3}}, bit fields too; what is missing is 0
//	union     {.a = 1}, one member
//	anything  hex:00ff…, all bytes of it; elements and members too
//
// Pointers are refused but for hex. Errors tell what does not fit where.
func (t *Table) EncodeText(id ID, text string) ([]byte, error) {
	size, err := t.Sizeof(id)
	if err != nil {
		return nil, fmt.Errorf("%s cannot be written: %w", t.CName(id), err)
	}
	if digits, ok := strings.CutPrefix(text, "hex:"); ok {
		return t.encodeHex(id, uint64(size), digits) // of any size
	}
	if size > maxText {
		return nil, fmt.Errorf("%s of %d bytes is too large to be written as text", t.CName(id), size)
	}
	out := make([]byte, size)
	e := encoder{Table: t}
	if err := e.value(id, text, out, maxDepth); err != nil {
		return nil, err
	}
	return out, nil
}

func (t *Table) encodeHex(id ID, size uint64, digits string) ([]byte, error) {
	b, err := hex.DecodeString(digits)
	if err != nil {
		return nil, fmt.Errorf("value is not hexadecimal after \"hex:\": %w", err)
	}
	if uint64(len(b)) != size {
		return nil, fmt.Errorf("value has %d bytes, but %s has %d", len(b), t.CName(id), size)
	}
	return b, nil
}

// encoder writes texts into zeroed bytes.
type encoder struct{ *Table }

func (e encoder) value(id ID, text string, out []byte, depth int) error {
	ty, err := e.Strip(id)
	if err != nil {
		return err
	}
	if depth == 0 {
		return ErrCycle
	}
	if digits, ok := strings.CutPrefix(text, "hex:"); ok {
		b, err := e.encodeHex(id, uint64(len(out)), digits)
		copy(out, b)
		return err
	}
	kind := ty.Kind
	if len(out) > 16 && (kind == Int || kind == Enum || kind == Enum64) {
		kind = Void // no compiler's
	}
	switch kind {
	case Int:
		return e.integer(id, ty, text, out)
	case Enum, Enum64:
		return e.enum(id, ty, text, out)
	case Float:
		return e.float(id, text, out)
	case Array:
		return e.array(id, ty, text, out, depth)
	case Struct, Union:
		return e.fields(id, ty, text, out, depth)
	}
	return fmt.Errorf("%s can only be given as hex:… of %d bytes", e.CName(id), len(out))
}

func (e encoder) integer(id ID, ty Type, text string, out []byte) error {
	enc := ty.Int().Encoding
	if enc&IntBool != 0 {
		return e.boolean(id, text, out)
	}
	n, ok := parseInt(text)
	if !ok && len(out) == 1 && len(text) >= 3 && text[0] == '\'' {
		if c, err := strconv.Unquote(text); err == nil && len([]rune(c)) == 1 && []rune(c)[0] < 0x100 {
			out[0] = byte([]rune(c)[0])
			return nil
		}
	}
	if !ok {
		return fmt.Errorf("value %q is not an integer, which %s needs", text, e.CName(id))
	}
	// A plain char takes both ranges: its sign is the compiler's choice.
	signed, unsigned := enc&IntSigned != 0, enc&IntSigned == 0 || len(out) == 1 && ty.NameIs("char")
	return e.integerOf(id, n, signed, unsigned, text, out)
}

func (e encoder) boolean(id ID, text string, out []byte) error {
	v := uint64(0)
	switch strings.TrimSpace(text) {
	case "true", "1":
		v = 1
	case "false", "0":
	default:
		return fmt.Errorf("value %q is not true, false, 1 or 0, which %s needs", text, e.CName(id))
	}
	return e.integerOf(id, new(big.Int).SetUint64(v), false, true, text, out)
}

func parseInt(text string) (*big.Int, bool) {
	text = strings.TrimSpace(text)
	if len(text) > 200 { // 128 bits have no more than 130 characters
		return nil, false
	}
	return new(big.Int).SetString(text, 0)
}

// integerOf writes n in two's complement if one of the ranges has it.
func (e encoder) integerOf(id ID, n *big.Int, signed, unsigned bool, text string, out []byte) error {
	bits := uint(8 * len(out))
	whole := new(big.Int).Lsh(big.NewInt(1), bits)
	half := new(big.Int).Rsh(whole, 1)
	fits := unsigned && n.Sign() >= 0 && n.Cmp(whole) < 0 ||
		signed && n.Cmp(half) < 0 && n.Cmp(new(big.Int).Neg(half)) >= 0
	if !fits {
		return fmt.Errorf("value %s does not fit %s", strings.TrimSpace(text), e.CName(id))
	}
	if n.Sign() < 0 {
		n = new(big.Int).Add(n, whole)
	}
	n.FillBytes(out)
	if e.order.Uint16([]byte{1, 0}) == 1 {
		reverse(out)
	}
	return nil
}

func reverse(b []byte) {
	for i, j := 0, len(b)-1; i < j; i, j = i+1, j-1 {
		b[i], b[j] = b[j], b[i]
	}
}

func (e encoder) enum(id ID, ty Type, text string, out []byte) error {
	name := strings.TrimSpace(text)
	n, ok := parseInt(name)
	for i := 0; i < ty.Vlen && !ok; i++ {
		if en := ty.Enumerator(i); en.Name == name {
			n, ok = new(big.Int).SetUint64(en.Value), true
			if en.Signed {
				n.SetInt64(int64(en.Value))
			}
		}
	}
	if !ok {
		return fmt.Errorf("value %q is neither a number nor a name of %s, which has %s", name, e.CName(id), ty.someNames())
	}
	return e.integerOf(id, n, ty.KindFlag, !ty.KindFlag, text, out)
}

// someNames lists the first enumerators, for messages.
func (ty Type) someNames() string {
	var b strings.Builder
	for i := range min(ty.Vlen, 8) {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(ty.Enumerator(i).Name)
	}
	if ty.Vlen > 8 {
		b.WriteString(", …")
	}
	return b.String()
}

func (e encoder) float(id ID, text string, out []byte) error {
	if len(out) != 4 && len(out) != 8 {
		return fmt.Errorf("%s can only be given as hex:… of %d bytes", e.CName(id), len(out))
	}
	v, err := strconv.ParseFloat(strings.TrimSpace(text), 8*len(out))
	if err != nil {
		return fmt.Errorf("value %q is not a number that fits %s", text, e.CName(id))
	}
	if len(out) == 4 {
		e.order.PutUint32(out, math.Float32bits(float32(v)))
	} else {
		e.order.PutUint64(out, math.Float64bits(v))
	}
	return nil
}
