package elfload

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/cilium/ebpf/btf"

	"github.com/bpfload/bpfload/internal/elftest"
	"github.com/bpfload/bpfload/internal/kerneltest"
	"github.com/bpfload/bpfload/internal/rawbtf"
)

// faultErrnos are what a call is made to answer.
var faultErrnos = [...]syscall.Errno{syscall.EINVAL, syscall.EPERM, syscall.ENOMEM, syscall.EAGAIN, syscall.EINTR,
	syscall.ENOSPC, syscall.E2BIG, syscall.EBUSY}

// faultsAll tells that every failure is wanted, both once and from then on
// (`make faults`); otherwise each is one of the two in turn.
func faultsAll() bool { return os.Getenv("BPFLOAD_FAULTS") == "all" }

// faultRefusals are the fixtures that no kernel loads, or not the recorder, which
// has not their modules, with the code of their error. Their loads are failed like all others, and undo what they made.
var faultRefusals = map[string]string{
	"kconfig_strong.o": "kconfig_unset",
	"ksyms_strong.o":   "ksym_missing",
}

// faultCase is one fixture as the recorder loads it.
type faultCase struct {
	plan    *Plan
	refused string // the code of the error that it ends with anyway, "" if it loads
}

// freplacePin is where the recorder has the program that freplace.o replaces.
const freplacePin = "/sys/fs/bpf/replaceable"

// faultOptions pin everything, use a token, and give the fixtures what they ask for.
func faultOptions(name string, cache *btf.Cache) Options {
	o := Options{Jobs: 1, PinPath: "/sys/fs/bpf/faults", TokenPath: DefaultBPFFS, Attach: AttachOptions{Sections: true}, Cache: cache, PageSize: 4096,
		Kconfig: []byte("CONFIG_BPF=y\nCONFIG_BPF_JIT=y\nCONFIG_HZ=1000\nCONFIG_LOG_BUF_SHIFT=17\nCONFIG_NR_CPUS=64\n" +
			"CONFIG_PGTABLE_LEVELS=4\nCONFIG_NET=y\nCONFIG_CC_VERSION_TEXT=\"clang\"\n")}
	if name == "freplace.o" {
		o.AttachProgs = []AttachProg{{Program: "replacement", Target: freplacePin}}
	}
	if name == "attach.o" {
		o.Attach.To = attachEverywhere
	}
	return o
}

// attachEverywhere are the places of the programs of attach.o.
var attachEverywhere = []AttachTo{{"on_xdp", "xdp:lo"}, {"on_tc", "tcx-ingress:lo"}, {"on_tc", "tcx-egress:lo"},
	{"on_egress", "cgroup:/sys/fs/cgroup"}, {"on_connect", "cgroup:/sys/fs/cgroup"}, {"on_lookup", "netns:self"}}

// faultCases are all little-endian fixtures that can be planned. One that
// cannot makes no system call, and has the error beside it in testdata.
func faultCases(t *testing.T) (names []string, cases map[string]faultCase) {
	t.Helper()
	paths, err := filepath.Glob("../testdata/objs/*.o")
	if err != nil {
		t.Fatal(err)
	}
	cache := btf.NewCache()
	cases = map[string]faultCase{}
	for _, path := range paths {
		name := filepath.Base(path)
		if strings.HasSuffix(name, ".eb.o") {
			continue
		}
		obj, err := Open(path)
		var plan *Plan
		if err == nil {
			plan, err = obj.Plan(faultOptions(name, cache))
		}
		if err != nil {
			if name == "same_name.o" {
				continue // two maps, of data sections of one name, cannot have one pin
			}
			if _, e := os.Stat(strings.TrimSuffix(path, ".o") + ".err"); e != nil {
				t.Errorf("%s cannot be planned and has no .err: %v", name, err)
			}
			continue
		}
		names = append(names, name)
		cases[name] = faultCase{plan, faultRefusals[name]}
	}
	if len(names) < 100 {
		t.Fatalf("only %d fixtures can be planned", len(names))
	}
	return names, cases
}

