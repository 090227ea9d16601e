package bpfsys

import (
	"strings"
	"syscall"
	"testing"

	"github.com/bpfload/bpfload/internal/mapdef"
)

// Whether a filter or the kernel refuses is told where it can be told.
func TestFilterToldFromCapability(t *testing.T) {
	const all, maps = 0, 1 // what the filter refuses
	capable, none := mapdef.At(1<<capBPF), mapdef.At(0)
	for _, row := range []struct {
		name    string
		host    Host
		errno   syscall.Errno // of BPF_MAP_CREATE
		filter  func(cmd int) syscall.Errno
		certain bool   // it is the filter
		reason  string // else
	}{
		{"no filter", Host{CapEff: none}, syscall.EPERM, nil, false, "has not got it"},
		{"capable", Host{Release: "4.19.0", CapEff: capable}, syscall.EPERM, answer(all, syscall.EPERM), true, ""},
		{"capable in a user namespace only, old", Host{Release: "5.10.0", CapEff: capable, UserNS: true}, syscall.EPERM, answer(all, syscall.EPERM), false, "may refuse"},
		{"not capable, new", Host{Release: "6.5.0", CapEff: none}, syscall.EPERM, answer(all, syscall.EPERM), true, ""},
		{"not capable, 6.1", Host{Release: "6.1.0", CapEff: none}, syscall.EPERM, answer(all, syscall.EPERM), true, ""},
		{"not capable, 6.1, the filter refuses maps only", Host{Release: "6.1.0", CapEff: none}, syscall.EPERM, answer(maps, syscall.EPERM), false, "may refuse"},
		{"not capable, 5.10", Host{Release: "5.10.0", CapEff: none}, syscall.EPERM, answer(all, syscall.EPERM), false, "may refuse"},
		{"everybody may", Host{Release: "5.10.0", CapEff: none, UnprivBPF: mapdef.At(0)}, syscall.EPERM, answer(all, syscall.EPERM), true, ""},
		{"a filter that lets it pass", Host{Release: "6.5.0", CapEff: none}, syscall.EPERM, answer(all, syscall.E2BIG), false, "has not got it"},
		{"EACCES", Host{CapEff: none}, syscall.EACCES, answer(all, syscall.EACCES), true, ""},
		{"ENOSYS with bpf(2)", Host{UnprivBPF: mapdef.At(2)}, syscall.ENOSYS, answer(all, syscall.ENOSYS), true, ""},
		{"ENOSYS, who knows", Host{}, syscall.ENOSYS, answer(all, syscall.ENOSYS), false, "a seccomp filter is active, which may do that"},
	} {
		t.Run(row.name, func(t *testing.T) {
			k := &fakeKernel{host: row.host, oversized: row.filter, takeMap: func(*MapAttr) syscall.Errno { return row.errno }}
			if row.filter != nil {
				k.host.Seccomp = mapdef.At(seccompFilter)
			}
			d := ExplainMapCreate(k, &MapAttr{Type: mapLRUHash, KeySize: 4, ValueSize: 4, MaxEntries: 1}, &SyscallError{"BPF_MAP_CREATE", nil, row.errno})
			certain := strings.Contains(d.Reason, "a seccomp filter refuses BPF_MAP_CREATE")
			if certain != row.certain || d.Kind != mapdef.ErrPrivilege || !certain && !strings.Contains(d.Reason, row.reason) || d.Hint == "" {
				t.Errorf("%+v", d)
			}
			if row.filter == nil && strings.Contains(d.Reason, "seccomp") {
				t.Errorf("there is none: %+v", d)
			}
		})
	}
}

// answer is a filter that refuses all commands, or only the creation of maps.
func answer(only int, errno syscall.Errno) func(int) syscall.Errno {
	return func(cmd int) syscall.Errno {
		if only != 0 && cmd != cmdMapCreate {
			return syscall.E2BIG
		}
		return errno
	}
}

func TestExplainFilter(t *testing.T) {
	k := &fakeKernel{host: Host{Release: "6.12.0", Seccomp: mapdef.At(seccompFilter)}, oversized: answer(0, syscall.EPERM)}
	if d, ok := ExplainFilter(k, &SyscallError{"BPF_OBJ_PIN", nil, syscall.EPERM}); !ok || !strings.Contains(d.Reason, "refuses BPF_OBJ_PIN") {
		t.Errorf("%+v, %v", d, ok)
	}
	if d, ok := ExplainFilter(k, syscall.EPERM); ok {
		t.Errorf("no call of bpf(2): %+v", d)
	}
	k.oversized = nil
	if d, ok := ExplainFilter(k, &SyscallError{"BPF_OBJ_PIN", nil, syscall.EPERM}); ok {
		t.Errorf("the kernel answers: %+v", d)
	}
}
