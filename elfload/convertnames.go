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
}

// cReserved are C's keywords, and what the printed text itself names.
const cReserved = "alignas alignof asm auto bool break case char const constexpr continue default do double else enum extern " +
	"false float for goto if inline int long nullptr register restrict return short signed sizeof static static_assert " +
	"struct switch thread_local true typedef typeof typeof_unqual union unsigned void volatile while " +
	"_Alignas _Alignof _Atomic _Bool _Complex _Generic _Imaginary _Noreturn _Static_assert _Thread_local " +
	"SEC __uint __type __array LIBBPF_PIN_BY_NAME " + convertNoTypes + " " + convertStubs

// typedefs of these names are everywhere: `typedef _Bool bool` must stay.
const cTypedefWords = "bool"

func newCNames() *cNames {
	n := &cNames{used: map[string]bool{}, next: map[string]int{}}
	for _, word := range strings.Fields(cReserved) {
		n.used[word] = true
	}
	for _, word := range strings.Fields(cTypedefWords) {
		delete(n.used, word)
	}
	return n
}

// take gives a name that nothing else has: the wanted one, if it is a C
// identifier and free. Flavours are named as CO-RE does, so that the name up to
// `___` stays.
func (n *cNames) take(want string) string {
	base := identifier(want)
	if !n.used[base] {
		n.used[base] = true
		return base
	}
	for i := max(n.next[base], 2); ; i++ {
		if s := fmt.Sprintf("%s___%d", base, i); !n.used[s] {
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

// mapTypeMacro is the constant's name, or the number where it has none.
func mapTypeMacro(t uint32) string {
	if name := mapTypeName(t); name != "" {
		return "BPF_MAP_TYPE_" + strings.ToUpper(name)
	}
	return fmt.Sprint(t)
}

// mapFlagMacros writes map_flags as an expression: names where there are any, the other
// bits as numbers.
func mapFlagMacros(flags uint32) string { return bpfsys.FlagNames(flags) }

// macros defines what the definitions use, unless headers have done so.
func (c *converter) macros() string {
	var b strings.Builder
	define := func(name, params, value string) {
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
		if flag := c.flags & (1 << bit); flag != 0 && strings.HasPrefix(mapFlagMacros(flag), "BPF_F_") {
			define(mapFlagMacros(flag), "", fmt.Sprintf("(1U << %d)", bit))
		}
	}
	if c.pins {
		define("LIBBPF_PIN_BY_NAME", "", "1")
	}
	return b.String()
}