// faultTypes are the kernel's types that the fixtures ask for.
func faultTypes() *elftest.BTF {
	b := someTypes()
	u32 := b.Int("unsigned int", 4, 0)
	u64 := b.Int("unsigned long long", 8, 0)
	char := b.Int("char", 1, elftest.Signed)
	void := b.Ptr(0)
	nothing := b.FuncProto(0)
	node, root := b.Struct("bpf_rb_node", 32), b.Struct("bpf_rb_root", 16)
	for _, name := range []string{"do_nanosleep", "bpf_iter_task", "bpf_lsm_file_open", "bpf_lsm_bpf", "do_exit", "security_file_open", "__x64_sys_nanosleep", "nf_conntrack_in"} {
		b.Func(name, nothing, rawbtf.LinkStatic)
	}
	for _, name := range []string{"sched_switch", "sys_enter"} {
		b.Typedef("btf_trace_"+name, b.Ptr(nothing))
	}
	b.Func("bpf_obj_new_impl", b.FuncProto(void, elftest.Param{Type: u64}, elftest.Param{Type: void}), rawbtf.LinkStatic)
	b.Func("bpf_throw", b.FuncProto(0, elftest.Param{Type: u64}), rawbtf.LinkStatic)
	b.Func("bpf_obj_drop_impl", b.FuncProto(0, elftest.Param{Type: void}, elftest.Param{Type: void}), rawbtf.LinkStatic)
	less := b.Ptr(b.FuncProto(b.Int("_Bool", 1, 0), elftest.Param{Type: b.Ptr(node)}, elftest.Param{Type: b.Ptr(b.Const(node))}))
	b.Func("bpf_rbtree_add_impl", b.FuncProto(b.Int("int", 4, elftest.Signed), elftest.Param{Type: b.Ptr(root)}, elftest.Param{Type: b.Ptr(node)},
		elftest.Param{Type: less}, elftest.Param{Type: void}, elftest.Param{Type: u64}), rawbtf.LinkStatic)
	conn, skb, tuple, opts := b.Ptr(b.Struct("nf_conn", 8)), b.Ptr(b.Struct("__sk_buff", 4)), b.Ptr(b.Struct("bpf_sock_tuple", 12)), b.Ptr(b.Struct("bpf_ct_opts", 12))
	b.Func("bpf_skb_ct_lookup", b.FuncProto(conn, elftest.Param{Type: skb}, elftest.Param{Type: tuple}, elftest.Param{Type: u32},
		elftest.Param{Type: opts}, elftest.Param{Type: u32}), rawbtf.LinkStatic)
	b.Func("bpf_ct_release", b.FuncProto(0, elftest.Param{Type: conn}), rawbtf.LinkStatic)
	b.Func("bpf_xdp_metadata_rx_timestamp", b.FuncProto(b.Int("int", 4, elftest.Signed), elftest.Param{Type: b.Ptr(b.Const(b.Struct("xdp_md", 24)))},
		elftest.Param{Type: b.Ptr(u64)}), rawbtf.LinkStatic)
	ops := b.Struct("tcp_congestion_ops", 40,
		elftest.Member{Name: "ssthresh", Type: b.Ptr(b.FuncProto(u32, elftest.Param{Type: void})), BitOffset: 0},
		elftest.Member{Name: "cong_avoid", Type: b.Ptr(b.FuncProto(0, elftest.Param{Type: void}, elftest.Param{Type: u32}, elftest.Param{Type: u32})), BitOffset: 64},
		elftest.Member{Name: "undo_cwnd", Type: b.Ptr(b.FuncProto(u32, elftest.Param{Type: void})), BitOffset: 128},
		elftest.Member{Name: "name", Type: b.Array(char, u32, 16), BitOffset: 192})
	b.Struct("bpf_struct_ops_tcp_congestion_ops", 64, elftest.Member{Name: "common", Type: u64, BitOffset: 0}, elftest.Member{Name: "data", Type: ops, BitOffset: 128})
	return b
}

// faultKernel makes recorders that all fixtures load on.
func faultKernel() func() *recorder {
	vmlinux := faultTypes().Bytes()
	target := elftest.NewBTF(hostOrder)
	target.Func("replaceable", target.FuncProto(target.Int("int", 4, elftest.Signed)), rawbtf.LinkGlobal)
	targetBTF := target.Bytes()
	return func() *recorder {
		r := newRecorder()
		r.vmlinux = vmlinux
		r.targets.programs = map[uint32][]byte{7: targetBTF}
		r.pins[freplacePin] = 7
		return r
	}
}

