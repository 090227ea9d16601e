package kconfig_test

import (
	"encoding/binary"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/bpfload/bpfload/internal/elftest"
	"github.com/bpfload/bpfload/internal/kconfig"
)

func values(t *testing.T, options ...option) *kconfig.Values {
	t.Helper()
	return kconfig.NewValues(read(t, options...), binary.LittleEndian)
}

func TestTextLines(t *testing.T) {
	boolean, char, short, wide := integer(1, elftest.Bool), integer(1, elftest.Unsigned), integer(2, elftest.Signed), integer(8, 0)
	for _, row := range []struct {
		name string
		typ  func(*elftest.BTF) elftest.ID
		text string
		want string // the bytes; "!" and what the error says
	}{
		{"R113 y of a bool", boolean, "CONFIG_X=y\n", "\x01"},
		{"R113 n of a bool", boolean, "CONFIG_X=n\n", "\x00"},
		{"R113 m of a bool", boolean, "CONFIG_X=m\n", "!the variable's kind is bool"},
		{"R113 number of a bool", boolean, "CONFIG_X=1\n", "!the variable's kind is bool"},
		{"R113 the first character counts", boolean, "CONFIG_X=yes\n", "\x01"},
		{"R113 y of a tristate", tristate, "CONFIG_X=y\n", "\x01\x00\x00\x00"},
		{"R113 m of a tristate", tristate, "CONFIG_X=m\n", "\x02\x00\x00\x00"},
		{"R113 n of a tristate", tristate, "CONFIG_X=n\n", "\x00\x00\x00\x00"},
		{"R113 number of a tristate", tristate, "CONFIG_X=2\n", "!the variable's kind is tristate"},
		{"C90 y of a char", char, "CONFIG_X=y\n", "y"},
		{"C90 m of a char", char, "CONFIG_X=m\n", "m"},
		{"R113 number of a char", char, "CONFIG_X=200\n", "\xc8"},
		{"R113 number too large for a char", char, "CONFIG_X=256\n", "!does not fit"},
		{"R113 y of an int", short, "CONFIG_X=y\n", "!the variable's kind is int"},
		{"R113 decimal", short, "CONFIG_X=258\n", "\x02\x01"},
		{"R113 hexadecimal", short, "CONFIG_X=0x7fff\n", "\xff\x7f"},
		{"R113 octal", short, "CONFIG_X=010\n", "\x08\x00"},
		{"R113 negative", short, "CONFIG_X=-2\n", "\xfe\xff"},
		{"R113 least", short, "CONFIG_X=-32768\n", "\x00\x80"},
		{"R113 too large", short, "CONFIG_X=32768\n", "!does not fit"},
		{"R113 too small", short, "CONFIG_X=-32769\n", "!does not fit"},
		{"R113 all of 64 bits", wide, "CONFIG_X=0xffffffffffffffff\n", "\xff\xff\xff\xff\xff\xff\xff\xff"},
		{"R113 more than 64 bits", wide, "CONFIG_X=0x10000000000000000\n", "!is no number"},
		{"R113 junk behind a number", short, "CONFIG_X=12z\n", "!is no number"},
		{"R113 Go's own notation", short, "CONFIG_X=0b1\n", "!is no number"},
		{"R113 two signs", short, "CONFIG_X=--1\n", "!is no number"},
		{"R113 text", text(4), "CONFIG_X=\"ab\"\n", "ab\x00\x00"},
		{"R113 empty text", text(4), "CONFIG_X=\"\"\n", "\x00\x00\x00\x00"},
		{"C88 text that fills the array", text(4), "CONFIG_X=\"abcd\"\n", "abc\x00"},
		{"R113 text without an end", text(4), "CONFIG_X=\"ab\n", "!closing quote"},
		{"R113 a lone quote", text(4), "CONFIG_X=\"\n", "!closing quote"},
		{"R113 text of an int", short, "CONFIG_X=\"1\"\n", "!is text"},
		{"R113 number of a text", text(4), "CONFIG_X=1\n", "!the variable's kind is text"},
		{"R113 y of a text", text(4), "CONFIG_X=y\n", "!the variable's kind is text"},
		{"R113 no =", short, "CONFIG_OTHER\n", "!line 1: \"CONFIG_OTHER\" has no"},
		{"R113 nothing behind =", short, "# x\nCONFIG_OTHER=\n", "!line 2: CONFIG_OTHER: has no value"},
		{"R113 other lines", short, "# CONFIG_X is not set\n\nX=1\n CONFIG_X=1\nCONFIG_X=3", "\x03\x00"},
		{"R112 the first one counts", short, "CONFIG_X=1\nCONFIG_X=2\n", "\x01\x00"},
		{"a carriage return", short, "CONFIG_X=5\r\n", "\x05\x00"},
		{"R114 unset", short, "CONFIG_XY=5\n", "\x00\x00"},
		{"no text", short, "", "\x00\x00"},
	} {
		t.Run(row.name, func(t *testing.T) {
			v := values(t, option{name: "CONFIG_X", typ: row.typ})
			err := v.Text([]byte(row.text))
			if want, refused := strings.CutPrefix(row.want, "!"); refused {
				var line *kconfig.LineError
				if !errors.As(err, &line) || !strings.Contains(err.Error(), want) {
					t.Errorf("error %v, want one of %q", err, want)
				}
				return
			}
			if err != nil || string(v.Bytes) != row.want {
				t.Errorf("%q, %v, want %q", v.Bytes, err, row.want)
			}
		})
	}
}

