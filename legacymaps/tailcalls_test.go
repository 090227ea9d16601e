package legacymaps

import (
	"maps"
	"testing"

	"github.com/bpfload/bpfload/internal/elftest"
	"github.com/bpfload/bpfload/internal/mapdef"
)

func TestIproute2TailNames(t *testing.T) {
	for _, c := range []struct {
		name     string
		id, slot uint32
		ok       bool
	}{
		{"0/0", 0, 0, true},
		{"0x2a0/1", 0x2a0, 1, true},
		{"672/2", 672, 2, true},
		{"010/1", 8, 1, true},
		{"8/2_suffix", 8, 2, true},
		{"8/0x3", 8, 3, true},
		{"  7/ 3", 7, 3, true},
		{"+1/-1", 1, 0xffffffff, true},
		{"0xFFFFFFFF/4294967297", 0xffffffff, 1, true},
		{"99999999999999999999/1", 0xffffffff, 1, true},
		{"1/08", 1, 0, true},
		{"0X1f/0", 0x1f, 0, true},
		{"0x/1", 0, 0, false},
		{"1x/1", 0, 0, false},
		{"1/", 0, 0, false},
		{"/1", 0, 0, false},
		{"1", 0, 0, false},
		{"", 0, 0, false},
		{"classifier", 0, 0, false},
		{"xdp/1", 0, 0, false},
		{"1 /2", 0, 0, false},
	} {
		id, slot, ok := iproute2Tail(c.name)
		if ok != c.ok || ok && (id != c.id || slot != c.slot) {
			t.Errorf("L61 %q: %d, %d, %v", c.name, id, slot, ok)
		}
	}
}

func TestSamplesTailNames(t *testing.T) {
	for _, c := range []struct {
		name, prefix string
		slot         uint32
		ok           bool
	}{
		{"socket/0", "socket", 0, true}, {"sockops/12", "sockops", 12, true}, {"sk_skb/3", "sk_skb", 3, true},
		{"sk_msg/4", "sk_msg", 4, true}, {"kprobe/5", "kprobe", 5, true}, {"kretprobe/6x", "kretprobe", 6, true},
		{"socket/010", "socket", 10, true}, {"socket/0x10", "socket", 0, true},
		{"kprobe/sys_x", "", 0, false}, {"sk_skb/stream_parser", "", 0, false}, {"socket/", "", 0, false}, {"socket", "", 0, false},
		{"socket1/0", "", 0, false}, {"tracepoint/0", "", 0, false}, {"xdp/0", "", 0, false}, {"socket/-1", "", 0, false},
	} {
		prefix, slot, ok := samplesTail(c.name)
		if ok != c.ok || prefix != c.prefix || slot != c.slot {
			t.Errorf("L36 %q: %q, %d, %v", c.name, prefix, slot, ok)
		}
	}
}

// tailObject has one program array and those sections.
func tailObject(dialect string, w []uint32, sections ...string) (*mapdef.File, []mapdef.Def, error) {
	o := elftest.Legacy(nil, "maps", lm{Name: "jmp", Words: w})
	for _, s := range sections {
		o.Sections = append(o.Sections, code(elftest.Orders()[0], s))
	}
	f := o.File()
	defs, _, err := Parse(f, Options{Dialect: dialect})
	return f, defs, err
}

func TestTailCallErrors(t *testing.T) {
	for _, c := range []struct {
		rule, dialect string
		words         []uint32
		section       string
		strict        bool
		code          string
	}{
		{"L36 no program array", dSamples, words(1, 4, 4, 4), "socket/0", false, "tail_call_map"},
		{"L36 slot outside", dSamples, words(3, 4, 4, 4), "socket/4", false, "slot_range"},
		{"L63 slot outside", dIproute2, words(3, 4, 4, 4, 0, 1), "1/4", false, "slot_range"},
		{"L62 strict", dIproute2, words(3, 4, 4, 4, 0, 1), "2/0", true, "tail_call_map"},
	} {
		f, defs, err := tailObject(c.dialect, c.words, c.section)
		if err != nil {
			t.Fatal(err)
		}
		calls, warns, err := TailCalls(f, defs, Options{Strict: c.strict})
		if err == nil || calls != nil || warns != nil {
			t.Fatalf("%s: %v, %v, %v", c.rule, calls, warns, err)
		}
		if e := checkError(t, err, c.code); e.Section != c.section {
			t.Errorf("%s: section %q", c.rule, e.Section)
		}
	}
}

