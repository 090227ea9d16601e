package rawbtf

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// isText tells whether an array of that element type holds text: one byte
// wide, and not bool.
func isText(elem Type) bool {
	return elem.Kind == Int && elem.Size() == 1 && elem.Int().Encoding&IntBool == 0
}

func (e encoder) array(id ID, ty Type, text string, out []byte, depth int) error {
	a := ty.Array()
	elem, err := e.Strip(a.Elem)
	if err != nil {
		return err
	}
	list := strings.HasPrefix(strings.TrimSpace(text), "{")
	if isText(elem) && !list {
		return e.text(id, text, out)
	}
	items, err := splitList(text)
	if err != nil {
		return fmt.Errorf("value of %s: %w", e.CName(id), err)
	}
	if uint64(len(items)) > uint64(a.Nelems) {
		return fmt.Errorf("value has %d elements, but %s has %d", len(items), e.CName(id), a.Nelems)
	}
	size, err := e.Sizeof(a.Elem)
	if err != nil {
		return err
	}
	for i, item := range items {
		if err := e.value(a.Elem, item, out[uint64(i)*uint64(size):][:size], depth-1); err != nil {
			return fmt.Errorf("element %d: %w", i, err)
		}
	}
	return nil
}

// text writes a string and leaves the rest of the array, at least one byte, 0.
func (e encoder) text(id ID, text string, out []byte) error {
	if len(text) >= 2 && text[0] == '"' && text[len(text)-1] == '"' {
		s, err := strconv.Unquote(text)
		if err != nil {
			return fmt.Errorf("value %s is not a well-formed string", text)
		}
		text = s
	}
	switch {
	case len(text) > len(out):
		return fmt.Errorf("string of %d bytes and its NUL do not fit %s", len(text), e.CName(id))
	case len(text) == len(out) && len(out) > 0:
		return fmt.Errorf("string of %d bytes leaves no room for its NUL in %s; give it as hex:… to do without", len(text), e.CName(id))
	}
	copy(out, text)
	return nil
}

func (e encoder) fields(id ID, ty Type, text string, out []byte, depth int) error {
	items, err := splitList(text)
	if err != nil {
		return fmt.Errorf("value of %s: %w", e.CName(id), err)
	}
	if ty.Kind == Union && len(items) > 1 {
		return fmt.Errorf("value of %s has %d members, a union holds one", e.CName(id), len(items))
	}
	seen := make(map[string]bool, len(items))
	for _, item := range items {
		name, value, ok := strings.Cut(item, "=")
		name = strings.TrimSpace(name)
		if !ok || !strings.HasPrefix(name, ".") {
			return fmt.Errorf("%q in the value of %s is not of the form .member = value", item, e.CName(id))
		}
		name = name[1:]
		if seen[name] {
			return fmt.Errorf("member %q of %s is given twice", name, e.CName(id))
		}
		seen[name] = true
		if err := e.field(id, name, strings.TrimSpace(value), out, depth); err != nil {
			return err
		}
	}
	return nil
}

func (e encoder) field(id ID, name, text string, out []byte, depth int) error {
	p, err := e.member(part{id: id}, name)
	if err != nil {
		return err
	}
	if err := e.put(p, text, out, depth-1); err != nil {
		return fmt.Errorf("member %q: %w", name, err)
	}
	return nil
}

var errNotList = errors.New("a list in braces is needed, like {1, 2}")

// splitList splits "{a, {b, c}, \"d,\"}" at its outer commas, blanks removed. A
// comma at the end is allowed, as in C.
func splitList(text string) ([]string, error) {
	text = strings.TrimSpace(text)
	if len(text) < 2 || text[0] != '{' || text[len(text)-1] != '}' {
		return nil, errNotList
	}
	body := text[1 : len(text)-1]
	var items []string
	depth, start := 0, 0
	for i := 0; i < len(body); i++ {
		switch c := body[i]; c {
		case '{':
			depth++
		case '}':
			if depth--; depth < 0 {
				return nil, errors.New("braces do not match")
			}
		case '"', '\'':
			for i++; i < len(body) && body[i] != c; i++ {
				if body[i] == '\\' {
					i++
				}
			}
			if i >= len(body) {
				return nil, errors.New("a quote is not closed")
			}
		case ',':
			if depth == 0 {
				items = append(items, strings.TrimSpace(body[start:i]))
				start = i + 1
			}
		}
	}
	if depth != 0 {
		return nil, errors.New("braces do not match")
	}
	if last := strings.TrimSpace(body[start:]); last != "" {
		items = append(items, last)
	}
	for _, item := range items {
		if item == "" {
			return nil, errors.New("an element is empty")
		}
	}
	return items, nil
}
