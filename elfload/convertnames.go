package elfload

import (
	"fmt"
	"strings"

	"github.com/bpfload/bpfload/internal/bpfsys"
)

// cNames is one C name space.
type cNames struct {
	used map[string]bool
	next map[string]int // by wanted name, where to go on looking
	// constants are enumerators among them that have a name which is otherwise
	// defined as a macro, and their values; looked up only.
	constants map[string]uint64
}

// cReserved are C's keywords, and what the printed text itself names.
const cReserved = "alignas alignof asm auto bool break case char const constexpr continue default do double else enum extern " +
	"false float for goto if inline int long nullptr register restrict return short signed sizeof static static_assert " +
	"struct switch thread_local true typedef typeof typeof_unqual union unsigned void volatile while " +
	"_Alignas _Alignof _Atomic _Bool _Complex _Generic _Imaginary _Noreturn _Static_assert _Thread_local " +
	"__bpf__ __BPF__ __COUNTER__ __FILE__ __LINE__ SEC __uint __type __array LIBBPF_PIN_BY_NAME " + convertNoTypes + " " + convertStubs

// typedefs of these names are everywhere: `typedef _Bool bool` must stay.
const cTypedefWords = "bool"

func newCNames() *cNames {
	n := (&cNames{used: map[string]bool{}, next: map[string]int{}, constants: map[string]uint64{}}).reserve(cReserved)
	for _, word := range strings.Fields(cTypedefWords) {
		delete(n.used, word)
	}
	return n
}

// macroPrefixes begin the names that the printed text defines as macros.
var macroPrefixes = [...]string{"BPF_MAP_TYPE_", "BPF_F_"}

// reserve keeps further words from being taken.
func (n *cNames) reserve(words string) *cNames {
	for _, word := range strings.Fields(words) {
		n.used[word] = true
	}
	return n
}

// free tells whether nothing else has the name.
func (n *cNames) free(name string) bool {
	return !n.used[name] && (!macroName(name) || strings.Contains(name, "___"))
}

func macroName(name string) bool {
	for _, prefix := range macroPrefixes {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return false
}

// constant gives an enumerator its name: one of a macro's names stands for the macro.
func (n *cNames) constant(name string, value uint64) string {
	if !macroName(name) || n.used[name] || identifier(name) != name {
		return n.take(name)
	}
	n.used[name], n.constants[name] = true, value
	return name
}

// macro is the name, or the value where an enumerator of that name has another.
func (n *cNames) macro(name string, value uint64) string {
	if have, ok := n.constants[name]; ok && have != value {
		return fmt.Sprint(value)
	}
	return name
}

// take gives a name that nothing else has: the wanted one, if it is a C
// identifier and free. Flavours are named as CO-RE does, so that the name up to
// `___` stays.
func (n *cNames) take(want string) string {
	base := identifier(want)
	if n.free(base) {
		n.used[base] = true
		return base
	}
	for i := max(n.next[base], 2); ; i++ {
		if s := fmt.Sprintf("%s___%d", base, i); n.free(s) {
			n.used[s], n.next[base] = true, i+1
			return s
		}
	}
}

// identifier makes a C identifier of any text, itself where it is one.
func identifier(s string) string {
	b := []byte(s)
	for i, ch := range b {
		letter := ch >= 'a' && ch <= 'z' || ch >= 'A' && ch <= 'Z' || ch == '_'
		if !letter && (ch < '0' || ch > '9') {
			b[i] = '_'
		}
	}
	if len(b) == 0 || b[0] >= '0' && b[0] <= '9' {
		b = append([]byte{'_'}, b...)
	}
	return string(b)
}

// asmLabel gives a declaration the name that it has in the object, where that is
// one for every loader but C has another use for it; "" where none is needed.
func asmLabel(cName, name string) string {
	if cName == name || identifier(name) != name {
		return ""
	}
	return " __asm__(" + cString(name) + ")"
}

// mapTypeMacro is the constant's name, or the number where it has none.
func mapTypeMacro(t uint32) string {
	if name := mapTypeName(t); name != "" {
		return "BPF_MAP_TYPE_" + strings.ToUpper(name)
	}
	return fmt.Sprint(t)
}

// mapFlagMacros writes map_flags as an expression: names where there are any, the other
// bits as numbers.
func (n *cNames) mapFlagMacros(flags uint32) string {
	var list []string
	for bit := range 32 {
		if flag := flags & (1 << bit); flag != 0 {
			list = append(list, n.macro(bpfsys.FlagNames(flag), uint64(flag)))
		}
	}
	return strings.Join(list, " | ")
}

// macros defines what the definitions use, unless headers have done so.
func (c *converter) macros() string {
	var b strings.Builder
	define := func(name, params, value string) {
		if _, ok := c.types.names.constants[name]; ok {
			return
		}
		fmt.Fprintf(&b, "#ifndef %s\n#define %s%s %s\n#endif\n", name, name, params, value)
	}
	b.WriteByte('\n')
	define("SEC", "(name)", "__attribute__((section(name), used))")
	define("__uint", "(name, val)", "int (*name)[val]")
	define("__type", "(name, val)", "__typeof__(val) *name")
	define("__array", "(name, val)", "__typeof__(val) *name[]")
	b.WriteByte('\n')
	for _, t := range c.mapTypes {
		if mapTypeName(t) != "" {
			define(mapTypeMacro(t), "", fmt.Sprint(t))
		}
	}
	for bit := range 32 {
		if flag := c.flags & (1 << bit); flag != 0 && macroName(bpfsys.FlagNames(flag)) {
			define(bpfsys.FlagNames(flag), "", fmt.Sprintf("(1U << %d)", bit))
		}
	}
	if c.pins {
		define("LIBBPF_PIN_BY_NAME", "", "1")
	}
	return b.String()
}
