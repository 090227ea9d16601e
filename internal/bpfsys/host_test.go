package bpfsys

import (
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/bpfload/bpfload/internal/mapdef"
)

// rootWith is a directory with those files, as / of a made-up system.
func rootWith(t *testing.T, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for _, path := range slices.Sorted(maps.Keys(files)) {
		full := filepath.Join(root, path)
		if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(full, []byte(files[path]), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func TestReadHost(t *testing.T) {
	h := readHost(rootWith(t, map[string]string{
		"proc/sys/kernel/osrelease":                       "5.10.0-28-amd64\n",
		"proc/thread-self/status":                         "Name:\tx\nCapInh:\t0\nCapEff:\t000001ffffffffff\nCapBnd:\t00000000a80425fb\nSeccomp:\t2\nSeccomp_filters:\t1\n",
		"proc/self/uid_map":                               "         0     100000      65536\n",
		"proc/self/cgroup":                                "1:name=systemd:/x\n0::/system.slice/a.service\n",
		"proc/self/limits":                                "Limit                     Soft Limit           Hard Limit           Units     \nMax locked memory         65536                unlimited            bytes     \n",
		"proc/meminfo":                                    "MemTotal:        4028380 kB\nMemAvailable:    1000 kB\n",
		"proc/sys/kernel/unprivileged_bpf_disabled":       "2\n",
		"proc/sys/net/core/bpf_jit_enable":                "0\n",
		"sys/kernel/security/lockdown":                    "none [integrity] confidentiality\n",
		"sys/devices/system/cpu/possible":                 "0-7\n",
		"sys/fs/cgroup/system.slice/a.service/memory.max": "1048576\n",
	}))
	want := Host{
		Release: "5.10.0-28-amd64", CapEff: mapdef.At(0x1ffffffffff), CapBnd: mapdef.At(0xa80425fb), UserNS: true,
		Seccomp: mapdef.At(2), UnprivBPF: mapdef.At(2), Lockdown: "integrity", Memlock: mapdef.At(65536),
		MemAvailable: mapdef.At(1024000), CgroupMax: mapdef.At(1 << 20), JIT: mapdef.At(0),
		PageSize: uint32(os.Getpagesize()), CPUs: 8,
	}
	if h != want {
		t.Errorf("got  %+v\nwant %+v", h, want)
	}
}

func TestReadHostAssumesNothing(t *testing.T) {
	want := Host{PageSize: uint32(os.Getpagesize())}
	if h := readHost(t.TempDir()); h != want {
		t.Errorf("of an empty system: %+v", h)
	}
	odd := readHost(rootWith(t, map[string]string{
		"proc/thread-self/status":         "CapEff\nCapEff: zz\nSeccomp:\n",
		"proc/self/limits":                "Max locked memory\n",
		"proc/meminfo":                    "MemAvailable:\n",
		"proc/self/cgroup":                "0::/../../etc\n",
		"sys/kernel/security/lockdown":    "none ]integrity[",
		"sys/devices/system/cpu/possible": "all",
		"sys/fs/cgroup/etc/memory.max":    "max\n",
	}))
	if odd != want {
		t.Errorf("of unreadable files: %+v", odd)
	}
}

func TestUserNamespace(t *testing.T) {
	for text, want := range map[string]bool{
		"         0          0 4294967295": false,
		"":                                 false,
		"0 0 65536":                        true,
		"0 1000 1":                         true,
		"0 0 1\n1 100000 65536":            true,
	} {
		if got := inUserNS(text); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
	if got := memlockLimit("Max locked memory         unlimited            unlimited            bytes"); got != mapdef.At(^uint64(0)) {
		t.Errorf("unlimited: %+v", got)
	}
}

func TestHostPrivilege(t *testing.T) {
	caps := func(all ...capability) number {
		var mask uint64
		for _, c := range all {
			mask |= 1 << c
		}
		return mapdef.At(mask)
	}
	disabled := mapdef.At(2)
	for _, tc := range []struct {
		name   string
		h      Host
		needs  []capability
		reason []string
		hint   string
	}{
		{"no capability", Host{CapEff: caps(), UnprivBPF: disabled}, needNetAdmin,
			[]string{"creating needs CAP_BPF and CAP_NET_ADMIN", "CapEff 0x0"}, "setcap cap_bpf,cap_net_admin+ep"},
		{"one capability is missing", Host{CapEff: caps(capBPF)}, needPerfmon,
			[]string{"creating needs CAP_PERFMON, and"}, "setcap cap_perfmon+ep"},
		{"CAP_SYS_ADMIN stands for all", Host{CapEff: caps(capSysAdmin), UnprivBPF: disabled}, needEverything,
			[]string{"a security module may forbid it"}, "audit log"},
		{"before 5.8 only CAP_SYS_ADMIN counts", Host{Release: "5.4.0", CapEff: caps(capBPF, capNetAdmin)}, needNetAdmin,
			[]string{"needs CAP_SYS_ADMIN"}, "setcap cap_sys_admin+ep"},
		{"a type for everybody, but not here", Host{CapEff: caps(), UnprivBPF: disabled}, nil,
			[]string{"needs CAP_BPF", "kernel.unprivileged_bpf_disabled is 2"}, "setcap cap_bpf+ep"},
		{"root of a user namespace", Host{CapEff: caps(capSysAdmin, capBPF), UserNS: true}, needBPF,
			[]string{"in a user namespace, and its capabilities count for nothing"}, "BPF token"},
		{"nobody of a user namespace", Host{CapEff: caps(), UserNS: true}, needBPF,
			[]string{"needs CAP_BPF in the initial user namespace"}, "BPF token"},
		{"bounding set", Host{CapEff: caps(), CapBnd: caps(capNetAdmin)}, needBPF, []string{"needs CAP_BPF"}, "bounding set"},
		{"seccomp", Host{CapEff: caps(capSysAdmin), Seccomp: mapdef.At(2)}, needBPF,
			[]string{"a seccomp filter is active (Seccomp 2)"}, "seccomp profile"},
		{"seccomp as well", Host{CapEff: caps(), Seccomp: mapdef.At(2)}, needBPF,
			[]string{"needs CAP_BPF", "; a seccomp filter"}, "setcap"},
		{"memlock of an old kernel", Host{Release: "5.10.1", CapEff: caps(capSysAdmin), Memlock: mapdef.At(65536)}, needBPF,
			[]string{"RLIMIT_MEMLOCK is 64 KiB"}, "ulimit -l unlimited"},
		{"memlock counts no more", Host{Release: "5.11.0", CapEff: caps(capSysAdmin), Memlock: mapdef.At(65536)}, needBPF,
			[]string{"a security module"}, "audit"},
		{"nothing is known", Host{}, needBPF, []string{"a security module"}, "audit"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			d := tc.h.privilege("creating", tc.needs, false)
			for _, want := range tc.reason {
				if !strings.Contains(d.Reason, want) {
					t.Errorf("reason %q lacks %q", d.Reason, want)
				}
			}
			if d.Kind != mapdef.ErrPrivilege || !strings.Contains(d.Hint, tc.hint) {
				t.Errorf("hint %q lacks %q", d.Hint, tc.hint)
			}
		})
	}
	inside := Host{UserNS: true, CapEff: mapdef.At(1 << capBPF)}
	if d := inside.privilege("x", needBPF, true); !strings.Contains(d.Reason, "security module") {
		t.Errorf("a token and the capability: %+v", d)
	}
	if d := inside.privilege("x", needNetAdmin, true); !strings.Contains(d.Reason, "x needs CAP_NET_ADMIN in the BPF token's user namespace") {
		t.Errorf("a token without the capability: %+v", d)
	}
}

func TestVmlinuxBTFPlaces(t *testing.T) {
	raw := "\x9f\xeb\x01\x00rest"
	for _, tc := range []struct {
		name  string
		files map[string]string
		want  string
	}{
		{"sysfs first", map[string]string{"sys/kernel/btf/vmlinux": raw, "boot/vmlinux-6.1": "\xeb\x9fother"}, raw},
		{"an image that is raw BTF", map[string]string{"lib/modules/6.1/vmlinux-6.1": raw}, raw},
		{"the last place", map[string]string{"usr/lib/debug/lib/modules/6.1/vmlinux": raw}, raw},
		{"an unreadable image does not end the search", map[string]string{"boot/vmlinux-6.1": "\x7fELF", "usr/lib/debug/boot/vmlinux-6.1": raw}, raw},
	} {
		got, err := vmlinuxBTF(rootWith(t, tc.files), "6.1")
		if err != nil || string(got) != tc.want {
			t.Errorf("%s: %q, %v", tc.name, got, err)
		}
	}
	_, err := vmlinuxBTF(t.TempDir(), "6.1")
	if !errors.Is(err, fs.ErrNotExist) || !errors.Is(err, mapdef.ErrNotSupported) || !strings.Contains(err.Error(), "CONFIG_DEBUG_INFO_BTF") {
		t.Errorf("nowhere: %v", err)
	}
	_, err = vmlinuxBTF(rootWith(t, map[string]string{"boot/vmlinux-6.1": "\x7fELF\x02\x01\x01 cut"}), "6.1")
	if err == nil || !strings.Contains(err.Error(), "vmlinux-6.1") {
		t.Errorf("a broken image: %v", err)
	}
}

func TestModuleBTF(t *testing.T) {
	root := rootWith(t, map[string]string{"sys/kernel/btf/vmlinux": "v", "sys/kernel/btf/zram": "z", "sys/kernel/btf/fuse": "f"})
	if names, err := modulesWithBTF(root); err != nil || !slices.Equal(names, []string{"fuse", "zram"}) {
		t.Errorf("%v, %v", names, err)
	}
	if b, err := moduleBTF(root, "zram"); err != nil || string(b) != "z" {
		t.Errorf("%q, %v", b, err)
	}
	if _, err := moduleBTF(root, "ext4"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("absent: %v", err)
	}
	for _, name := range []string{"", "../vmlinux", "..", ".", "a/b"} {
		if _, err := moduleBTF(root, name); !errors.Is(err, fs.ErrInvalid) {
			t.Errorf("name %q: %v", name, err)
		}
	}
}
