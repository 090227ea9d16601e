package verifierlog

// cause is one refusal of the verifier's and what it means. The texts are those
// of kernel/bpf/verifier.c; older ones stand beside newer ones.
type cause struct {
	code    string
	pattern *lazy
	words   string
}

func known(code, text, words string) cause {
	return cause{code, pattern(text), words}
}

// causes in the order in which they are tried: the more special come first.
var causes = [...]cause{
	known("null_pointer", `invalid mem access '[a-z_]*_or_null|Possibly NULL pointer passed|NULL pointer passed to (helper|trusted|nonnull)|type=(\w*_or_null_?\w*|map_value_or_null) expected`,
		"the pointer may be NULL here: compare it with NULL on the way, and use the very pointer that was compared"),
	known("scalar_pointer", `invalid mem access '(scalar|inv|unknown)'`,
		"the register holds a number and no pointer that the verifier knows: read kernel or user memory with bpf_probe_read_kernel or bpf_probe_read_user, or keep the pointer's type by not doing arithmetic on a copy of it"),
	known("packet_bounds", `invalid access to packet`,
		"the bytes of the packet are read without a check: compare pointer + size with data_end on this path, and with a constant bound where the offset varies"),
	known("map_bounds", `invalid access to (map (value|key)|memory|mem|buffer)|invalid \w+ buffer access|R\d+ (min|max) value is outside of the allowed memory range`,
		"the access may leave the value: bound the index by the value's size just before, as an unsigned number, or mask it"),
	known("unbounded", `unbounded memory access|min value is negative|value is negative, either use unsigned|invalid zero-sized read`,
		"the size or index may be negative, zero or huge for all that the verifier knows: make it unsigned and compare it with a constant on this path, after the last change of it"),
	known("stack_uninitialised", `invalid (indirect )?(read from|access to) stack|invalid read from stack|invalid indirect access to stack`,
		"bytes of the stack are used that were never written (padding of a struct counts), or the access leaves the stack: zero the variable first"),
	known("uninitialised", `!read_ok`,
		"the register was never set on this path: a function returns without a value, or R1 to R5 are used after a call, which destroys them"),
	known("context", `invalid bpf_context access|dereference of modified ctx|'ctx'`,
		"this program type may not touch that part of its context, or not with this size, or not by a changed pointer: read whole fields straight from the context argument"),
	known("modified_pointer", `dereference of modified|variable (\w+ )?(ptr_|access|offset)|variable \S+ access var_off`,
		"the pointer was changed by a number before the access: read by the original pointer and a constant offset"),
	known("too_complex", `BPF program is too large|too complex|too many states|Processed \d+ insn`,
		"the verifier gave up after a million instructions: bound loops more tightly, use bpf_loop or an iterator, or split the program into global functions or tail calls"),
	known("loop", `back-edge from insn|infinite loop detected|loop detected|the loop `,
		"the loop does not end for all that the verifier knows (kernels before 5.3 take none): give it a constant bound, unroll it, or use bpf_loop"),
	known("stack_size", `combined stack size|stack size .*[Tt]oo large|stack off(set)? .*512|the call stack of \d+ frames`,
		"a program and the functions that it calls have 512 bytes of stack together: move large variables into a per-CPU array"),
	known("locked", `spin_?(un)?lock|rcu_read_lock|preempt`,
		"locks, RCU sections and disabled preemption must be left on every path, and little may be called inside"),
	known("unknown_helper", `invalid func unknown#|unknown func `,
		"this kernel has not got the helper: guard the call by bpf_core_enum_value_exists(enum bpf_func_id, …), or require a newer kernel"),
	known("helper_forbidden", `cannot use helper|helper call is not allowed|function calls? (is|are) not allowed|calling kernel function \S+ is not allowed|unknown func|cannot call (this|kernel)`,
		"programs of this type, or at this place, may not call that function"),
	known("license", `GPL[- ]restricted|GPL[- ]compatible`,
		"the function is for programs under the GPL only: set the license section to \"GPL\" or \"Dual MIT/GPL\""),
	known("reference", `Unreleased reference|reference .*(has not been|not) (released|acquired)|release .*reference|R\d+ must be referenced`,
		"something that was acquired (socket, task, ring buffer record, kernel pointer) is not released on every path, or twice: release it before each return, also after errors"),
	known("return_value", `At program exit the register R0|R0 (is not|has) .*(known|unknown|value)|should have been in`,
		"the program returns a value that its type does not allow: return one of the values that this kind of program may return, on every path"),
	known("pointer_arithmetic", `pointer arithmetic|pointer comparison prohibited|math between .* pointer|pointer \S+= .*prohibited|bitwise operator .* on pointer|R\d+ tried to (add|sub)`,
		"this arithmetic on a pointer is not allowed: check for NULL before adding, add only bounded numbers, and do not compare or multiply pointers"),
	known("misaligned", `misaligned`,
		"the access is not aligned to its size: copy the bytes, or align the field"),
	known("read_only", `write into (map )?forbidden|cannot write into|only read is supported|read[- ]only`,
		"the program writes to memory that it may only read: a frozen map, .rodata, or a kernel object"),
	known("argument", `R\d+ type=\S+ expected=|Caller passes invalid args|arg#?\d+ .*(expect|must)|arg \d+ .*expected`,
		"the function wants another kind of argument: compare its prototype with what is passed, a pointer to the stack or a map value for a buffer, the map itself for a map"),
	known("unreachable", `unreachable insn|jump out of range|last insn is not an exit`,
		"instructions cannot be reached, or the end is not a return: the compiler took undefined behaviour for granted; look for uninitialised variables and missing returns above"),
	known("sleepable", `programs can be sleepable`,
		"this kernel lets no program of this kind sleep: leave out the .s of the section name, or use a newer kernel (tracepoints: Linux 7.2)"),
	known("attach_target", `must provide btf_id`,
		"the kernel is older than this way to attach (fentry.multi, fexit.multi and fsession.multi: Linux 7.2), or the program has no target"),
	known("leak", `leaks addr`,
		"a kernel pointer would get out to user space, which needs CAP_PERFMON"),
}

// Cause is a refusal that has words of its own: its code and its words, both ""
// for what is not known.
func Cause(reason string) (code, words string) {
	if reason == "" {
		return "", ""
	}
	for i := range causes {
		if causes[i].pattern.MatchString(reason) {
			return causes[i].code, causes[i].words
		}
	}
	return "", ""
}

func causeOf(reason string) string {
	_, words := Cause(reason)
	return words
}
