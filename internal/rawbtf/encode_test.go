package rawbtf_test

import (
	"bytes"
	"encoding/hex"
	"slices"
	"strings"
	"testing"

	"github.com/bpfload/bpfload/internal/elftest"
	"github.com/bpfload/bpfload/internal/rawbtf"
)

// textTypes are the types of the rows below.
type textTypes struct {
	*elftest.BTF
	byName map[string]rawbtf.ID
}

func newTextTypes(b *elftest.BTF) textTypes {
	t := textTypes{b, map[string]rawbtf.ID{}}
	add := func(name string, id rawbtf.ID) rawbtf.ID { t.byName[name] = id; return id }
	i := add("int", b.Int("int", 4, elftest.Signed))
	char := add("char", b.Int("char", 1, elftest.Signed))
	u8 := add("u8", b.Int("unsigned char", 1, elftest.Unsigned))
	add("s8", b.Int("signed char", 1, elftest.Signed))
	u16 := add("u16", b.Int("unsigned short", 2, elftest.Unsigned))
	add("u64", b.Int("unsigned long", 8, elftest.Unsigned))
	add("s64", b.Int("long", 8, elftest.Signed))
	add("u128", b.Int("unsigned __int128", 16, elftest.Unsigned))
	boolean := add("bool", b.Int("_Bool", 1, elftest.Bool))
	add("wide", b.Int("wide", 32, elftest.Unsigned))
	colour := add("enum", b.Enum("colour", 4, false, elftest.Enumerator{Name: "RED", Value: 0}, elftest.Enumerator{Name: "BLUE", Value: 7}))
	add("signed enum", b.Enum("level", 4, true, elftest.Enumerator{Name: "LOW", Value: 0xffffffff}))
	add("enum64", b.Enum64("big", 8, false, elftest.Enumerator{Name: "TOP", Value: 1 << 63}))
	add("float", b.Float("float", 4))
	add("double", b.Float("double", 8))
	add("long double", b.Float("long double", 16))
	ptr := add("pointer", b.Ptr(i))
	add("char[8]", b.Array(b.Const(char), i, 8))
	add("u8[6]", b.Array(u8, i, 6))
	pair := add("u16[2]", b.Array(u16, i, 2))
	add("u16[2][2]", b.Array(pair, i, 2))
	add("bool[2]", b.Array(boolean, i, 2))
	add("enum[2]", b.Array(colour, i, 2))
	add("pointer[2]", b.Array(ptr, i, 2))
	add("void", 0)
	add("const volatile typedef", b.Const(b.Volatile(b.Typedef("t", i))))
	add("struct", b.Struct("s", 8, elftest.Member{Name: "a", Type: u16}, elftest.Member{Name: "b", Type: pair, BitOffset: 16},
		elftest.Member{Name: "far", Type: i, BitOffset: 48}))
	nibble := b.Raw(b.String("nibble"), rawbtf.Int, false, 0, 1, 4) // 4 bits, as old compilers wrote bit fields
	add("bits", b.Struct("bits", 4, elftest.Member{Name: "x", Type: i, BitSize: 3}, elftest.Member{Name: "y", Type: u16, BitOffset: 3, BitSize: 9},
		elftest.Member{Name: "z", Type: boolean, BitOffset: 15, BitSize: 1}, elftest.Member{Name: "old", Type: nibble, BitOffset: 20}))
	add("bad bits", b.Struct("bad", 4, elftest.Member{Name: "wide", Type: u8, BitOffset: 8, BitSize: 9}))
	add("union", b.Union("u", 4, elftest.Member{Name: "a", Type: i}, elftest.Member{Name: "b", Type: u16}))
	inside := b.Struct("", 8, elftest.Member{Name: "in", Type: i}, elftest.Member{Name: "w", Type: colour, BitOffset: 32})
	add("nested", b.Struct("nested", 32, elftest.Member{Name: "k", Type: i}, elftest.Member{Name: "p", Type: ptr, BitOffset: 64},
		elftest.Member{Name: "v", Type: b.Struct("s2", 8, elftest.Member{Name: "a", Type: u16}, elftest.Member{Name: "b", Type: pair, BitOffset: 16}), BitOffset: 128},
		elftest.Member{Type: b.Union("", 8, elftest.Member{Name: "half", Type: i}, elftest.Member{Type: inside}), BitOffset: 192}))
	add("huge", b.Array(i, i, 1<<28))
	return t
}

