package elfload_test

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/bpfload/bpfload/elfload"
)

// hostileNames may stand in a symbol table, and none may reach a terminal raw.
var hostileNames = []string{
	"", " ", "a b", "new\nline", "tab\t", "\x1b[31mred", "bell\a", "\x7f", "\u009b31m", "\u202eevil", "\ufeff",
	"\xff\xfe", "half\xe2\x82", `\xff`, `back\slash`, `"quoted"`, "=", "a=b", "a,b", "nul\x00", "\u2028", "\U000e0001", "ünïcode", "\ufffd",
	strings.Repeat("x", 1<<16),
}

func TestTextIsReversible(t *testing.T) {
	seen := make(map[string]string)
	for _, name := range hostileNames {
		b, err := elfload.Text(name).MarshalText()
		if err != nil || !utf8.Valid(b) {
			t.Errorf("%q becomes %q, %v", name, b, err)
		}
		if other, ok := seen[string(b)]; ok {
			t.Errorf("%q and %q both become %q", name, other, b)
		}
		seen[string(b)] = name
		var back elfload.Text
		if err := back.UnmarshalText(b); err != nil || string(back) != name {
			t.Errorf("%q becomes %q and then %q, %v", name, b, back, err)
		}
	}
}

func TestTextRefusesUnknownEscapes(t *testing.T) {
	for _, s := range []string{`\`, `a\`, `\n`, `\x`, `\x0`, `\xg0`, `\x+1`, `\X00`} {
		text := elfload.Text("kept")
		if err := text.UnmarshalText([]byte(s)); err == nil || text != "kept" {
			t.Errorf("%q is read as %q, %v", s, text, err)
		}
	}
}

func TestTextForm(t *testing.T) {
	for _, row := range [][2]string{{"events", "events"}, {"a\xffb", `a\xffb`}, {`a\b`, `a\\b`}, {`\xff`, `\\xff`}, {"é\n", "é\n"}} {
		if b, _ := elfload.Text(row[0]).MarshalText(); string(b) != row[1] {
			t.Errorf("%q becomes %q, want %q", row[0], b, row[1])
		}
	}
}

func TestQuoteAndCleanArePrintable(t *testing.T) {
	for _, name := range hostileNames {
		for what, s := range map[string]string{"Quote": elfload.Quote(name), "Clean": elfload.Clean(name)} {
			if !utf8.ValidString(s) || strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) {
				t.Errorf("%s(%q) = %q", what, name, s)
			}
		}
		if q := elfload.Quote(name); strings.ContainsAny(strings.Trim(q, `"`), "\n=,") && q[0] != '"' {
			t.Errorf("Quote(%q) = %s looks like more than one field", name, q)
		}
	}
}

func TestQuote(t *testing.T) {
	for _, row := range [][2]string{{"events", "events"}, {".rodata.str1.1", ".rodata.str1.1"}, {"?xdp", "?xdp"}, {"kprobe/a", "kprobe/a"},
		{"", `""`}, {"a b", `"a b"`}, {"a=b", `"a=b"`}, {"a\nb", `"a\nb"`}, {"\xff", `"\xff"`}, {"ünïcode", "ünïcode"}} {
		if q := elfload.Quote(row[0]); q != row[1] {
			t.Errorf("Quote(%q) = %s, want %s", row[0], q, row[1])
		}
	}
}

func TestClean(t *testing.T) {
	for _, row := range [][2]string{{`it's "so"`, `it's "so"`}, {"a\x1b[0m", `a\x1b[0m`}, {"a\nb", `a\nb`}, {"\xff", `\xff`}, {"\u202e", `\u202e`}} {
		if c := elfload.Clean(row[0]); c != row[1] {
			t.Errorf("Clean(%q) = %s, want %s", row[0], c, row[1])
		}
	}
}
