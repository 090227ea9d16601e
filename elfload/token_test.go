package elfload

import (
	"context"
	"errors"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/bpfload/bpfload/internal/bpfsys"
)

func tokenPlan(t *testing.T, file string, o Options) *Plan {
	t.Helper()
	obj, err := Open("../testdata/objs/" + file)
	if err != nil {
		t.Fatal(err)
	}
	o.Jobs, o.PageSize = 1, 4096
	plan, err := obj.Plan(o)
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

// With a token everything is made with it, whoever asked for it; it is closed when the
// load ends, however it ends.
func TestTokenIsUsedForEverything(t *testing.T) {
	for _, file := range []string{"order.o", "tailcall.o", "globals.o", "kconfig.o", "array_of_maps.o"} {
		for _, row := range []struct {
			name   string
			userNS bool
			opts   Options
			at     string // "" for no token
		}{
			{"asked for", false, Options{TokenPath: "/mnt/bpf"}, "/mnt/bpf"},
			{"in a user namespace", true, Options{}, DefaultBPFFS},
			{"in a user namespace, of --bpffs", true, Options{BPFFS: "/mnt"}, "/mnt"},
			{"forbidden", true, Options{TokenPath: NoToken}, ""},
			{"outside", false, Options{}, ""},
		} {
			r := newRecorder()
			r.token.userNS = row.userNS
			if row.at != "" {
				r.needsToken()
			}
			c, err := tokenPlan(t, file, row.opts).load(context.Background(), r)
			if err != nil {
				t.Errorf("%s, %s: %v", file, row.name, err)
				continue
			}
			if made := slices.Contains(r.calls, "token_create "+row.at); made != (row.at != "") {
				t.Errorf("%s, %s: %q", file, row.name, r.calls)
			}
			if err := closed(r, c); err != nil {
				t.Errorf("%s, %s: %v", file, row.name, err)
			}
		}
	}
}

// A token that cannot be made says why. Where nobody asked for it, the load goes on,
// and only its lack of privilege mentions it.
func TestTokenErrors(t *testing.T) {
	for _, row := range []struct {
		errno syscall.Errno
		path  string
		kind  error
		want  string
	}{
		{syscall.ENOENT, "/sys/fs/bpf", ErrPrivilege, `no BPF token of "/sys/fs/bpf": it delegates nothing: `},
		{syscall.EPERM, "/sys/fs/bpf", ErrPrivilege, "another user namespace"},
		{syscall.EOPNOTSUPP, "/sys/fs/bpf", ErrUsage, "first user namespace"},
		{syscall.EINVAL, "/sys/fs/bpf", ErrNotSupported, "the kernel knows no tokens"},
		{syscall.EINVAL, "/elsewhere", ErrUsage, "it is not on bpffs"},
		{syscall.ENOMEM, "/sys/fs/bpf", ErrNotSupported, "no BPF token of"},
	} {
		refuse := func(call string, attr any) syscall.Errno {
			if call == "token_create" {
				return row.errno
			}
			if call == "map_create" {
				return syscall.EPERM
			}
			return 0
		}
		r := newRecorder()
		r.refuse = refuse
		_, err := tokenPlan(t, "order.o", Options{TokenPath: row.path}).load(context.Background(), r)
		var e *Error
		if !errors.As(err, &e) || e.Kind != row.kind || e.Code != "token" || e.Errno != row.errno || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%v at %s: %+v", row.errno, row.path, err)
		}
		r = newRecorder()
		r.token.userNS, r.refuse = true, refuse
		_, err = tokenPlan(t, "order.o", Options{BPFFS: row.path}).load(context.Background(), r)
		if !errors.As(err, &e) || e.Kind != ErrPrivilege || e.Code != "map_create" || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%v at %s, not asked for: %v", row.errno, row.path, err)
		}
		if err := r.leftovers(0, len(r.dirs)); err != nil {
			t.Error(err)
		}
	}
}

// What the token does not allow is named with the mount option; a refusal for
// another reason is not blamed on it.
func TestTokenDelegation(t *testing.T) {
	all := ^uint64(0)
	for _, row := range []struct {
		allows bpfsys.Token
		want   string
		hint   string
	}{
		{bpfsys.Token{Commands: all, Maps: 1 << 12, Programs: all, Attach: all}, "does not allow maps of type array", "delegate_maps=array"},
		{bpfsys.Token{}, "does not allow BPF_MAP_CREATE and maps of type array", "delegate_cmds=map_create,delegate_maps=array"},
		{bpfsys.Token{Commands: all, Maps: all, Programs: all, Attach: all}, "the recorder was told to refuse", ""},
	} {
		r := newRecorder()
		r.token.allows = row.allows
		r.refuse = func(call string, _ any) syscall.Errno {
			if call == "map_create" {
				return syscall.EPERM
			}
			return 0
		}
		_, err := tokenPlan(t, "order.o", Options{TokenPath: "/sys/fs/bpf"}).load(context.Background(), r)
		var e *Error
		if !errors.As(err, &e) || e.Kind != ErrPrivilege || !strings.Contains(err.Error(), row.want) || !strings.Contains(e.Hint, row.hint) {
			t.Errorf("%+v: %v, hint %q", row.allows, err, e.Hint)
		}
	}
}

func TestTokenDelegationOfPrograms(t *testing.T) {
	const xdp = 6
	r := newRecorder()
	r.token.allows = bpfsys.Token{Commands: 1 << bpfsys.CmdProgLoad, Programs: 1, Attach: 1}
	l := &loader{k: r, token: loadToken{fd: r.open("token"), path: "/x"}}
	why := l.withToken(bpfsys.Diagnosis{Reason: "no idea"}, syscall.EPERM, progAllowances(&bpfsys.ProgAttr{Type: xdp, AttachType: 37}))
	if want := `the BPF token of "/x" does not allow programs of type xdp and attach type xdp`; why.Reason != want || !strings.Contains(why.Hint, "delegate_progs=xdp,delegate_attachs=xdp") {
		t.Errorf("%+v", why)
	}
	if why := l.withToken(bpfsys.Diagnosis{Reason: "no memory"}, syscall.ENOMEM, nil); why.Reason != "no memory" {
		t.Errorf("%+v", why)
	}
}