// R112: what the first text says stays.
func TestSecondText(t *testing.T) {
	v := values(t, option{name: "CONFIG_A", typ: integer(2, 0)}, option{name: "CONFIG_B", typ: integer(2, 0)}, option{name: "LINUX_C", typ: integer(2, 0)})
	if got := v.Unset(""); !slices.Equal(got, []int{0, 1, 2}) {
		t.Errorf("unset %v", got)
	}
	for _, text := range []string{"CONFIG_B=1\nLINUX_C=1\n", "CONFIG_A=2\nCONFIG_B=2\n"} {
		if err := v.Text([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if string(v.Bytes) != "\x02\x00\x01\x00\x00\x00" {
		t.Errorf("%q", v.Bytes)
	}
	if len(v.Unset("CONFIG_")) != 0 || !slices.Equal(v.Unset("LINUX_"), []int{2}) {
		t.Errorf("unset %v", v.Unset(""))
	}
}

func TestNumber(t *testing.T) {
	for _, row := range []struct {
		name string
		typ  func(*elftest.BTF) elftest.ID
		n    uint64
		want string // "!" for an error
	}{
		{"R111 the version as int", integer(4, elftest.Signed), 0x060c03, "\x03\x0c\x06\x00"},
		{"C92 the version as 64 bits", integer(8, 0), 0x060c03, "\x03\x0c\x06\x00\x00\x00\x00\x00"},
		{"R111 the version does not fit", integer(2, 0), 0x060c03, "!"},
		{"R111 a fact as bool", integer(1, elftest.Bool), 1, "\x01"},
		{"R113 2 as bool", integer(1, elftest.Bool), 2, "!"},
		{"R113 a fact as tristate", tristate, 1, "!"},
		{"R113 a fact as text", text(3), 1, "!"},
	} {
		v := values(t, option{name: "LINUX_X", typ: row.typ})
		err := v.Number(0, row.n)
		if (err != nil) != (row.want == "!") || err == nil && string(v.Bytes) != row.want {
			t.Errorf("%s: %q, %v", row.name, v.Bytes, err)
		}
	}
}

func TestByteOrder(t *testing.T) {
	v := kconfig.NewValues(read(t, option{name: "CONFIG_X", typ: integer(4, 0)}), binary.BigEndian)
	if err := v.Text([]byte("CONFIG_X=1\n")); err != nil || string(v.Bytes) != "\x00\x00\x00\x01" {
		t.Errorf("%q, %v", v.Bytes, err)
	}
}

func TestCut(t *testing.T) {
	v := values(t, option{name: "CONFIG_A", typ: text(4)}, option{name: "CONFIG_B", typ: text(4)})
	if err := v.Text([]byte("CONFIG_B=\"abcd\"\nCONFIG_A=\"abc\"\n")); err != nil || !slices.Equal(v.Cut, []int{1}) {
		t.Errorf("cut %v, %v", v.Cut, err)
	}
}

// Any text gives values or an error, and texts stay terminated (C88).
func FuzzText(f *testing.F) {
	f.Add([]byte("CONFIG_A=y\nCONFIG_B=\"abcdefgh\"\nCONFIG_C=0x10\nCONFIG_D=m\n"))
	f.Add([]byte("CONFIG_A\nCONFIG_B=\"\nCONFIG_C=-1\n"))
	f.Add([]byte("CONFIG_B=\"\x00\"\nCONFIG_C=18446744073709551616\nCONFIG_E=9\n"))
	file := object(option{name: "CONFIG_A", typ: integer(1, elftest.Bool)}, option{name: "CONFIG_B", typ: text(8)},
		option{name: "CONFIG_C", typ: integer(4, elftest.Signed)}, option{name: "CONFIG_D", typ: tristate}, option{name: "CONFIG_E", typ: integer(1, elftest.Signed)})
	f.Fuzz(func(t *testing.T, text []byte) {
		set, err := kconfig.Read(file)
		if err != nil {
			t.Fatal(err)
		}
		v, again := kconfig.NewValues(set, binary.LittleEndian), kconfig.NewValues(set, binary.LittleEndian)
		err1, err2 := v.Text(text), again.Text(text)
		if (err1 == nil) != (err2 == nil) || string(v.Bytes) != string(again.Bytes) {
			t.Fatalf("two readings differ: %v, %v", err1, err2)
		}
		i, _ := set.Find("CONFIG_B")
		b := &set.Vars[i]
		if v.Bytes[b.Offset+b.Size-1] != 0 {
			t.Errorf("text %q is not terminated", v.Bytes[b.Offset:][:b.Size])
		}
	})
}