// textRows give the bytes in big endian order (little endian is theirs reversed
// by scalar, which the round trip checks), or the text of the error.
var textRows = []struct {
	typ, text, want string
	err             string
}{
	{typ: "int", text: "1", want: "00000001"},
	{typ: "int", text: " -2 ", want: "fffffffe"},
	{typ: "int", text: "0x7fffffff", want: "7fffffff"},
	{typ: "int", text: "010", want: "00000008"},
	{typ: "int", text: "0b101", want: "00000005"},
	{typ: "int", text: "-2147483648", want: "80000000"},
	{typ: "int", text: "2147483648", err: "value 2147483648 does not fit int"},
	{typ: "int", text: "-2147483649", err: "does not fit int"},
	{typ: "int", text: "", err: `value "" is not an integer, which int needs`},
	{typ: "int", text: "1.5", err: `value "1.5" is not an integer`},
	{typ: "int", text: strings.Repeat("9", 300), err: "is not an integer"},
	{typ: "int", text: "hex:01020304", want: "01020304"},
	{typ: "int", text: "hex:0102", err: "value has 2 bytes, but int has 4"},
	{typ: "int", text: "hex:012", err: "not hexadecimal"},
	{typ: "int", text: "'a'", err: "is not an integer"},
	{typ: "u8", text: "300", err: "value 300 does not fit unsigned char"},
	{typ: "u8", text: "-1", err: "value -1 does not fit unsigned char"},
	{typ: "u8", text: "255", want: "ff"},
	{typ: "s8", text: "128", err: "does not fit signed char"},
	{typ: "char", text: "'a'", want: "61"},
	{typ: "char", text: `'\n'`, want: "0a"},
	{typ: "char", text: "'€'", err: "is not an integer"},
	{typ: "char", text: "-128", want: "80"},
	{typ: "char", text: "255", want: "ff"},
	{typ: "char", text: "256", err: "does not fit char"},
	{typ: "u64", text: "18446744073709551615", want: "ffffffffffffffff"},
	{typ: "u64", text: "18446744073709551616", err: "does not fit unsigned long"},
	{typ: "s64", text: "-9223372036854775808", want: "8000000000000000"},
	{typ: "u128", text: "0x0102030405060708090a0b0c0d0e0f10", want: "0102030405060708090a0b0c0d0e0f10"},
	{typ: "wide", text: "1", err: "wide can only be given as hex:… of 32 bytes"},
	{typ: "bool", text: "true", want: "01"},
	{typ: "bool", text: "0", want: "00"},
	{typ: "bool", text: "2", err: `value "2" is not true, false, 1 or 0`},
	{typ: "enum", text: "BLUE", want: "00000007"},
	{typ: "enum", text: "7", want: "00000007"},
	{typ: "enum", text: "GREEN", err: `value "GREEN" is neither a number nor a name of enum colour, which has RED, BLUE`},
	{typ: "enum", text: "-1", err: "does not fit enum colour"},
	{typ: "signed enum", text: "LOW", want: "ffffffff"},
	{typ: "signed enum", text: "-1", want: "ffffffff"},
	{typ: "enum64", text: "TOP", want: "8000000000000000"},
	{typ: "float", text: "1.5", want: "3fc00000"},
	{typ: "float", text: "1e300", err: "is not a number that fits float"},
	{typ: "double", text: "-2", want: "c000000000000000"},
	{typ: "long double", text: "1", err: "can only be given as hex:… of 16 bytes"},
	{typ: "pointer", text: "0", err: "int * can only be given as hex:… of 8 bytes"},
	{typ: "pointer", text: "hex:0000000000000001", want: "0000000000000001"},
	{typ: "const volatile typedef", text: "5", want: "00000005"},
	{typ: "void", text: "5", err: "void cannot be written: type has no size"},
	{typ: "char[8]", text: "abc", want: "6162630000000000"},
	{typ: "char[8]", text: "", want: "0000000000000000"},
	{typ: "char[8]", text: `"a\tb"`, want: "6109620000000000"},
	{typ: "char[8]", text: `"a\`, want: "22615c0000000000"},
	{typ: "char[8]", text: `"\q"`, err: "not a well-formed string"},
	{typ: "char[8]", text: "1234567", want: "3132333435363700"},
	{typ: "char[8]", text: "12345678", err: "string of 8 bytes leaves no room for its NUL in const char[8]"},
	{typ: "char[8]", text: "123456789", err: "string of 9 bytes and its NUL do not fit const char[8]"},
	{typ: "char[8]", text: `"{1}"`, want: "7b317d0000000000"},
	{typ: "u8[6]", text: "{1,2, 0xff}", want: "0102ff000000"},
	{typ: "u8[6]", text: "eth0", want: "657468300000"},
	{typ: "u8[6]", text: "hex:001122334455", want: "001122334455"},
	{typ: "u16[2]", text: "{1, 2}", want: "00010002"},
	{typ: "u16[2]", text: "{1, 2,}", want: "00010002"},
	{typ: "u16[2]", text: "{}", want: "00000000"},
	{typ: "u16[2]", text: "{1,2,3}", err: "value has 3 elements, but unsigned short[2] has 2"},
	{typ: "u16[2]", text: "{1,99999}", err: "element 1: value 99999 does not fit unsigned short"},
	{typ: "u16[2]", text: "1", err: "a list in braces is needed"},
	{typ: "u16[2]", text: "{1", err: "a list in braces is needed"},
	{typ: "u16[2]", text: "{{1}", err: "braces do not match"},
	{typ: "u16[2]", text: "{1}}", err: "braces do not match"},
	{typ: "u16[2]", text: `{"1}`, err: "a quote is not closed"},
	{typ: "u16[2]", text: "{,1}", err: "an element is empty"},
	{typ: "u16[2][2]", text: "{{1,2},{3,4}}", want: "0001000200030004"},
	{typ: "u16[2][2]", text: "{{1,2},{3,4,5}}", err: "element 1: value has 3 elements"},
	{typ: "bool[2]", text: "{true,false}", want: "0100"},
	{typ: "enum[2]", text: "{BLUE,RED}", want: "0000000700000000"},
	{typ: "pointer[2]", text: "{0}", err: "element 0: int * can only be given as hex:"},
	{typ: "pointer[2]", text: "{hex:0000000000000001, hex:0000000000000002}", want: "00000000000000010000000000000002"},
	{typ: "struct", text: "{.b = {1,2}, .a=3}", want: "0003000100020000"},
	{typ: "struct", text: "{.c=1}", err: `struct s has no member "c"`},
	{typ: "struct", text: "{.a=1,.a=2}", err: `member "a" of struct s is given twice`},
	{typ: "struct", text: "{1}", err: `"1" in the value of struct s is not of the form .member = value`},
	{typ: "struct", text: "1", err: "a list in braces is needed"},
	{typ: "struct", text: "{.far=1}", err: `member "far": does not lie in the whole`},
	{typ: "struct", text: "{.a=70000}", err: `member "a": value 70000 does not fit unsigned short`},
	{typ: "bits", text: "{.x=1}", want: "20000000"},
	{typ: "bits", text: "{.x=-4}", want: "80000000"},
	{typ: "bits", text: "{.x=4}", err: `member "x": value 4 does not fit 3 bits of int`},
	{typ: "bits", text: "{.y=-1}", err: `member "y": value -1 does not fit unsigned short`},
	{typ: "bits", text: "{.x=1,.y=0x155,.z=true}", want: "35510000"},
	{typ: "bits", text: "{.old=9}", want: "00000900"},
	{typ: "bits", text: "{.old=16}", err: "does not fit 4 bits of nibble"},
	{typ: "bad bits", text: "{.wide=1}", err: `is a bit field that its type cannot hold`},
	{typ: "union", text: "{.a=1}", want: "00000001"},
	{typ: "union", text: "{.b=hex:0102}", want: "01020000"},
	{typ: "union", text: "{.a=1,.b={2}}", err: "has 2 members, a union holds one"},
	{typ: "union", text: "1", err: "a list in braces is needed"},
	{typ: "nested", text: "{.k=1,.p=hex:0000000000000001,.v={.a=2},.w=RED}", want: "0000000100000000000000000000000100020000000000000000000000000000"},
	{typ: "nested", text: "{.in=5,.w=BLUE}", want: "0000000000000000000000000000000000000000000000000000000500000007"},
	{typ: "huge", text: "{1}", err: "too large to be written as text"},
}

func TestEncodeText(t *testing.T) {
	for _, order := range elftest.Orders() {
		types := newTextTypes(elftest.NewBTF(order))
		table := types.Table()
		for _, row := range textRows {
			t.Run(order.String()+" "+row.typ+" "+row.text, func(t *testing.T) {
				id := types.byName[row.typ]
				got, err := table.EncodeText(id, row.text)
				if row.err != "" {
					if err == nil || got != nil || !strings.Contains(err.Error(), row.err) {
						t.Errorf("result is %x, %v, want the error %q", got, err, row.err)
					}
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				if size, _ := table.Sizeof(id); uint64(len(got)) != uint64(size) {
					t.Errorf("result has %d bytes instead of %d", len(got), size)
				}
				if order == elftest.Orders()[1] && hex.EncodeToString(got) != row.want {
					t.Errorf("bytes are %x, want %s", got, row.want)
				}
				text := table.DecodeText(id, got)
				again, err := table.EncodeText(id, text)
				if err != nil || !bytes.Equal(again, got) {
					t.Errorf("%x is printed as %q, which is read as %x, %v", got, text, again, err)
				}
			})
		}
	}
}

func TestEncodeLittleEndian(t *testing.T) {
	types := newTextTypes(elftest.NewBTF(nil))
	for _, row := range []struct{ typ, text, want string }{
		{"int", "-2", "feffffff"},
		{"u128", "1", "01000000000000000000000000000000"},
		{"enum64", "TOP", "0000000000000080"},
		{"double", "-2", "00000000000000c0"},
		{"u16[2][2]", "{{1,2},{3,4}}", "0100020003000400"},
		{"char[8]", "abc", "6162630000000000"},
	} {
		got, err := types.Table().EncodeText(types.byName[row.typ], row.text)
		if err != nil || hex.EncodeToString(got) != row.want {
			t.Errorf("%s %s is %x, %v, want %s", row.typ, row.text, got, err, row.want)
		}
	}
}

func TestDecodeText(t *testing.T) {
	types := newTextTypes(elftest.NewBTF(elftest.Orders()[1]))
	long := strings.Repeat("00", 70)
	for _, row := range []struct{ typ, bytes, want string }{
		{"int", "fffffffe", "-2"},
		{"int", "fffe", "hex:fffe"},
		{"int", long, "hex:" + long[:128] + "… (70 bytes)"},
		{"u64", "ffffffffffffffff", "18446744073709551615"},
		{"bool", "01", "true"},
		{"bool", "00", "false"},
		{"bool", "05", "hex:05"},
		{"enum", "00000007", "BLUE"},
		{"enum", "00000009", "9"},
		{"signed enum", "ffffffff", "LOW"},
		{"enum64", "8000000000000000", "TOP"},
		{"float", "3fc00000", "1.5"},
		{"double", "c000000000000000", "-2"},
		{"long double", strings.Repeat("00", 16), "hex:" + strings.Repeat("00", 16)},
		{"pointer", "0000000000000001", "hex:0000000000000001"},
		{"char[8]", "6162630000000000", `"abc"`},
		{"char[8]", "6162636162636162", "{97, 98, 99, 97, 98, 99, 97, 98}"},
		{"u8[6]", "001122334455", "{0, 17, 34, 51, 68, 85}"},
		{"u16[2][2]", "0001000200030004", "{{1, 2}, {3, 4}}"},
		{"pointer[2]", strings.Repeat("00", 16), "hex:" + strings.Repeat("00", 16)},
		{"struct", "0003000100020000", "hex:0003000100020000"},
		{"bits", "35510900", "{.x = 1, .y = 341, .z = true, .old = 9}"},
		{"nested", strings.Repeat("00", 16) + "0002000000000000" + "0000000500000007",
			"{.k = 0, .p = hex:0000000000000000, .v = {.a = 2, .b = {0, 0}}, .in = 5, .w = BLUE}"},
		{"nested", "0000000000000001" + strings.Repeat("00", 24), "hex:0000000000000001" + strings.Repeat("00", 24)}, // padding
		{"union", "00000001", "hex:00000001"},
		{"void", "", "hex:"},
	} {
		b, err := hex.DecodeString(row.bytes)
		if err != nil {
			t.Fatal(err)
		}
		if got := types.Table().DecodeText(types.byName[row.typ], b); got != row.want {
			t.Errorf("%s %s is printed as %s, want %s", row.typ, row.bytes, got, row.want)
		}
	}
}

// Parts of a variable are set where they lie; what is around them stays.
func TestSetText(t *testing.T) {
	types := newTextTypes(elftest.NewBTF(elftest.Orders()[1]))
	for _, row := range []struct{ typ, path, text, want, err string }{
		{"int", "", "7", "00000007", ""},
		{"nested", ".v.b[1]", "258", strings.Repeat("ff", 20) + "0102" + strings.Repeat("ff", 10), ""},
		{"nested", ".v", "{.a=1}", strings.Repeat("ff", 16) + "0001000000000000" + strings.Repeat("ff", 8), ""},
		{"nested", ".w", "BLUE", strings.Repeat("ff", 28) + "00000007", ""},
		{"nested", ".half", "0", strings.Repeat("ff", 24) + "00000000" + "ffffffff", ""},
		{"bits", ".y", "0", "e00fffff", ""},
		{"bits", ".z", "false", "fffeffff", ""},
		{"bits", ".y", "512", "", "value 512 does not fit 9 bits of unsigned short"},
		{"u16[2][2]", "[1][0]", "1", "ffffffff0001ffff", ""},
		{"u16[2][2]", "[1]", "{1}", "ffffffff00010000", ""},
		{"u16[2][2]", "[0x1][1]", "1", "ffffffffffff0001", ""},
		{"u16[2][2]", "[2][0]", "1", "", "index 2 is outside of unsigned short[2][2]"},
		{"u16[2][2]", "[-1]", "1", "", `index "-1" is not a number`},
		{"u16[2][2]", "[1", "1", "", "has no closing bracket"},
		{"u16[2][2]", "[0][0][0]", "1", "", "unsigned short has no elements"},
		{"u16[2][2]", ".a", "1", "", `unsigned short[2][2] has no member "a"`},
		{"nested", ".v.q", "1", "", `struct s2 has no member "q"`},
		{"nested", ".", "1", "", `struct nested has no member ""`},
		{"nested", "v", "1", "", "neither .member nor [index]"},
		{"struct", ".far", "1", "", "does not lie in the whole"},
	} {
		id := types.byName[row.typ]
		size, err := types.Table().Sizeof(id)
		if err != nil {
			t.Fatal(err)
		}
		out := bytes.Repeat([]byte{0xff}, int(size))
		err = types.Table().SetText(id, row.path, row.text, out)
		if row.err != "" {
			if err == nil || !strings.Contains(err.Error(), row.err) {
				t.Errorf("%s%s: error %v, want %q", row.typ, row.path, err, row.err)
			}
		} else if err != nil || hex.EncodeToString(out) != row.want {
			t.Errorf("%s%s = %s: %x, %v, want %s", row.typ, row.path, row.text, out, err, row.want)
		}
	}
}

// Structs whose members lie on top of each other, and hold such structs, end.
func TestStructsOfManyNothings(t *testing.T) {
	b := elftest.NewBTF(nil)
	id := b.Int("int", 4, 0)
	for range 20 {
		id = b.Struct("", 4, slices.Repeat([]elftest.Member{{Type: id}, {Name: "a", Type: id}}, 500)...)
	}
	if got := b.Table().DecodeText(id, make([]byte, 4)); got != "hex:00000000" {
		t.Errorf("printed as %q", got)
	}
	if _, err := b.Table().EncodeText(id, "{.b=1}"); err == nil || !strings.Contains(err.Error(), "too many members") {
		t.Errorf("error is %v", err)
	}
}

func TestDecodeTextOfManyNothings(t *testing.T) {
	b := elftest.NewBTF(nil)
	id := b.Array(b.Int("int", 4, 0), 1, 0)
	for range 20 {
		id = b.Array(id, 1, 64) // 64^20 elements of no bytes
	}
	if got := b.Table().DecodeText(id, nil); got != "hex:" {
		t.Errorf("printed as %q", got)
	}
}
