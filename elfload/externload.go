package elfload

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/bpfload/bpfload/internal/bpfsys"
	"github.com/bpfload/bpfload/internal/kconfig"
	"github.com/bpfload/bpfload/internal/progs"
	"github.com/bpfload/bpfload/internal/rawbtf"
)

// Pseudo source registers of instructions that refer to the kernel
// (include/uapi/linux/bpf.h).
const (
	srcBTFID     = 3 // BPF_PSEUDO_BTF_ID, of ld_imm64
	srcKfuncCall = 2 // BPF_PSEUDO_KFUNC_CALL, of call
)

// poisonedKfunc begins the numbers of the helpers that calls of weak functions
// which do not exist become: no kernel has them, so they pass in dead code only.
// It is libbpf's number too, which people search for.
const poisonedKfunc = 2002000000

// externState is what a load has found out about externs.
type externState struct {
	unset   unsetOptions
	ksyms   map[int]*ksym  // by symbol; asked, never walked
	modules []*targetTypes // with an open descriptor, in the order of fd_array from its place 1 on
}

// ksym is one kernel symbol or function that programs need.
type ksym struct {
	name string
	decl rawbtf.Type // VAR or FUNC in the object
	weak bool

	found   bool
	unasked error  // why it could not be looked for
	absent  error  // more about why it is not found, may be nil
	err     error  // an error even for a weak one
	addr    uint64 // of an untyped one
	typed   bool
	id      rawbtf.ID    // of a typed one
	module  *targetTypes // that has it, nil for the kernel itself
	place   int          // of the module in fd_array
}

// typeName is what it is called in the kernel's types.
func (k *ksym) typeName() string {
	if k.decl.Kind == rawbtf.Func {
		return essentialName(k.name)
	}
	return k.name
}

func (k *ksym) what() string {
	switch {
	case k.decl.Kind == rawbtf.Func:
		return fmt.Sprintf("kernel function %q", k.name)
	case k.typed:
		return fmt.Sprintf("kernel variable %q", k.name)
	}
	return fmt.Sprintf("kernel symbol %q", k.name)
}

// missing is why a program that needs it cannot be loaded, nil if it can.
func (k *ksym) missing() error {
	switch {
	case k.err != nil:
		return k.err
	case k.found || k.weak:
		return nil
	case k.absent != nil:
		return fmt.Errorf("%s is not found: %w", k.what(), k.absent)
	case k.typed:
		return fmt.Errorf("%s is not in the types of this kernel or its modules%s", k.what(), kfuncSince(k.typeName()))
	}
	return fmt.Errorf("%s is not among the symbols of this kernel", k.what())
}

// resolveExterns finds the kernel symbols and functions that the programs of
// these steps need, all in one go. What is missing fails the programs that need
// it, not the load as a whole as with libbpf; what only other programs need is
// not looked for. Modules are looked through by name, libbpf does it by age.
func (l *loader) resolveExterns(steps []Step) error {
	t := l.plan.Object.file.BTF
	l.ksyms = nil
	var untyped map[string]*ksym
	var typed []*ksym
	for _, s := range steps {
		code := l.plan.Programs[s.Program].code
		for i := range code.Externs {
			e := &code.Externs[i]
			if e.Datasec != ksymsSection || l.ksyms[e.Symbol] != nil {
				continue
			}
			k := &ksym{name: e.Name, decl: t.Type(e.TypeID), weak: e.Weak}
			if l.ksyms == nil {
				l.ksyms, untyped = make(map[int]*ksym), make(map[string]*ksym)
			}
			l.ksyms[e.Symbol] = k
			if k.typed = !typelessKsym(t, k.decl); k.typed {
				typed = append(typed, k)
			} else {
				untyped[e.Name] = k
			}
		}
	}
	var errs []error
	if len(untyped) > 0 {
		if err := l.findAddresses(untyped); err != nil {
			err = externsError(err)
			errs = append(errs, err)
			for _, k := range untyped {
				k.unasked = err
			}
		}
	}
	if len(typed) > 0 {
		if err := l.findTyped(typed); err != nil {
			err = externsError(err)
			errs = append(errs, err)
			for _, k := range typed {
				k.unasked = err
			}
		}
	}
	return firstError(errs...)
}

// unasked is why nothing is known of a kernel symbol that the program refers to,
// nil if all were looked for.
func (l *loader) unasked(p *PlannedProgram) error {
	for i := range p.code.Externs {
		if k := l.ksyms[p.code.Externs[i].Symbol]; k != nil && k.unasked != nil {
			return k.unasked
		}
	}
	return nil
}

// externsError is an error that all externs have in common.
func externsError(err error) *Error {
	e := &Error{Stage: StageProgram, Kind: kindOf(err), Code: "ksyms", Section: ksymsSection, Errno: errnoOf(err), Err: err}
	if errors.Is(err, errHidden) {
		e.Kind, e.Hint = ErrPrivilege, "run with CAP_SYSLOG, and with kernel.kptr_restrict below 2"
	}
	return e
}