func TestTailCallReplaced(t *testing.T) {
	f, defs, err := tailObject(dIproute2, words(3, 4, 4, 4, 0, 1), "1/1", "0x1/1", "1/2")
	if err != nil {
		t.Fatal(err)
	}
	calls, warns, err := TailCalls(f, defs, Options{})
	if err != nil || callLines(defs, calls) != "jmp[1]=0x1/1 as \njmp[2]=1/2 as " || len(warns) != 1 || warns[0].Code != "slot_replaced" {
		t.Errorf("L63 %s, %+v, %v", callLines(defs, calls), warns, err)
	}
	if calls[0].Main != NoSection {
		t.Errorf("L63 without a main program it is section %d", calls[0].Main)
	}
}

func TestMainSection(t *testing.T) {
	for _, c := range []struct {
		rule     string
		sections []string
		want     string
	}{
		{"L64 classifier", []string{"other", "1/0", "classifier"}, "classifier"},
		{"L64 action", []string{"prog", "1/0", "action"}, "action"},
		{"L64 prog", []string{"other", "1/0", "prog"}, "prog"},
		{"L63 the first other one", []string{".text", "1/0", "from-netdev", "to-netdev"}, "from-netdev"},
		{"L63 none", []string{".text", "1/0"}, ""},
	} {
		f, defs, err := tailObject(dIproute2, words(3, 4, 4, 4, 0, 1), c.sections...)
		if err != nil {
			t.Fatal(err)
		}
		calls, _, err := TailCalls(f, defs, Options{})
		if err != nil || len(calls) != 1 || calls[0].TypeSection != c.want {
			t.Fatalf("%s: %+v, %v", c.rule, calls, err)
		}
		if c.want != "" && f.Sections[calls[0].Main].Name != c.want {
			t.Errorf("%s: main section %d", c.rule, calls[0].Main)
		}
	}
}

func TestTailCallsOfOtherDialects(t *testing.T) {
	f, defs, err := tailObject(dLibbpf, words(3, 4, 4, 4), "socket/0", "1/0")
	if err != nil {
		t.Fatal(err)
	}
	if calls, warns, err := TailCalls(f, defs, Options{}); calls != nil || warns != nil || err != nil {
		t.Errorf("L36 L61 %v, %v, %v for libbpf", calls, warns, err)
	}
	// The list may be longer than what Parse gave: indexes count it.
	f, defs, _ = tailObject(dSamples, words(3, 4, 4, 4), "socket/0")
	all := append([]mapdef.Def{{Name: "data", Dialect: mapdef.DialectData, Type: typeProgArray}}, defs...)
	if calls, _, err := TailCalls(f, all, Options{}); err != nil || len(calls) != 1 || calls[0].Map != 1 {
		t.Errorf("L36 %+v, %v in a longer list", calls, err)
	}
}

