package elfload

import (
	"bytes"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/bpfload/bpfload/internal/mapdef"
)

// ConvertOptions say how legacy definitions are turned into C. The zero value
// is the usual one.
type ConvertOptions struct {
	// Maps override single fields of definitions, in order, as a host does that
	// sizes maps.
	Maps []MapOverride
	// Inner gives templates to maps of maps that have none, in order.
	Inner []InnerMap
}

// Macros that the printed C heeds (Convert).
const (
	convertNoTypes = "BPFLOAD_NO_TYPES"
	convertStubs   = "BPFLOAD_STUBS"
)

// Convert writes C that replaces the object's legacy definitions: the same
// maps, in the same order, as BTF definitions in `.maps`. Definitions that are BTF
// ones already, data sections and programs are not printed.
//
// The text compiles alone, without headers; where it is put into a source that
// includes some, it goes behind them. Types of keys and values are declared from the
// object's BTF, unless BPFLOAD_NO_TYPES is defined because the source has them
// already. Programs in slots are declared only; with BPFLOAD_STUBS defined they
// are functions that return 0, and there is at least one, so that the text is an object
// that loaders take.
//
// What a definition cannot say is a comment and a warning. The error is that of w, or
// ErrUsage where an option does not fit the object.
func (o *Object) Convert(w io.Writer, opts ConvertOptions) ([]Warning, error) {
	c := &converter{o: o, defs: append([]MapDef(nil), o.Maps...), warns: append([]Warning(nil), o.Warnings...)}
	if err := overrideMaps(c.defs, opts.Maps); err != nil {
		return nil, err
	}
	if err := giveInner(c.defs, opts.Inner); err != nil {
		return nil, err
	}
	for i := range c.defs {
		if d := &c.defs[i]; legacyDef(d) {
			c.legacy = append(c.legacy, i)
		} else if !d.Internal {
			c.others = append(c.others, d.Name)
		}
	}
	if len(c.legacy) == 0 {
		return c.nothing(w)
	}
	c.types = newCTypes(o.file.BTF)
	c.nameAll()
	c.printMaps()
	c.moved = c.movedPrograms()
	c.printStubs()
	_, err := w.Write(c.assemble())
	return c.warns, err
}

// legacyDef tells whether a definition is one that Convert replaces.
func legacyDef(d *MapDef) bool {
	switch d.Dialect {
	case mapdef.DialectBTF, mapdef.DialectData, mapdef.DialectKconfig, mapdef.DialectStructOps:
		return false
	}
	return !d.Internal
}

// converter gathers the parts of the text.
type converter struct {
	o      *Object
	defs   []MapDef // the object's, completed by the options
	legacy []int    // indices of what is converted, in definition order
	others []string // names of BTF definitions
	types  *cTypes

	names    []string         // the C name of each map, by index
	programs []convertProgram // by program index; only those in slots have a name
	tags     map[int]string   // struct tag of a template, by map index
	declared map[int]bool     // templates whose struct is printed
	defined  map[int]bool     // maps that are printed
	below    map[int]string   // names for references ahead of the definition
	mapTypes []uint32         // map types in use, each once, in order of use
	flags    uint32           // bits of map_flags in use
	pins     bool             // LIBBPF_PIN_BY_NAME is in use

	moved               []string // notes on programs whose section has to change
	protos, maps, stubs bytes.Buffer
	warns               []Warning
}

// nothing is the text for an object without legacy definitions.
func (c *converter) nothing(w io.Writer) ([]Warning, error) {
	c.warns = append(c.warns, Warning{Code: "no_legacy_maps", Message: "the object holds no legacy definitions: there is nothing to convert"})
	_, err := io.WriteString(w, comment(c.o.title()+" holds no legacy definitions."))
	return c.warns, err
}

// title is the object's name for comments.
func (o *Object) title() string {
	if o.Path != "" {
		return Quote(filepath.Base(o.Path))
	}
	return Quote(o.Name)
}

// warn tells of something that is lost, for the caller and as a comment.
func (c *converter) warn(d *MapDef, code, format string, args ...any) string {
	text := fmt.Sprintf(format, args...)
	c.warns = append(c.warns, Warning{Code: code, Map: d.Name, Section: d.Section, Offset: mapdef.At(d.Offset), Message: text})
	return text
}

// assemble puts the parts in order.
func (c *converter) assemble() []byte {
	var b bytes.Buffer
	b.WriteString(c.head())
	b.WriteString(c.macros())
	if c.types.out.Len() > 0 {
		fmt.Fprintf(&b, "\n#ifndef %s /* define it where the source has these types */\n\n%s\n#endif\n", convertNoTypes,
			strings.TrimSuffix(c.types.out.String(), "\n"))
	}
	section := func(text []byte) {
		if len(text) > 0 {
			b.WriteByte('\n')
			b.Write(text)
		}
	}
	if len(c.moved) > 0 {
		section([]byte(comment(c.moved...)))
	}
	section(c.protos.Bytes())
	section(c.maps.Bytes())
	if c.stubs.Len() > 0 {
		fmt.Fprintf(&b, "\n#ifdef %s /* makes an object of this file alone */\n\n%s#endif\n", convertStubs, c.stubs.Bytes())
	}
	return b.Bytes()
}

func (c *converter) head() string {
	lines := []string{fmt.Sprintf("The legacy map definitions of %s as BTF definitions, in the same order.", c.o.title()),
		"To be put behind the headers that the source includes and before its programs;",
		fmt.Sprintf("alone: clang -target %s -g -O2 -c", c.o.target())}
	if len(c.others) > 0 {
		lines = append(lines, "Not here, as they are BTF definitions already: "+quoteList(c.others)+".")
	}
	return comment(lines...)
}

// target is clang's name of the object's byte order.
func (o *Object) target() string {
	if o.ByteOrder() == "big" {
		return "bpfeb"
	}
	return "bpf"
}

// comment makes a C comment of lines that may hold anything.
func comment(lines ...string) string {
	var b strings.Builder
	for i, l := range lines {
		l = Clean(l)
		for strings.Contains(l, "*/") || strings.Contains(l, "/*") {
			l = strings.ReplaceAll(strings.ReplaceAll(l, "*/", "* /"), "/*", "/ *")
		}
		if i == 0 {
			b.WriteString("/* " + l)
		} else {
			b.WriteString("\n * " + l)
		}
	}
	return b.String() + " */\n"
}

// cString writes a C string literal.
func cString(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for i := range len(s) {
		if ch := s[i]; ch < ' ' || ch > '~' || strings.IndexByte(`"\?`, ch) >= 0 {
			fmt.Fprintf(&b, `\%03o`, ch)
		} else {
			b.WriteByte(ch)
		}
	}
	return b.String() + `"`
}

// DocumentWarnings are warnings as a Document has them. The list is never nil.
func DocumentWarnings(list []Warning) []DocumentWarning {
	docs := make([]DocumentWarning, len(list))
	for i, w := range list {
		docs[i] = warningDocument(w)
	}
	return docs
}
