package elfload

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/bpfload/bpfload/internal/progs"
)

// attachPlan is attach.o's plan.
func attachPlan(t *testing.T, o Options) (*Plan, error) {
	t.Helper()
	obj, err := Open("../testdata/objs/attach.o")
	if err != nil {
		t.Fatal(err)
	}
	return obj.Plan(o)
}

// The plan's text has a line for each link, after everything else.
func TestAttachPlanText(t *testing.T) {
	p, err := attachPlan(t, Options{PinPath: "/sys/fs/bpf/x", Attach: AttachOptions{Sections: true, To: []AttachTo{{"on_xdp", "xdp:eth0"}, {"on_tc", "tcx-ingress:eth0"}, {"on_tc", "tcx-egress:eth0"}}}})
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := p.WriteText(&b); err != nil {
		t.Fatal(err)
	}
	const want = `
attach             0 on_xdp to=xdp:eth0 program=0 pin=/sys/fs/bpf/x/links/on_xdp
attach             1 on_tc to=tcx-ingress:eth0 program=1 pin=/sys/fs/bpf/x/links/on_tc
attach             2 on_tc-2 to=tcx-egress:eth0 program=1 pin=/sys/fs/bpf/x/links/on_tc-2
attach             3 on_call to=raw_tracepoint:sys_enter program=5 pin=/sys/fs/bpf/x/links/on_call
attach             4 on_task to=iter:task program=6 pin=/sys/fs/bpf/x/links/on_task
pin_link           0 on_xdp path=/sys/fs/bpf/x/links/on_xdp
pin_link           1 on_tc path=/sys/fs/bpf/x/links/on_tc
pin_link           2 on_tc-2 path=/sys/fs/bpf/x/links/on_tc-2
pin_link           3 on_call path=/sys/fs/bpf/x/links/on_call
pin_link           4 on_task path=/sys/fs/bpf/x/links/on_task
swap_pins

warning not_attached program=on_egress at=cgroup_skb/egress+0x0: the program is not attached: its section does not say where, as --attach-to on_egress=cgroup:DIRECTORY|cgroup-egress:DIRECTORY would
`
	if !strings.Contains(b.String(), want) {
		t.Errorf("got\n%s\nwithout\n%s", &b, want)
	}
	d := p.Document()
	last := d.Steps[slices.IndexFunc(d.Steps, func(s DocumentStep) bool { return s.Op == "swap_pins" })-1]
	if len(d.Links) != 5 || d.Links[3].Kind != "raw_tracepoint" || d.Links[3].Target != "sys_enter" || *d.Links[3].Program != 5 || last.Op != "pin_link" || *last.Link != 4 {
		t.Errorf("document: %+v, last step %+v", d.Links, last)
	}
}

func TestAttachToRefuses(t *testing.T) {
	for _, tt := range []struct{ program, target, text, hint string }{
		{"nope", "xdp:eth0", "no program", "on_xdp"},
		{"on_xdp", "eth0", "KIND:PLACE", "xdp:INTERFACE"},
		{"on_xdp", "xdp:", "KIND:PLACE", ""},
		{"on_xdp", "wire:eth0", "no kind of place", "xdp-generic:INTERFACE"},
		{"on_xdp", "tcx-ingress:eth0", "type xdp (xdp) is not attached to tcx-ingress", "xdp:INTERFACE"},
		{"on_egress", "cgroup-ingress:/c", "cgroup_inet_egress", "cgroup-egress:DIRECTORY"},
		{"on_call", "tracing:sys_enter", "no kind of place", "raw_tracepoint:EVENT"},
		{"on_task", "iter:nope", `no map "nope"`, "iter:MAP"},
	} {
		_, err := attachPlan(t, Options{Attach: AttachOptions{To: []AttachTo{{tt.program, tt.target}}}})
		var e *Error
		if !errors.As(err, &e) || !errors.Is(err, ErrUsage) || !strings.Contains(err.Error(), tt.text) || !strings.Contains(e.Hint, tt.hint) {
			t.Errorf("%s=%s: %v", tt.program, tt.target, err)
		}
	}
	twice := []AttachTo{{"on_xdp", "xdp:eth0"}, {"on_xdp", "xdp:eth0"}}
	if _, err := attachPlan(t, Options{Attach: AttachOptions{To: twice}}); !errors.Is(err, ErrUsage) {
		t.Errorf("twice: %v", err)
	}
	if _, err := attachPlan(t, Options{MapsOnly: true, Attach: AttachOptions{To: twice[:1]}}); !errors.Is(err, ErrUsage) {
		t.Errorf("a program that is not loaded: %v", err)
	}
}

