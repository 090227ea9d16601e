package kconfig

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Values is the map's value while it is being filled. The zero value of a
// variable is what an unset one keeps (spec R114).
type Values struct {
	set   *Set
	order binary.ByteOrder
	at    map[string]int // index of a variable by its name
	// Bytes is the value so far, Set.Size bytes long.
	Bytes []byte
	// Cut are the indices of the texts that did not fit, in the order of the text.
	Cut   []int
	known []bool
}

// NewValues has nothing set. order is that of the object.
func NewValues(s *Set, order binary.ByteOrder) *Values {
	v := &Values{set: s, order: order, Bytes: make([]byte, s.Size), known: make([]bool, len(s.Vars)), at: make(map[string]int, len(s.Vars))}
	for i := range s.Vars {
		v.at[s.Vars[i].Name] = i
	}
	return v
}

// Unset are the indices of the variables that have no value, ascending. Only
// those whose name begins with prefix count.
func (v *Values) Unset(prefix string) []int {
	var out []int
	for i := range v.known {
		if !v.known[i] && strings.HasPrefix(v.set.Vars[i].Name, prefix) {
			out = append(out, i)
		}
	}
	return out
}

// LineError tells of a configuration that cannot be used: a line that is none,
// or a value that does not fit the variable.
type LineError struct {
	Line int    // from 1
	Name string // the option, "" where the line has none
	Err  error
}

func (e *LineError) Error() string {
	if e.Name == "" {
		return fmt.Sprintf("line %d: %v", e.Line, e.Err)
	}
	return fmt.Sprintf("line %d: %s: %v", e.Line, e.Name, e.Err)
}

func (e *LineError) Unwrap() error { return e.Err }

// Text takes what the text of a configuration says of the variables that have no
// value yet (spec R112, R113). The error is a *LineError.
func (v *Values) Text(text []byte) error {
	n := 0
	for line := range bytes.Lines(text) {
		n++
		if !bytes.HasPrefix(line, []byte("CONFIG_")) {
			continue
		}
		line = bytes.TrimSuffix(bytes.TrimSuffix(line, []byte("\n")), []byte("\r"))
		name, value, found := bytes.Cut(line, []byte("="))
		switch {
		case !found:
			return &LineError{Line: n, Err: fmt.Errorf("%.64q has no %q", line, "=")}
		case len(value) == 0:
			return &LineError{Line: n, Name: string(name), Err: errors.New("has no value")}
		}
		i, ok := v.at[string(name)] // allocates nothing
		if !ok || v.known[i] {
			continue
		}
		if err := v.option(i, string(value)); err != nil {
			return &LineError{Line: n, Name: string(name), Err: err}
		}
	}
	return nil
}

// option sets one variable to what stands behind the "=".
func (v *Values) option(i int, value string) error {
	switch value[0] {
	case 'y', 'n', 'm':
		return v.letter(i, value[0])
	case '"':
		return v.text(i, value)
	}
	k := &v.set.Vars[i]
	if k.Kind != Int && k.Kind != Char {
		return fmt.Errorf("the value %.64q is a number, the variable's kind is %s", value, k.Kind)
	}
	n, err := number(value)
	if err != nil {
		return err
	}
	return v.Number(i, n)
}

// number is a whole string with C's prefixes; a negative one is in two's complement.
func number(s string) (uint64, error) {
	digits, negative := strings.CutPrefix(s, "-")
	n, err := strconv.ParseUint(digits, 0, 64)
	if err != nil || strings.ContainsAny(digits, "_oObB") && !hexadecimal(digits) {
		return 0, fmt.Errorf("the value %.64q is no number of 64 bits", s)
	}
	if negative {
		n = -n
	}
	return n, nil
}

func hexadecimal(s string) bool {
	return !strings.Contains(s, "_") && (strings.HasPrefix(s, "0x") || strings.HasPrefix(s, "0X"))
}

// tristates are enum libbpf_tristate by letter.
var tristates = [...]struct {
	letter byte
	value  uint64
}{{'n', 0}, {'y', 1}, {'m', 2}}

func (v *Values) letter(i int, c byte) error {
	k := &v.set.Vars[i]
	switch {
	case k.Kind == Bool && c != 'm':
		v.put(i, b2u(c == 'y'))
	case k.Kind == Tristate:
		for _, t := range tristates {
			if t.letter == c {
				v.put(i, t.value)
			}
		}
	case k.Kind == Char:
		v.put(i, uint64(c))
	default:
		return fmt.Errorf("the value is %q, the variable's kind is %s", c, k.Kind)
	}
	return nil
}

func b2u(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}

// text copies a quoted value, cut so that a NUL follows it (C88).
func (v *Values) text(i int, value string) error {
	k := &v.set.Vars[i]
	if k.Kind != Text {
		return fmt.Errorf("the value %.64s is text, the variable's kind is %s", value, k.Kind)
	}
	if len(value) < 2 || value[len(value)-1] != '"' {
		return fmt.Errorf("the value %.64s has no closing quote", value)
	}
	if n := copy(v.Bytes[k.Offset:][:k.Size-1], value[1:len(value)-1]); n < len(value)-2 {
		v.Cut = append(v.Cut, i)
	}
	v.known[i] = true
	return nil
}

// Number sets a variable to a number: an integer or char that it fits into, or a
// bool to 0 or 1 (spec R111, R113).
func (v *Values) Number(i int, n uint64) error {
	k := &v.set.Vars[i]
	switch {
	case k.Kind == Bool && n > 1:
		return fmt.Errorf("the value %d is no truth value", n)
	case k.Kind != Bool && k.Kind != Int && k.Kind != Char:
		return fmt.Errorf("the value %d is a number, the variable's kind is %s", n, k.Kind)
	case !k.fits(n):
		return fmt.Errorf("the value %d does not fit into %d bytes", int64(n), k.Size)
	}
	v.put(i, n)
	return nil
}

// fits tells whether the variable can hold n, which is in two's complement
// where it is signed.
func (k *Var) fits(n uint64) bool {
	bits := 8 * k.Size
	switch {
	case bits >= 64:
		return true
	case k.Signed:
		return n+1<<(bits-1) < 1<<bits
	}
	return n>>bits == 0
}

// put writes n, which fits.
func (v *Values) put(i int, n uint64) {
	k := &v.set.Vars[i]
	b := v.Bytes[k.Offset:][:k.Size]
	switch k.Size {
	case 1:
		b[0] = byte(n)
	case 2:
		v.order.PutUint16(b, uint16(n))
	case 4:
		v.order.PutUint32(b, uint32(n))
	case 8:
		v.order.PutUint64(b, n)
	}
	v.known[i] = true
}
