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

// cReserved are C's and clang's keywords (what clang 14 and 19 refuse as a name), and what the printed text itself names.
const cReserved = "alignas alignof asm auto bool break case char const constexpr continue default do double else enum extern " +
	"false float for goto if inline int long nullptr register restrict return short signed sizeof static static_assert " +
	"struct switch thread_local true typedef typeof typeof_unqual union unsigned void volatile while " +
	"_Alignas _Alignof _Atomic _Bool _Complex _Generic _Imaginary _Noreturn _Static_assert _Thread_local " +
	"_Accum _BitInt _ExtInt _Float16 _Fract _Nonnull _Null_unspecified _Nullable _Nullable_result _Pragma _Sat _Decimal32 _Decimal64 " +
	"_Decimal128 _LP64 __alignof __alignof__ __arithmetic_fence __asm __asm__ __attribute __attribute__ __auto_type __bf16 __bpf__ " +
	"__building_module __cdecl __complex __complex__ __const __const__ __extension__ __fastcall __float128 __fp16 __func__ __funcref " +
	"__ibm128 __imag __imag__ __inline __inline__ __int128 __int128_t __label__ __llvm__ __module_private__ __objc_no __objc_yes " +
	"__pascal __private_extern__ __real __real__ __regcall __restrict __restrict__ __signed __signed__ __stdcall __thiscall __thread " +
	"__typeof __typeof__ __typeof_unqual __typeof_unqual__ __uint128_t __vectorcall __volatile __volatile__ __warn_memset_zero_len " +
	"__NSConstantString SEC __uint __type __array LIBBPF_PIN_BY_NAME " + convertNoTypes + " " + convertStubs

// compilerPrefixes begin the names of clang's own functions and predefined macros.
var compilerPrefixes = [...]string{"__builtin_", "__sync_", "__atomic_", "__scoped_atomic_", "__c11_atomic_", "__opencl_atomic_", "__hip_atomic_",
	"__has_", "__is_", "__arm_", "__clang_", "__xray_", "__ATOMIC_", "__GCC_", "__CLANG_", "__MEMORY_SCOPE_", "__FPCLASS_", "__OPENCL_", "__BPF_", "__GXX_"}

// compilerName tells whether a name is, or may be, clang's own: predefined macros
// are written in capitals between two underlines each.
func compilerName(name string) bool {
	for _, prefix := range compilerPrefixes {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return len(name) > 4 && strings.HasPrefix(name, "__") && name[2] >= 'A' && name[2] <= 'Z' && strings.HasSuffix(name, "__")
}

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
	return !n.used[name] && (!macroName(name) && !compilerName(name) || strings.Contains(name, "___"))
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