func TestProgramSection(t *testing.T) {
	def := func(d string) []mapdef.Def { return []mapdef.Def{{Dialect: mapdef.DialectBTF}, {Dialect: d}} }
	for _, c := range []struct{ rule, dialect, name, want string }{
		{"L37 socket1", dSamples, "socket1", "socket"},
		{"L37 socket/0", dLibbpf, "socket/0", "socket"},
		{"L37 xdp", dLibbpf, "xdp_prog1", "xdp"},
		{"L37 cgroup/skb", dSamples, "cgroup/skb1", "cgroup/skb"},
		{"L37 cgroup/sock alone", dSamples, "cgroup/sock", "cgroup/sock"},
		{"L37 cgroup/sock_addr is another", dSamples, "cgroup/sock_addr", ""},
		{"L37 sk_skb", dSamples, "sk_skb1", "sk_skb"},
		{"L37 ignored", dSamples, "foo", ""},
		{"L97 tc_cls", dAWS, "tc_cls", "classifier"},
		{"L97 tc_act", dAWS, "tc_act", "action"},
		{"section 6 gobpf", dGobpf, "sched_cls/in", "classifier"},
		{"section 8 Android", dAndroid, "skfilter/egress", "socket"},
		{"section 8 Android", dAndroid, "schedcls/ingress/ether", "classifier"},
		{"section 8 Android", dAndroid, "cgroupskb/egress/stats", "cgroup/skb"},
		{"section 8 Android", dAndroid, "cgroupsockcreate/inet", "cgroup/sock_create"},
		{"section 8 Android's alone", dSamples, "egress/x", ""},
		{"L99 tracepoint", dDeepflow, "prog/tp/sys_exit", "tp/sys_exit"},
		{"L99 kprobe", dDeepflow, "prog/kp/do_x", "kprobe/do_x"},
		{"section 3 katran", dKatran, "cls-hc", "classifier"},
		{"section 3 perf", dPerf, "raw_syscalls:sys_enter", "tracepoint/raw_syscalls/sys_enter"},
		{"section 3 perf", dLibbpf, "!syscalls:sys_enter_open", "tracepoint/syscalls/sys_enter_open"},
		{"section 3 perf", dPerf, "lock_page=__lock_page page->flags", "kprobe/__lock_page"},
		{"section 3 perf", dPerf, "exec=/bin/x;f=main", ""},
		{"section 3 perf", dPerf, "a:b:c", ""}, {"section 3 perf", dPerf, ":b", ""}, {"section 3 perf", dPerf, "!", ""},
		{"section 3 perf", mapdef.DialectBTF, "sched:sched_switch", ""},
		{"L37 not without legacy maps", mapdef.DialectKconfig, "socket1", ""},
	} {
		if got := ProgramSection(def(c.dialect), c.name); got != c.want {
			t.Errorf("%s: %q gives %q, want %q", c.rule, c.name, got, c.want)
		}
	}
}

func TestAssumedSection(t *testing.T) {
	for _, c := range []struct{ rule, dialect, dir, name, want string }{
		{"L63 any section of tc", dIproute2, "", "from-container", "classifier"},
		{"L63 of 4.1", dIproute241, "tc", "egress", "classifier"},
		{"L64 prog", dCilium, "", "prog", "xdp"}, {"L64 prog of tc", dIproute2, "tc", "prog", "classifier"},
		{"L57 ip link", dIproute2, "xdp", "drop", "xdp"}, {"L57 ip route", dIproute2, "ip", "prog", ""},
		{"L63 iproute2 alone", dSamples, "", "prog", ""},
	} {
		defs := []mapdef.Def{{Dialect: mapdef.DialectBTF}, {Dialect: c.dialect}}
		if got := AssumedSection(defs, c.name, Options{ProgDir: c.dir}); got != c.want {
			t.Errorf("%s: %q gives %q, want %q", c.rule, c.name, got, c.want)
		}
	}
}

func TestPinTable(t *testing.T) {
	text := "# comment\n\n  5 one/dir\n0x10\t/two # trailing\n010 three\n2 reserved\n0 too\n5 again\n"
	table, warns := ParsePinTable([]byte(text))
	if want := map[uint32]string{5: "again", 16: "/two", 8: "three"}; !maps.Equal(table, want) {
		t.Errorf("L58 %v", table)
	}
	if len(warns) != 2 || warns[0].Message != "pinning table, line 6: number 2 is reserved: the line is ignored" {
		t.Errorf("L58 %+v", warns)
	}
	for _, bad := range []string{"nonsense here", "7", "7 # only a comment", "7x foo", "-"} {
		table, warns = ParsePinTable([]byte("5 one\n" + bad + "\n6 two\n"))
		if !maps.Equal(table, map[uint32]string{5: "one"}) || len(warns) != 1 || warns[0].Code != "pin_table" {
			t.Errorf("L58 line %q: %v, %+v", bad, table, warns)
		}
	}
	if table, warns = ParsePinTable(nil); len(table) != 0 || warns != nil {
		t.Errorf("L58 empty: %v, %v", table, warns)
	}
}