// faultCount is what was tried, for `make faults`.
type faultCount struct{ fixtures, calls, injected, refused, succeeded int }

// A load whose n-th call fails, for every n, every errno, once and from then on,
// leaves nothing behind (L27): each descriptor is closed once, every pin and directory
// of its own is gone, no goroutine stays, and the error keeps its errno; or it
// succeeds, and tells what it did without.
func TestFailNthCall(t *testing.T) {
	fresh := faultKernel()
	names, cases := faultCases(t)
	before := runtime.NumGoroutine()
	var n faultCount
	for _, name := range names {
		c := cases[name]
		t.Run(name, func(t *testing.T) {
			f := faultRun{t: t, faultCase: c, fresh: fresh, count: &n}
			f.run()
		})
	}
	if !kerneltest.Wait(func() bool { return runtime.NumGoroutine() <= before }) {
		t.Errorf("%d goroutines, %d before", runtime.NumGoroutine(), before)
	}
	if t.Failed() {
		return
	}
	t.Logf("faults, recorder: %d fixtures, %d calls, %d failures injected, %d ended clean (%d with an error, %d with success)",
		n.fixtures, n.calls, n.injected, n.refused+n.succeeded, n.refused, n.succeeded)
}

type faultRun struct {
	t *testing.T
	faultCase
	fresh    func() *recorder
	count    *faultCount
	warnings []Warning // of the load that nothing fails
}

func (f *faultRun) run() {
	clean := f.fresh()
	before := snapshot(clean)
	c, err := f.plan.load(context.Background(), clean)
	if err := f.cleanEnd(clean, before, c, err); err != nil {
		f.t.Fatalf("nothing fails: %v", err)
	}
	if c != nil {
		f.warnings = c.Warnings
	}
	f.count.fixtures++
	f.failAll(clean, faultErrnos[:])
	if f.refused == "" {
		f.again()
	}
}

// again fails the calls of a load that finds everything pinned: it takes the
// maps from there and replaces the programs.
func (f *faultRun) again() {
	fresh := f.fresh
	f.fresh = func() *recorder {
		r := fresh()
		c, err := f.plan.load(context.Background(), r)
		if err != nil {
			f.t.Fatal(err)
		}
		if err := c.Close(); err != nil {
			f.t.Fatal(err)
		}
		r.calls, r.done = nil, nil
		return r
	}
	clean := f.fresh()
	before := snapshot(clean)
	c, err := f.plan.load(context.Background(), clean)
	if err == nil {
		f.warnings = c.Warnings
		err = closed(clean, c)
	}
	if now := snapshot(clean); err != nil || now != before {
		f.t.Fatalf("over its own pins: %v, %v, then %v", err, before, now)
	}
	f.failAll(clean, []syscall.Errno{syscall.ENOMEM, syscall.EPERM})
}

func (f *faultRun) failAll(clean *recorder, errnos []syscall.Errno) {
	f.count.calls += len(clean.calls)
	for n := 1; n <= len(clean.calls); n++ {
		for e, errno := range errnos {
			for _, always := range []bool{false, true} {
				if !faultsAll() && always == ((n+e)%2 == 0) {
					continue
				}
				f.count.injected++
				if err := f.failOne(n, errno, always); err != nil {
					f.t.Fatalf("call %d (%s) failing with %v, for ever %v: %v", n, clean.calls[n-1], errno, always, err)
				}
			}
		}
	}
}

// cleanEnd judges the load that nothing fails.
func (f *faultRun) cleanEnd(r *recorder, before snap, c *Collection, err error) error {
	if f.refused == "" {
		if err != nil {
			return err
		}
		return closed(r, c)
	}
	var e *Error
	if !errors.As(err, &e) || e.Code != f.refused {
		return fmt.Errorf("error %v, want code %q", err, f.refused)
	}
	return before.leftovers(r)
}

