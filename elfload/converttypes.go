package elfload

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"github.com/bpfload/bpfload/internal/rawbtf"
)

// Bounds of what is printed of a file's types: a hostile file nests them without end.
const (
	maxTypeDepth = 64
	maxTypeSteps = 1 << 18 // types and members that are looked at or printed
	maxTypeText  = 1 << 20 // bytes of declarations
)

var (
	errTypeCycle = errors.New("contains itself")
	errTypeSize  = errors.New("is too large or nests too deep to be printed")
)

// cTypes prints types of the object's BTF as C: declarations go to out, each behind
// what it needs. A type that C cannot say, or not with the same layout, is an error
// and stays unprinted.
type cTypes struct {
	t           *rawbtf.Table // nil without BTF
	names, tags *cNames       // ordinary identifiers; struct, union and enum tags
	out         bytes.Buffer
	label       map[rawbtf.ID]string // C name of a named type
	state       map[rawbtf.ID]typeState
	uses        map[cUse]error // of key and value types; the error says why one is not used
	layouts     map[rawbtf.ID]*cLayout
	inlined     map[rawbtf.ID]bool   // anonymous enums that are printed
	inMember    bool                 // not in out, but in a map's definition
	functions   map[string]rawbtf.ID // by name; nil until it is asked
	steps       int
}

// cUse is a type as key or value of so many bytes.
type cUse struct {
	id   rawbtf.ID
	size uint32
}

// typeState is how far a named type is declared.
type typeState uint8

const (
	typeUnknown typeState = iota
	typeForward           // "struct x;"
	typeInWork
	typeComplete
)

func newCTypes(t *rawbtf.Table) *cTypes {
	return &cTypes{t: t, names: newCNames().reserve(cBuiltins), tags: newCNames(), label: map[rawbtf.ID]string{}, state: map[rawbtf.ID]typeState{},
		uses: map[cUse]error{}, layouts: map[rawbtf.ID]*cLayout{}, inlined: map[rawbtf.ID]bool{}}
}

// needed declares the type of a key or value, so that member can name it.
func (c *cTypes) needed(id rawbtf.ID, size uint32) {
	use := cUse{id, size}
	if _, done := c.uses[use]; done || c.t == nil || id == 0 {
		return
	}
	have, err := c.t.Sizeof(id)
	if err == nil && have != size {
		err = fmt.Errorf("has %d bytes, not the %d of the definition", have, size)
	}
	if err == nil {
		err = c.need(id, true, 0)
	}
	text := ""
	if err == nil {
		text, err = c.inDefinition(id, "")
	}
	c.uses[use] = err
	ty, _ := c.t.Strip(id)
	if err == nil && c.label[id] != "" && size != 0 && (ty.Kind == rawbtf.Struct || ty.Kind == rawbtf.Union) {
		fmt.Fprintf(&c.out, "_Static_assert(sizeof(%s) == %d, %s);\n", text, size, cString(c.t.CName(id)))
	}
}

// member is the member of a definition that says the type, "" where it is
// unknown or failed.
func (c *cTypes) member(field string, id, size uint32) string {
	if c.t == nil || id == 0 || size == 0 {
		return ""
	}
	if err, done := c.uses[cUse{id, size}]; err != nil || !done {
		return ""
	}
	text, err := c.inDefinition(id, "")
	if err != nil {
		return ""
	}
	if !strings.ContainsAny(text, ",{") {
		return fmt.Sprintf("__type(%s, %s);", field, text)
	}
	// A macro's argument ends at a comma; this is what the macro would make.
	pointer := "*" + field
	if k := c.t.Type(id).Kind; k == rawbtf.Array || k == rawbtf.FuncProto {
		pointer = "(*" + field + ")"
	}
	if text, err = c.inDefinition(id, pointer); err != nil {
		return ""
	}
	return text + ";"
}

// inDefinition declares inner in the struct of a map.
func (c *cTypes) inDefinition(id rawbtf.ID, inner string) (string, error) {
	c.inMember = true
	defer func() { c.inMember = false }()
	return c.declare(id, inner, 1, 0)
}

// dropped tells of types that the definition could not be given.
func (c *cTypes) dropped(d *MapDef) []string {
	var all []string
	for _, x := range []struct {
		field    string
		id, size uint32
	}{{"key", d.KeyType, d.KeySize}, {"value", d.ValueType, d.ValueSize}} {
		if err := c.uses[cUse{x.id, x.size}]; err != nil {
			all = append(all, fmt.Sprintf("the %s's type %s %s: only its size is here", x.field, Quote(c.t.CName(x.id)), err))
		}
	}
	return all
}