// fillExterns writes into a program's instructions what the kernel calls its
// externs. A missing one is an error that names all programs that need it.
func (l *loader) fillExterns(p *PlannedProgram, insns []byte, a *bpfsys.ProgAttr) error {
	for i := range p.code.Externs {
		e := &p.code.Externs[i]
		if e.Datasec == kconfig.Section {
			if u, ok := l.unset[e.Name]; ok {
				return l.missingExtern(p, e, "kconfig_unset", u.err, u.hint)
			}
			continue
		}
		k := l.ksyms[e.Symbol]
		if err := k.missing(); err != nil {
			return l.missingExtern(p, e, "ksym_missing", err, "declare it weak and test it with bpf_ksym_exists before use, or load on a kernel that has it")
		}
		if e.Kind == progs.ExternCall {
			k.call(p.code, insns, e)
		} else {
			k.address(p.code, insns, e)
		}
		if k.found && k.module != nil {
			a.FDArray = l.fdArray()
		}
	}
	return nil
}

func (k *ksym) call(code *progs.Code, insns []byte, e *progs.ExternRef) {
	if !k.found {
		code.PoisonCall(insns, e.Insn, poisonedKfunc+int32(e.Symbol))
		return
	}
	code.SetCall(insns, e.Insn, srcKfuncCall, int16(k.place), int32(k.id))
}

func (k *ksym) address(code *progs.Code, insns []byte, e *progs.ExternRef) {
	switch {
	case !k.found:
		code.SetWide(insns, e.Insn, 0, 0, 0)
	case !k.typed:
		addr := k.addr + uint64(int64(code.Imm(e.Insn)))
		code.SetWide(insns, e.Insn, 0, uint32(addr), uint32(addr>>32))
	case k.module != nil:
		code.SetWide(insns, e.Insn, srcBTFID, k.id, uint32(k.module.fd))
	default:
		code.SetWide(insns, e.Insn, srcBTFID, k.id, 0)
	}
}

// missingExtern is the error of one program that says which others it concerns.
func (l *loader) missingExtern(p *PlannedProgram, e *progs.ExternRef, code string, err error, hint string) *Error {
	users := l.plan.users(e.Name)
	need := "program " + listSome(users, 12) + " needs it"
	if len(users) > 1 {
		need = "programs " + listSome(users, 12) + " need it"
	}
	out := programError(p, code, fmt.Errorf("%w; %s", err, need))
	if of, ok := errors.AsType[*Error](err); ok {
		out.Kind = of.Kind
	}
	out.Hint = hint
	return out
}

// users are the quoted names of the programs to be loaded that refer to the
// extern, in order.
func (p *Plan) users(extern string) []string {
	var names []string
	for i := range p.Programs {
		pr := &p.Programs[i]
		if !pr.Load || pr.code == nil {
			continue
		}
		for j := range pr.code.Externs {
			if pr.code.Externs[j].Name == extern {
				names = append(names, strconv.Quote(pr.Name))
				break
			}
		}
	}
	return names
}

// explainExtern makes e tell of the extern that the verifier stumbled over,
// false if it was none.
func (l *loader) explainExtern(e *Error, p *PlannedProgram, v verdict, err error) bool {
	if k := l.poisonedCall(v); k != nil {
		e.Code = "ksym_missing"
		e.Err = fmt.Errorf("%s does not exist in this kernel, and instruction %d calls it%s: %w", k.what(), v.Insn, p.source(v), errnoOf(err))
		e.Hint = "guard the call with bpf_ksym_exists(" + k.name + ")"
		return true
	}
	if _, name, found := strings.Cut(v.Reason, "failed to find the address for kernel symbol '"); found {
		name, _, _ = strings.Cut(name, "'")
		e.Kind, e.Code = ErrNotSupported, "ksym_address"
		e.Err = fmt.Errorf("the kernel knows the type of its variable %q, but not its address: %w", name, errnoOf(err))
		e.Hint = "the kernel must be built with CONFIG_KALLSYMS_ALL"
		return true
	}
	return false
}

// poisonedCall is the weak function that the verifier stumbled over, nil for
// none: it then speaks of the helper number that stands for it.
func (l *loader) poisonedCall(v verdict) *ksym {
	for _, text := range []string{v.Reason, v.Text} {
		_, digits, found := strings.Cut(text, "#"+strconv.Itoa(poisonedKfunc/1000000))
		if !found {
			continue
		}
		end := 0
		for end < len(digits) && digits[end] >= '0' && digits[end] <= '9' {
			end++
		}
		if symbol, err := strconv.Atoi(digits[:end]); err == nil {
			return l.ksyms[symbol]
		}
	}
	return nil
}