func (f *faultRun) failOne(n int, errno syscall.Errno, always bool) error {
	r := f.fresh()
	before := snapshot(r)
	r.failAt, r.errno, r.always = n, errno, always
	c, err := f.plan.load(context.Background(), r)
	if (c == nil) == (err == nil) {
		return fmt.Errorf("collection %v and error %v", c, err)
	}
	if err == nil {
		f.count.succeeded++
		return f.judgeSuccess(r, c, n)
	}
	f.count.refused++
	if err := judgeError(err, errno, f.refused); err != nil {
		return err
	}
	return before.leftovers(r)
}

// cookieProbe is the program that hasCookie tries.
const cookieProbe = "prog_load  type 5 insns 2"

// judgeSuccess: the failed call was made again and then succeeded, or what is
// missing is told.
func (f *faultRun) judgeSuccess(r *recorder, c *Collection, n int) error {
	probe := r.errno == syscall.EINVAL && r.calls[n-1] == cookieProbe // the answer "no" of a kernel that is asked
	if !probe && !slices.Contains(r.done, r.calls[n-1]) && !slices.ContainsFunc(c.Warnings, func(w Warning) bool { return !slices.Contains(f.warnings, w) }) {
		return fmt.Errorf("the load succeeds without the call and does not tell: %v", c.Warnings)
	}
	return closed(r, c)
}

// closed closes the collection and looks for what it leaves but pins.
func closed(r *recorder, c *Collection) error {
	pins, dirs := len(r.pins), len(r.dirs)
	if err := c.Close(); err != nil {
		return err
	}
	return r.leftovers(pins, dirs)
}

// judgeError: an error has a stage and a code, says what it is (EPERM alone is
// a matter of privilege) and where, and keeps its errno.
func judgeError(err error, errno syscall.Errno, refused string) error {
	var e *Error
	if !errors.As(err, &e) || e.Stage == "" || e.Kind == nil || e.Code == "" {
		return fmt.Errorf("error without stage, kind or code: %v", err)
	}
	if refused != "" && e.Code == refused {
		return nil
	}
	switch {
	case !errors.Is(err, errno):
		return fmt.Errorf("the errno is lost: %v", err)
	case e.Errno != errno:
		return fmt.Errorf("the error's field is %v", e.Errno)
	case errors.Is(e.Kind, ErrPrivilege) != (errno == syscall.EPERM):
		return fmt.Errorf("the error is of kind %q: %v", e.Kind, err)
	case errors.Is(e.Kind, ErrBadObject), errors.Is(e.Kind, ErrUsage), errors.Is(e.Kind, ErrIncompatiblePin):
		return fmt.Errorf("the kernel failed, and the error is of kind %q: %v", e.Kind, err)
	case e.Section == "" && e.Symbol == "" && e.Stage != StagePin && e.Stage != StageMap:
		return fmt.Errorf("the error has no place: %v", err)
	}
	return nil
}

// snap is how many pins and directories there are.
type snap struct{ pins, dirs int }

func snapshot(r *recorder) snap            { return snap{len(r.pins), len(r.dirs)} }
func (s snap) leftovers(r *recorder) error { return r.leftovers(s.pins, s.dirs) }

// Cancelling stops between two calls and undoes everything.
func TestCancel(t *testing.T) {
	fresh := faultKernel()
	names, cases := faultCases(t)
	for _, name := range names {
		for at := 1; ; at++ {
			if ended, err := cancelAt(cases[name].plan, fresh(), at); err != nil {
				t.Errorf("%s, cancelled at call %d: %v", name, at, err)
			} else if !ended {
				continue
			}
			break
		}
	}
}

// cancelAt cancels a load during one of its calls; ended when it has fewer.
func cancelAt(p *Plan, r *recorder, at int) (ended bool, err error) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	before := snapshot(r)
	n := 0
	r.refuse = func(string, any) syscall.Errno {
		if n++; n == at {
			cancel()
		}
		return 0
	}
	c, err := p.load(ctx, r)
	if err == nil {
		return true, closed(r, c) // cancelled after its last step, or never
	}
	if n >= at && !errors.Is(err, context.Canceled) {
		var e *Error
		if !errors.As(err, &e) || faultRefusals[filepath.Base(p.Object.Path)] != e.Code {
			return true, err
		}
	}
	return n < at, before.leftovers(r)
}