// step counts the work.
func (c *cTypes) step(depth int) error {
	c.steps++
	if depth > maxTypeDepth || c.steps > maxTypeSteps || c.out.Len() > maxTypeText {
		return errTypeSize
	}
	return nil
}

// need declares what must stand before a use of the type: all of it where full,
// else only that it exists.
func (c *cTypes) need(id rawbtf.ID, full bool, depth int) error {
	if err := c.step(depth); err != nil {
		return err
	}
	ty := c.t.Type(id)
	switch ty.Kind {
	case rawbtf.Ptr:
		return c.need(ty.Ref(), false, depth+1)
	case rawbtf.Const, rawbtf.Volatile, rawbtf.Restrict, rawbtf.TypeTag:
		return c.need(ty.Ref(), full, depth+1)
	case rawbtf.Array:
		return c.need(ty.Array().Elem, true, depth+1)
	case rawbtf.FuncProto:
		for i := range ty.Vlen {
			if err := c.need(ty.Param(i).Type, false, depth+1); err != nil {
				return err
			}
		}
		return c.need(ty.Ref(), false, depth+1)
	case rawbtf.Typedef:
		return c.needTypedef(ty, full, depth)
	case rawbtf.Struct, rawbtf.Union:
		return c.needStruct(ty, full, depth)
	case rawbtf.Enum, rawbtf.Enum64:
		return c.needEnum(ty, depth)
	case rawbtf.Fwd:
		if c.state[id] == typeUnknown {
			c.state[id] = typeForward
			c.label[id] = identifier(ty.Name())
			fmt.Fprintf(&c.out, "%s %s;\n", fwdWord(ty), c.label[id])
		}
	}
	return nil
}

func fwdWord(ty rawbtf.Type) string {
	if ty.Kind == rawbtf.Union || ty.Kind == rawbtf.Fwd && ty.KindFlag {
		return "union"
	}
	return "struct"
}

func (c *cTypes) needTypedef(ty rawbtf.Type, full bool, depth int) error {
	switch c.state[ty.ID] {
	case typeInWork:
		return errTypeCycle
	case typeUnknown:
		c.state[ty.ID] = typeInWork
		err := c.need(ty.Ref(), false, depth+1)
		text := ""
		if err == nil {
			c.setLabel(ty, c.names)
			text, err = c.declare(ty.Ref(), c.label[ty.ID], 0, depth+1)
		}
		if err != nil {
			c.state[ty.ID] = typeUnknown
			return err
		}
		fmt.Fprintf(&c.out, "typedef %s;\n", text)
		c.state[ty.ID] = typeComplete
	}
	if full {
		return c.need(ty.Ref(), true, depth+1)
	}
	return nil
}

func (c *cTypes) setLabel(ty rawbtf.Type, space *cNames) {
	if c.label[ty.ID] == "" {
		c.label[ty.ID] = space.take(ty.Name())
	}
}

func (c *cTypes) needStruct(ty rawbtf.Type, full bool, depth int) error {
	named := ty.Name() != ""
	state := c.state[ty.ID]
	switch {
	case state == typeComplete:
		return nil
	case named && !full:
		if state == typeUnknown {
			c.setLabel(ty, c.tags)
			c.state[ty.ID] = typeForward
			fmt.Fprintf(&c.out, "%s %s;\n", fwdWord(ty), c.label[ty.ID])
		}
		return nil
	case state == typeInWork:
		return errTypeCycle
	}
	c.state[ty.ID] = typeInWork
	text, err := c.structNeeds(ty, depth)
	if err != nil {
		c.state[ty.ID] = state
		return err
	}
	if named {
		fmt.Fprintf(&c.out, "%s;\n", text)
	}
	c.state[ty.ID] = typeComplete
	return nil
}

// structNeeds declares what the members need, and gives the text of a named struct.
func (c *cTypes) structNeeds(ty rawbtf.Type, depth int) (string, error) {
	for i := range ty.Vlen {
		if err := c.need(ty.Member(i).Type, true, depth+1); err != nil {
			return "", err
		}
	}
	if ty.Name() == "" {
		return "", nil
	}
	c.setLabel(ty, c.tags)
	body, err := c.body(ty, 0, depth+1)
	return fwdWord(ty) + " " + c.label[ty.ID] + " " + body, err
}

func (c *cTypes) needEnum(ty rawbtf.Type, depth int) error {
	if ty.Name() == "" || c.state[ty.ID] == typeComplete {
		return nil
	}
	c.setLabel(ty, c.tags)
	body, err := c.enumBody(ty, depth)
	if err != nil {
		return err
	}
	fmt.Fprintf(&c.out, "enum %s %s;\n", c.label[ty.ID], body)
	c.state[ty.ID] = typeComplete
	return nil
}
