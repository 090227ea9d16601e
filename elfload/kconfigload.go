package elfload

import (
	"errors"
	"fmt"
	"io/fs"
	"runtime"
	"syscall"

	"github.com/bpfload/bpfload/internal/bpfsys"
	"github.com/bpfload/bpfload/internal/kconfig"
)

// unsetOptions are the strong configuration variables without a value, by name:
// why, and whether a configuration could give one. It is only asked, never
// walked.
type unsetOptions map[string]unsetOption

type unsetOption struct {
	err  error
	hint string
}

// fillKconfig is the value of the configuration's map on this kernel (R111 to
// R114). A strong variable without a value fails the programs that use it, not the map.
func (l *loader) fillKconfig(m *PlannedMap) ([]byte, error) {
	value, err := l.readKconfig(m)
	if err != nil { // a load that goes on goes on without the programs that use any of it
		l.unset = make(unsetOptions)
		for _, v := range l.plan.Object.kconfig.Vars {
			l.unset[v.Name] = unsetOption{err: err}
		}
	}
	return value, err
}

func (l *loader) readKconfig(m *PlannedMap) ([]byte, error) {
	set := l.plan.Object.kconfig
	v := kconfig.NewValues(set, l.plan.Object.file.Order)
	for _, i := range v.Unset("LINUX_") {
		if err := l.setFact(v, i, set.Vars[i].Name); err != nil {
			return nil, kconfigError(set.Vars[i].Name, ErrBadObject, err)
		}
	}
	if err := v.Text(l.plan.opts.Kconfig); err != nil {
		return nil, kconfigError(optionOf(err), ErrUsage, fmt.Errorf("the given kernel configuration: %w", err))
	}
	var unread error
	if len(v.Unset("CONFIG_")) > 0 {
		text, err := l.k.KernelConfig()
		if err != nil {
			unread = err
		} else if err := v.Text(text); err != nil {
			return nil, kconfigError(optionOf(err), ErrBadObject, fmt.Errorf("the kernel's configuration: %w", err))
		}
	}
	for _, i := range v.Cut {
		o := &set.Vars[i]
		l.warn(Warning{Code: "kconfig_cut", Map: m.Name, Section: m.Section,
			Message: fmt.Sprintf("the text of option %q is cut to %d bytes", o.Name, o.Size-1)})
	}
	l.noteUnset(m, v, unread)
	return v.Bytes, nil
}

func kconfigError(symbol string, kind, err error) *Error {
	return &Error{Stage: StageValue, Kind: kind, Code: "kconfig_value", Section: kconfig.Section, Symbol: symbol, Err: err}
}

func optionOf(err error) string {
	var line *kconfig.LineError
	if errors.As(err, &line) {
		return line.Name
	}
	return ""
}

// noteUnset remembers strong variables without a value, and warns where that
// stays without consequences.
func (l *loader) noteUnset(m *PlannedMap, v *kconfig.Values, unread error) {
	if unread != nil {
		l.warn(Warning{Code: "kconfig_unread", Map: m.Name, Section: m.Section,
			Message: fmt.Sprintf("the kernel's configuration cannot be read: %v", unread)})
	}
	l.unset = make(unsetOptions)
	for _, i := range v.Unset("") {
		o := &l.plan.Object.kconfig.Vars[i]
		if o.Weak {
			continue
		}
		u := unsetOption{err: fmt.Errorf("kernel configuration option %q has no value", o.Name),
			hint: "give it one with --kconfig FILE, or declare it weak: then it is 0 where the kernel has none"}
		switch {
		case o.Name[0] == 'L':
			u = unsetOption{fmt.Errorf("nothing is known of %q", o.Name), "declare it weak: then it is 0 where it is not known"}
		case errors.Is(unread, fs.ErrNotExist):
			u.err = fmt.Errorf("%w: neither /boot/config-RELEASE nor /proc/config.gz is there", u.err)
		case unread != nil:
			u.err = fmt.Errorf("%w: %w", u.err, unread)
		}
		l.unset[o.Name] = u
		if users := l.plan.users(o.Name); len(users) == 0 {
			l.warn(Warning{Code: "kconfig_unset", Map: m.Name, Section: m.Section, Message: u.err.Error() + "; no program that is loaded needs it"})
		}
	}
}

// facts are the variables that no configuration has (R111): one row, one name.
var facts = [...]struct {
	name string
	ask  func(*loader) uint64
}{
	{"LINUX_KERNEL_VERSION", func(l *loader) uint64 { return uint64(l.k.KernelVersion()) }},
	{"LINUX_HAS_BPF_COOKIE", (*loader).hasCookie},
	{"LINUX_HAS_SYSCALL_WRAPPER", (*loader).hasSyscallWrapper},
}

// setFact gives a LINUX_ variable its value, if it is a known one.
func (l *loader) setFact(v *kconfig.Values, i int, name string) error {
	for _, f := range facts {
		if f.name == name {
			return v.Number(i, f.ask(l))
		}
	}
	return nil
}

// hasCookie asks the kernel for a program that calls bpf_get_attach_cookie,
// helper 174, in a tracepoint program (Linux 5.15).
func (l *loader) hasCookie() uint64 {
	const tracepoint, getAttachCookie, call, exit = 5, 174, 0x85, 0x95
	insns := append(hostOrder.AppendUint32([]byte{call, 0, 0, 0}, getAttachCookie), exit, 0, 0, 0, 0, 0, 0, 0)
	fd, _, err := l.k.LoadProgram(&bpfsys.ProgAttr{Type: tracepoint, Insns: insns, License: "GPL", TokenFD: l.token.fd})
	if err != nil {
		if !errors.Is(err, syscall.EINVAL) { // which is the verifier's answer
			l.warn(Warning{Code: "cookie_unknown", Section: kconfig.Section, Message: fmt.Sprintf("LINUX_HAS_BPF_COOKIE is taken for 0: %v", err)})
		}
		return 0
	}
	if err := l.k.Close(fd); err != nil {
		l.warn(Warning{Code: "close", Message: err.Error()})
	}
	return 1
}

// wrapperNames are the names of system calls' wrappers by architecture
// (CONFIG_ARCH_HAS_SYSCALL_WRAPPER): __x64_sys_bpf.
var wrapperNames = [...]struct{ arch, prefix string }{
	{"amd64", "x64"}, {"386", "ia32"}, {"arm64", "arm64"}, {"arm", "arm"}, {"s390x", "s390x"}, {"riscv64", "riscv"},
	{"mips", "mips"}, {"mipsle", "mips"}, {"mips64", "mips"}, {"mips64le", "mips"}, {"ppc64", "powerpc64"}, {"ppc64le", "powerpc64"},
}

// hasSyscallWrapper looks for such a name among the kernel's symbols. Their
// names can be read without privilege.
func (l *loader) hasSyscallWrapper() uint64 {
	found := uint64(0)
	for _, w := range wrapperNames {
		if w.arch != runtime.GOARCH {
			continue
		}
		name := "__" + w.prefix + "_sys_bpf"
		err := l.kallsyms(func(s kallsym) (more bool) {
			if string(s.name) == name {
				found = 1
			}
			return found == 0
		})
		if err != nil {
			l.warn(Warning{Code: "kallsyms", Section: kconfig.Section, Message: fmt.Sprintf("LINUX_HAS_SYSCALL_WRAPPER is taken for 0: %v", err)})
		}
	}
	return found
}
