package elfload

import (
	"errors"
	"fmt"
	"strings"
	"syscall"

	"github.com/bpfload/bpfload/internal/bpfsys"
	"github.com/bpfload/bpfload/internal/progs"
)

// NoToken as Options.TokenPath says that no BPF token is to be used.
const NoToken = "-"

// tokenKernel is what a load needs for BPF tokens (Linux 6.9), with which a user
// namespace may do what its bpffs delegates to it.
type tokenKernel interface {
	// CreateToken makes a token of the bpffs whose root is dir, as bpfsys.TokenCreate.
	CreateToken(dir string) (fd int, err error)
	TokenInfo(fd int) (bpfsys.Token, error)
	// InUserNS tells whether the process is in a user namespace of its own.
	InUserNS() bool
}

func (host) CreateToken(dir string) (int, error)    { return bpfsys.TokenCreate(dir) }
func (host) TokenInfo(fd int) (bpfsys.Token, error) { return bpfsys.TokenInfo(fd) }
func (host) InUserNS() bool                         { return bpfsys.InUserNS() }

// loadToken is the token of one load.
type loadToken struct {
	fd   int    // 0 for none, as in bpfsys
	path string // of the bpffs
	err  error  // why there is none where the caller asked for none in particular
}

// openToken makes the token that the options ask for, and in a user namespace one
// of the usual bpffs, where that gives one (bpf_object_prepare_token in libbpf,
// which always tries).
func (l *loader) openToken() error {
	path, asked := l.plan.opts.TokenPath, true
	switch {
	case path == NoToken:
		return nil
	case path == "":
		if !l.k.InUserNS() {
			return nil
		}
		if path, asked = l.plan.opts.BPFFS, false; path == "" {
			path = DefaultBPFFS
		}
	}
	fd, err := l.k.CreateToken(path)
	if err == nil {
		l.token.fd, l.token.path = fd, path
		l.trace("BPF token: made of %q, fd %d", path, fd)
		return nil
	}
	l.trace("BPF token: %v", err)
	e := l.tokenError(path, err)
	if asked {
		return e
	}
	l.token.err = e
	return nil
}

// closeToken ends the token: what was made with it stays.
func (l *loader) closeToken() {
	if l.token.fd != 0 {
		_ = l.k.Close(l.token.fd) // nothing can be lost
		l.token.fd = 0
	}
}

// tokenCauses say what an errno of BPF_TOKEN_CREATE means (bpf_token_create in the
// kernel).
var tokenCauses = [...]struct {
	errno        syscall.Errno
	kind         error
	reason, hint string
}{
	{syscall.ENOENT, ErrPrivilege, "it delegates nothing",
		"mount it from outside of the user namespace with delegate_cmds, delegate_maps, delegate_progs and delegate_attachs"},
	{syscall.EOPNOTSUPP, ErrUsage, "the process is in the first user namespace, where capabilities count and tokens do not",
		"leave the token out"},
	{syscall.EPERM, ErrPrivilege, "it belongs to another user namespace, or the process has no CAP_BPF in its own",
		"mount a bpffs that was opened (fsopen) in the process's own user namespace, and keep CAP_BPF there"},
}

// tokenError is why there is no token of the bpffs at path.
func (l *loader) tokenError(path string, err error) error {
	e := &Error{Stage: StageMap, Kind: kindOf(err), Code: "token", Errno: errnoOf(err)}
	say := func(kind error, hint, format string, args ...any) error {
		e.Kind, e.Hint = kind, hint
		e.Err = fmt.Errorf("no BPF token of %q: %s: %w", path, fmt.Sprintf(format, args...), err)
		return e
	}
	var call *bpfsys.SyscallError
	if !errors.As(err, &call) { // the directory cannot be opened
		e.Err = fmt.Errorf("no BPF token of %q: %w", path, err)
		if errors.Is(err, syscall.ENOENT) || errors.Is(err, syscall.ENOTDIR) {
			e.Kind = ErrUsage
		}
		return e
	}
	for _, c := range tokenCauses {
		if errors.Is(err, c.errno) {
			return say(c.kind, c.hint, "%s", c.reason)
		}
	}
	if errors.Is(err, syscall.EINVAL) {
		if on, serr := l.k.IsBPFFS(path); serr == nil && !on {
			return say(ErrUsage, "name the directory where bpffs is mounted", "it is not on bpffs")
		}
		return say(ErrNotSupported, "name the root of the bpffs, not a directory in it; tokens came with Linux 6.9",
			"it is not the root of a bpffs, or the kernel knows no tokens")
	}
	e.Err = fmt.Errorf("no BPF token of %q: %w", path, err)
	return e
}

// allowance is one thing that a call needs of the token.
type allowance struct {
	mask func(bpfsys.Token) uint64
	bit  uint32
	what string // "maps of type hash"
	// option of the bpffs that delegates it, and its name there.
	option, name string
}

func needsCommand(name string, bit uint32) allowance {
	return allowance{func(t bpfsys.Token) uint64 { return t.Commands }, bit, "BPF_" + strings.ToUpper(name), "delegate_cmds", name}
}

func mapAllowances(a *bpfsys.MapAttr) []allowance {
	name := nameOr(bpfsys.MapTypeName(a.Type), a.Type)
	return []allowance{needsCommand("map_create", bpfsys.CmdMapCreate),
		{func(t bpfsys.Token) uint64 { return t.Maps }, a.Type, "maps of type " + name, "delegate_maps", name}}
}

func progAllowances(a *bpfsys.ProgAttr) []allowance {
	name, attach := nameOr(bpfsys.ProgTypeName(a.Type), a.Type), nameOr(progs.AttachTypeName(a.AttachType), a.AttachType)
	return []allowance{needsCommand("prog_load", bpfsys.CmdProgLoad),
		{func(t bpfsys.Token) uint64 { return t.Programs }, a.Type, "programs of type " + name, "delegate_progs", name},
		{func(t bpfsys.Token) uint64 { return t.Attach }, a.AttachType, "attach type " + attach, "delegate_attachs", attach}}
}

// withToken adds to the reason of a refusal what the token does not allow of it,
// or why there is no token.
func (l *loader) withToken(why bpfsys.Diagnosis, err error, needs []allowance) bpfsys.Diagnosis {
	if !errors.Is(err, syscall.EPERM) {
		return why
	}
	if l.token.fd == 0 {
		if l.token.err != nil {
			why.Reason = strings.TrimPrefix(why.Reason+"; "+l.token.err.Error(), "; ")
		}
		return why
	}
	reason, hint := l.notDelegated(needs)
	if reason != "" {
		why.Kind, why.Reason, why.Hint = ErrPrivilege, reason, hint
	}
	return why
}

// notDelegated says what of a call's needs the token does not allow; "" if it
// allows all of it, or if it cannot be asked.
func (l *loader) notDelegated(needs []allowance) (reason, hint string) {
	token, err := l.k.TokenInfo(l.token.fd)
	if err != nil {
		return "", ""
	}
	var what, options []string
	for _, n := range needs {
		if !bpfsys.Allows(n.mask(token), n.bit) {
			what = append(what, n.what)
			options = append(options, n.option+"="+n.name)
		}
	}
	if len(what) == 0 {
		return "", ""
	}
	return fmt.Sprintf("the BPF token of %q does not allow %s", l.token.path, strings.Join(what, " and ")),
		"mount that bpffs with " + strings.Join(options, ",") + " added to what it delegates"
}