func TestSectionPlace(t *testing.T) {
	for section, want := range map[string]string{
		"kprobe/do_exit": "kprobe:do_exit", "kprobe/do_exit+0x10": "kprobe:do_exit+0x10", "kretprobe/do_exit": "kretprobe:do_exit",
		"ksyscall/openat": "ksyscall:openat", "kprobe.multi/tcp_*": "kprobe.multi:tcp_*", "kprobe.session/tcp_*": "kprobe.session:tcp_*",
		"uprobe//bin/sh:main": "uprobe:/bin/sh:main", "uretprobe.s/libc.so.6:malloc": "uretprobe:libc.so.6:malloc", "uprobe.multi//bin/sh:m*": "uprobe.multi:/bin/sh:m*",
		"tp/sched/sched_switch": "tracepoint:sched/sched_switch", "tracepoint/sched/sched_switch": "tracepoint:sched/sched_switch", "tp/sched_switch": "",
		"raw_tp/sys_enter": "raw_tracepoint:sys_enter", "raw_tp.w/x": "raw_tracepoint:x", "tp_btf/sched_switch": "tracing:sched_switch",
		"fentry/do_exit": "tracing:do_exit", "fexit.s/do_exit": "tracing:do_exit", "fmod_ret/x": "tracing:x", "lsm/file_open": "lsm:file_open", "lsm.s/file_open": "lsm:file_open",
		"iter/task": "iter:task", "iter.s/bpf_map": "iter:bpf_map", "iter/bpf_map_elem": "", "freplace/f": "",
		"kprobe": "", "kprobe/a+b": "", "uprobe/x": "", "fentry": "", "xdp": "", "tc": "", "cgroup_skb/egress": "", "lsm_cgroup/x": "", "sk_lookup": "", "usdt/x:y:z": "", "syscall": "",
	} {
		st, ok := progs.ClassifySection(section)
		if !ok {
			t.Errorf("%q is no section name", section)
		}
		p := &PlannedProgram{ProgramDef: ProgramDef{SectionType: st}}
		got := ""
		if kind, place, ok := sectionPlace(p); ok {
			got = kind.name + ":" + place
			if !kind.fits(p) {
				t.Errorf("%q: kind %q does not fit its own programs", section, kind.name)
			}
		}
		if got != want {
			t.Errorf("%q is attached to %q, want %q", section, got, want)
		}
	}
}

// Every kind has a name of its own and a way to attach; every section's kind is one.
func TestLinkKinds(t *testing.T) {
	seen := make(map[string]bool)
	for i := range linkKinds {
		if k := &linkKinds[i]; seen[k.name] || k.summary == "" {
			t.Errorf("kind %q is there twice, or has no summary", k.name)
		} else {
			seen[k.name] = true
		}
	}
	for section, kind := range sectionKinds {
		if !seen[kind] {
			t.Errorf("section %q has the kind %q", section, kind)
		}
	}
	if n, err := parseNetfilter("ipv6:output:-100"); err != nil || n != (netfilterPlace{10, 3, -100}) {
		t.Errorf("netfilter: %+v, %v", n, err)
	}
	for _, bad := range []string{"ipv4", "ipv5:input:0", "ipv4:in:0", "ipv4:input:x", "ipv4:input:0:1"} {
		if _, err := parseNetfilter(bad); err == nil {
			t.Errorf("netfilter %q is accepted", bad)
		}
	}
	list := "tcp_connect\ntcp_close [mod]\nudp_sendmsg\n"
	if got, err := matchingFunctions(strings.NewReader(list), "tcp_c*"); err != nil || !slices.Equal(got, []string{"tcp_connect", "tcp_close"}) {
		t.Errorf("functions %q, %v", got, err)
	}
	for _, bad := range []string{"nosuch*", "tcp_[c]*"} {
		if _, err := matchingFunctions(strings.NewReader(list), bad); err == nil {
			t.Errorf("pattern %q is accepted", bad)
		}
	}
}

// Links are made last, pinned links updated when nothing else can fail, and a load
// whose last update fails puts the programs before it back.
func TestLinkUpdatesArePutBack(t *testing.T) {
	plan, err := attachPlan(t, Options{Jobs: 1, PinPath: "/sys/fs/bpf/x", Attach: AttachOptions{To: attachEverywhere}})
	if err != nil {
		t.Fatal(err)
	}
	r := newRecorder()
	r.vmlinux = faultTypes().Bytes()
	first, err := plan.load(context.Background(), r)
	if err != nil {
		t.Fatal(err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	running := func() (progs []int) {
		for _, l := range plan.Links {
			progs = append(progs, r.links[r.pins[l.PinPath]].prog)
		}
		return progs
	}
	before := running()
	updates := 0
	r.refuse = func(call string, _ any) syscall.Errno {
		if call == "link_update" {
			if updates++; updates == len(plan.Links) {
				return syscall.ENOMEM
			}
		}
		return 0
	}
	if _, err := plan.load(context.Background(), r); !errors.Is(err, syscall.ENOMEM) {
		t.Fatal(err)
	}
	if after := running(); !slices.Equal(before, after) {
		t.Errorf("links run %v, ran %v", after, before)
	}
	if n := len(callsOf(r, "link_update")); n != 2*len(plan.Links)-1 {
		t.Errorf("%d updates and returns", n)
	}
	r.refuse = nil
	c, err := plan.load(context.Background(), r)
	if err != nil {
		t.Fatal(err)
	}
	for i, after := range running() {
		if after == before[i] || !c.Links[i].Reused {
			t.Errorf("link %d still runs %d", i, after)
		}
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
}
