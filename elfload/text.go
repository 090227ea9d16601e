package elfload

import (
	"errors"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Text is a string of the file's: any bytes. In JSON it stands as it is, but
// for backslashes, which are doubled, and bytes that are not UTF-8, which become
// \x and two lower-case hex digits; so no two names become one, and reading
// gives back the very bytes.
type Text string

// MarshalText implements encoding.TextMarshaler; it never fails.
func (t Text) MarshalText() ([]byte, error) {
	s := string(t)
	if utf8.ValidString(s) && !strings.Contains(s, `\`) {
		return []byte(s), nil
	}
	return appendValid(nil, strings.ReplaceAll(s, `\`, `\\`)), nil
}

// UnmarshalText is the inverse of MarshalText.
func (t *Text) UnmarshalText(b []byte) error {
	s := string(b)
	var out strings.Builder
	for {
		plain, rest, found := strings.Cut(s, `\`)
		out.WriteString(plain)
		switch {
		case !found:
			*t = Text(out.String())
			return nil
		case strings.HasPrefix(rest, `\`):
			out.WriteByte('\\')
			s = rest[1:]
		case len(rest) >= 3 && rest[0] == 'x':
			n, err := strconv.ParseUint(rest[1:3], 16, 8)
			if err != nil {
				return errText
			}
			out.WriteByte(byte(n))
			s = rest[3:]
		default:
			return errText
		}
	}
}

var errText = errors.New(`a backslash is not followed by \ or x and two hex digits`)

// appendValid appends s with \x and two hex digits for each byte that is not
// part of valid UTF-8.
func appendValid(b []byte, s string) []byte {
	for s != "" {
		r, n := utf8.DecodeRuneInString(s)
		if r == utf8.RuneError && n == 1 {
			b = append(b, '\\', 'x', hexDigits[s[0]>>4], hexDigits[s[0]&15])
		} else {
			b = append(b, s[:n]...)
		}
		s = s[n:]
	}
	return b
}

const hexDigits = "0123456789abcdef"

// Quote makes a name safe for a terminal and for one field of a line: as it is
// when it is not empty and holds only printable characters and neither blanks,
// quotes, backslashes nor what separates fields of a plan, else as a Go string.
func Quote(name string) string {
	if name == "" || strings.ContainsAny(name, " \"\\=,()") || !Printable(name) {
		return strconv.Quote(name)
	}
	return name
}

// Printable tells whether the text may go to a terminal as it is: valid UTF-8
// of graphic characters and blanks, no controls and no direction marks.
func Printable(s string) bool {
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		if (r == utf8.RuneError && n == 1) || !strconv.IsPrint(r) {
			return false
		}
		i += n
	}
	return true
}

// Clean replaces what Printable refuses by Go's escapes and leaves the rest,
// quotes too, as it is.
func Clean(s string) string {
	if Printable(s) {
		return s
	}
	var b strings.Builder
	for s != "" {
		r, n := utf8.DecodeRuneInString(s)
		if Printable(s[:n]) {
			b.WriteString(s[:n])
		} else if r == utf8.RuneError && n == 1 {
			b.Write(appendValid(nil, s[:1]))
		} else {
			q := strconv.QuoteRune(r)
			b.WriteString(q[1 : len(q)-1])
		}
		s = s[n:]
	}
	return b.String()
}
