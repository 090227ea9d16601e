package legacymaps

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/bpfload/bpfload/internal/mapdef"
)

// summary writes a definition in one line: name, aliases, type, key size, value
// size, entries, flags, then what is set of node, inner map, pin and slots.
func summary(defs []mapdef.Def, d *mapdef.Def) string {
	var b strings.Builder
	b.WriteString(strings.Join(append([]string{d.Name}, d.Aliases...), "="))
	fmt.Fprintf(&b, " %d/%d/%d/%d/%d", d.Type, d.KeySize, d.ValueSize, d.MaxEntries, d.Flags)
	if d.NumaNode != 0 {
		fmt.Fprintf(&b, " node=%d", d.NumaNode)
	}
	if d.InnerMap != mapdef.NoMap {
		fmt.Fprintf(&b, " inner=%s", defs[d.InnerMap].Name)
	}
	if d.Pinning != mapdef.PinNone {
		fmt.Fprintf(&b, " pin=%s:%s", d.Pinning, d.PinPath)
	}
	for _, s := range d.Slots {
		fmt.Fprintf(&b, " [%d]=%s", s.Index, defs[s.Target.Index].Name)
	}
	return b.String()
}

func summaries(defs []mapdef.Def) string {
	var lines []string
	for i := range defs {
		lines = append(lines, summary(defs, &defs[i]))
	}
	return strings.Join(lines, "\n")
}

// calls writes tail calls one per line.
func callLines(defs []mapdef.Def, calls []TailCall) string {
	var lines []string
	for _, c := range calls {
		lines = append(lines, fmt.Sprintf("%s[%d]=%s as %s", defs[c.Map].Name, c.Slot, c.Section, c.TypeSection))
	}
	return strings.Join(lines, "\n")
}

// dialectFixture is what one fixture must give in all its compiled forms, with
// BTF and without.
type dialectFixture struct {
	rule     string
	fixtures []string
	opts     Options
	dialect  string
	defs     string
	calls    string
	warnings string // codes, separated by blanks
}

var dialectFixtures = []dialectFixture{
	{rule: "T1 S16 two maps", fixtures: []string{"legacy_s16"}, dialect: dLibbpf,
		defs: "counts 2/4/8/4/0\nnames 1/8/16/32/0"},
	{rule: "T3 samples: inner index, node, tail call", fixtures: []string{"legacy_samples", "legacy_samples_nobtf"}, dialect: dSamples,
		defs:  "pad0 2/4/4/1/0\ninner 1/4/8/16/0\nouter 13/4/4/8/0 inner=inner\nnuma 1/4/4/8/4\njmp 3/4/4/8/0",
		calls: "jmp[0]=socket/0 as socket"},
	{rule: "L36 the last program array of a sample", fixtures: []string{"legacy_samples_s20"}, dialect: dSamples,
		defs: "other 3/4/4/4/0\njmp 3/4/4/4/0", calls: "jmp[3]=socket/3 as socket"},
	{rule: "section 3 katran", fixtures: []string{"legacy_katran"}, opts: Options{Dialect: dKatran, InnerTemplates: map[uint32]string{0: "prototype"}}, dialect: dKatran,
		defs: "vips 13/8/4/512/0 inner=prototype\nprototype 9/4/8/16/0"},
	{rule: "section 3 katran without prototypes", fixtures: []string{"legacy_katran"}, opts: Options{Dialect: dKatran}, dialect: dKatran,
		defs: "vips 13/8/4/512/0\nprototype 9/4/8/16/0"},
	{rule: "section 3 Falco", fixtures: []string{"legacy_falco"}, opts: Options{Dialect: dFalco}, dialect: dFalco,
		defs: "perf_map 4/4/4/0/0\ntail_map 3/4/4/16/0\nframe_scratch_map 2/4/64/0/0"},
	{rule: "L32 PREVAIL, relaxed", fixtures: []string{"legacy_err_forward"}, opts: Options{Relaxed: true}, dialect: dSamples,
		defs: "outer 12/4/4/1/0 inner=inner\ninner 2/4/8/1/0"},
	{rule: "section 3 perf by its struct", fixtures: []string{"legacy_perf"}, dialect: dPerf,
		defs: "__bpf_stdout__ 4/4/4/512/0"},
	{rule: "section 3 perf", fixtures: []string{"legacy_perf"}, opts: Options{Dialect: dPerf}, dialect: dPerf,
		defs: "__bpf_stdout__ 4/4/4/512/0"},
	{rule: "T6 iproute2", fixtures: []string{"legacy_iproute2", "legacy_iproute2_nobtf"}, opts: Options{ObjectID: "SHA"}, dialect: dIproute2,
		defs: "map_inner 2/4/8/4/0\nmap_outer 12/4/4/2/0 inner=map_inner pin=global:tc/globals/map_outer [1]=map_inner\n" +
			"jmp_tc 3/4/4/4/0 pin=object:tc/SHA/jmp_tc\ncust 1/4/4/8/0\nannot 1/4/16/8/0",
		calls: "jmp_tc[1]=0x2a0/1 as classifier\njmp_tc[2]=672/2 as classifier", warnings: "pin_unknown"},
	{rule: "T6 L56 a number of the pinning table", fixtures: []string{"legacy_iproute2_nobtf"}, dialect: dIproute2,
		opts: Options{ObjectID: "SHA", ProgDir: "xdp", PinTable: map[uint32]string{5: "/my/dir/"}},
		defs: "map_inner 2/4/8/4/0\nmap_outer 12/4/4/2/0 inner=map_inner pin=global:xdp/globals/map_outer [1]=map_inner\n" +
			"jmp_tc 3/4/4/4/0 pin=object:xdp/SHA/jmp_tc\ncust 1/4/4/8/0 pin=custom:my/dir/cust\nannot 1/4/16/8/0",
		calls: "jmp_tc[1]=0x2a0/1 as classifier\njmp_tc[2]=672/2 as classifier"},
	{rule: "T7 three maps of one id", fixtures: []string{"legacy_iproute2_slots"}, dialect: dIproute2,
		defs: "zeroth 2/4/8/4/0\nfirst 2/4/8/4/0\ntemplate 2/4/8/4/0\nouter 12/4/4/4/0 inner=zeroth pin=global:tc/globals/outer [0]=zeroth [1]=first"},
	{rule: "T8 notations of tail-call sections", fixtures: []string{"legacy_iproute2_tails"}, dialect: dIproute2,
		defs: "jmp0 3/4/4/2/0\njmp8 3/4/4/4/0",
		calls: "jmp0[0]=0/0 as classifier\njmp8[1]=010/1 as classifier\njmp8[2]=8/2_suffix as classifier\n" +
			"jmp8[3]=8/0x3 as classifier", warnings: "tail_call_map"},
	{rule: "T9 iproute2 4.5", fixtures: []string{"legacy_iproute2_45", "legacy_iproute2_45_nobtf"}, opts: Options{ObjectID: "SHA"}, dialect: dIproute245,
		defs:  "jmp 3/4/4/4/0 pin=object:tc/SHA/jmp\ncounts 2/4/8/4/0 pin=global:tc/globals/counts",
		calls: "jmp[1]=1/1 as classifier"},
	{rule: "I20 iproute2 4.1", fixtures: []string{"legacy_iproute2_41"}, dialect: dIproute241,
		defs: "jmp 3/4/4/4/0\ncounts 2/4/8/4/0", calls: "jmp[1]=3/1 as classifier"},
	{rule: "section 5.1 Cilium", fixtures: []string{"legacy_cilium", "legacy_cilium_nobtf"}, dialect: dIproute2,
		defs: "cilium_calls 3/4/4/8/0 pin=global:tc/globals/cilium_calls\ncilium_policy 3/4/4/32/0 pin=global:tc/globals/cilium_policy\n" +
			"cilium_lxc 1/8/16/64/1 pin=global:tc/globals/cilium_lxc",
		calls: "cilium_calls[1]=2/1 as from-container\ncilium_policy[16]=1/0x10 as from-container"},
	{rule: "section 5.1 Calico", fixtures: []string{"legacy_calico"}, opts: Options{ObjectID: "SHA"}, dialect: dIproute2,
		defs:  "cali_jump 3/4/4/8/0 pin=object:tc/SHA/cali_jump\ncali_v4_ct 1/16/64/512/1 pin=global:tc/globals/cali_v4_ct",
		calls: "cali_jump[0]=1/0 as classifier"},
	{rule: "A3 Calico's 24 bytes", fixtures: []string{"legacy_calico24"}, dialect: dIproute2,
		defs: "cali_jump 3/4/4/8/0\ncali_state 6/4/64/1/0", calls: "cali_jump[0]=1/0 as classifier"},
	{rule: "T10 T11 gobpf", fixtures: []string{"legacy_gobpf", "legacy_gobpf_nobtf"}, dialect: dGobpf,
		defs:     "beta_sym=beta 1/4/8/16/0 pin=global:myns/globals/beta\nplain 2/4/8/4/0\ncustom 2/4/8/4/0 pin=custom:",
		warnings: "pin_place"},
	{rule: "T11 L72 gobpf with the caller's path", fixtures: []string{"legacy_gobpf"}, opts: Options{PinPath: map[string]string{"custom": "a/b"}}, dialect: dGobpf,
		defs: "beta_sym=beta 1/4/8/16/0 pin=global:myns/globals/beta\nplain 2/4/8/4/0\ncustom 2/4/8/4/0 pin=custom:a/b"},
	{rule: "T12 DataDog", fixtures: []string{"legacy_datadog"}, dialect: dDatadog,
		defs: "other 2/4/8/4/0\ntemplate 1/4/8/16/0\nouter 13/4/4/8/0 inner=template"},
	{rule: "L81 L112 aya through wrappers", fixtures: []string{"legacy_aya", "legacy_aya_rust", "legacy_aya_sections"}, dialect: dAya,
		defs: "BLOCKLIST 1/4/4/1024/0\nPINNED 2/4/8/4/0 pin=by_name:"},
	{rule: "T16 redbpf", fixtures: []string{"legacy_redbpf"}, dialect: dRedbpf,
		defs: "COUNTS=counts 1/4/16/64/0"},
	{rule: "T13 goebpf", fixtures: []string{"legacy_goebpf", "legacy_goebpf_nobtf"}, dialect: dGoebpf,
		defs: "template 1/4/8/16/0 pin=custom:/sys/fs/bpf/one_pin\nouter 12/4/4/4/0 inner=template\n" +
			"second 2/4/8/4/0 pin=custom:/sys/fs/bpf/dir/another\ntrie 11/8/8/4/1"},
	{rule: "T14 Android", fixtures: []string{"legacy_android", "legacy_android_nobtf"}, opts: Options{ObjectName: "/etc/bpf/netd@v2.o"}, dialect: dAndroid,
		defs: "stats 1/4/8/64/0 pin=custom:map_netd_stats\ncommon 2/4/8/4/0 pin=custom:net_shared/map__common"},
	{rule: "L94 Android without the object's name", fixtures: []string{"legacy_android"}, dialect: dAndroid,
		defs: "stats 1/4/8/64/0 pin=custom:\ncommon 2/4/8/4/0 pin=custom:net_shared/map__common"},
	{rule: "L114 Android's 48 bytes", fixtures: []string{"legacy_android_n48"}, opts: Options{ObjectName: "netd.o", AndroidPrefix: "tethering/"}, dialect: dAndroid,
		defs: "stats 1/4/8/64/0 pin=custom:tethering/map_netd_stats"},
	{rule: "L94 Android's 32 bytes", fixtures: []string{"legacy_android_n32"}, opts: Options{ObjectName: "netd.o", AndroidPrefix: "tethering/"}, dialect: dAndroid,
		defs: "stats 1/4/8/64/0 pin=custom:map_netd_stats"},
	{rule: "T15 L97 AWS", fixtures: []string{"legacy_aws", "legacy_aws_nobtf"}, opts: Options{AWSPrefix: "mesh_"}, dialect: dAWS,
		defs: "ingress_map 11/8/16/64/1 pin=global:globals/aws/maps/mesh_ingress_map\nscratch 2/4/8/1/0"},
	{rule: "T15 L99 DeepFlow", fixtures: []string{"legacy_deepflow", "legacy_deepflow_nobtf"}, dialect: dDeepflow,
		defs: "__trace_map 1/8/16/1024/0\n__progs_jmp_kp_map 3/4/4/4/0"},
	{rule: "T17 annotations", fixtures: []string{"legacy_kv"}, dialect: dLibbpf,
		defs:     "right 1/4/16/64/0\nwrong_key 1/4/16/64/0\nwrong_value 2/4/8/4/0\nnone 2/4/8/4/0",
		warnings: "annotation_size annotation_size"},
	{rule: "T18 static maps", fixtures: []string{"legacy_static"}, dialect: dLibbpf,
		defs: "first 1/4/8/1/0\nsecond 2/4/8/2/0\nglobal 2/4/8/3/0"},
	{rule: "T19 alias", fixtures: []string{"legacy_alias"}, dialect: dLibbpf,
		defs: "before 1/4/8/1/0\nreal=other 2/4/8/2/0"},
	{rule: "T20 mixed sizes", fixtures: []string{"legacy_mixed"}, dialect: dSamples,
		defs: "small 2/4/8/1/0\nlarge 12/4/4/2/0 inner=small\nsmall_too 1/4/8/3/0"},
	{rule: "T23 L45 linked by bpftool", fixtures: []string{"legacy_linked"}, dialect: dLibbpf,
		defs: "first 1/4/8/16/0\nsecond 2/4/8/16/0\nthird 2/4/16/2/0"},
	{rule: "T22 T23 both kinds linked by bpftool", fixtures: []string{"legacy_linked_both"}, dialect: dLibbpf,
		defs: "first 1/4/8/16/0\nsecond 2/4/8/16/0\ntyped 2/4/16/2/0"},
	{rule: "T24 map in a subprogram", fixtures: []string{"legacy_subprog"}, dialect: dLibbpf,
		defs: "before 1/4/8/16/0\ncounts 2/4/8/16/0"},
}

func TestDialectFixtures(t *testing.T) {
	for _, c := range dialectFixtures {
		for _, name := range c.fixtures {
			for _, path := range forms(t, name) {
				t.Run(c.rule+" "+filepath.Base(path), func(t *testing.T) { c.check(t, readObject(t, path)) })
			}
		}
	}
}

func (c *dialectFixture) check(t *testing.T, f *mapdef.File) {
	defs, warns, err := Parse(f, c.opts)
	if err != nil {
		t.Fatal(err)
	}
	if got := summaries(defs); got != c.defs {
		t.Errorf("definitions:\n%s\nwant:\n%s", got, c.defs)
	}
	for i := range defs {
		if defs[i].Dialect != c.dialect || defs[i].Evidence == "" {
			t.Errorf("L116 %q is %q because of %q, want %q", defs[i].Name, defs[i].Dialect, defs[i].Evidence, c.dialect)
		}
	}
	calls, more, err := TailCalls(f, defs, c.opts)
	if err != nil {
		t.Fatal(err)
	}
	if got := callLines(defs, calls); got != c.calls {
		t.Errorf("tail calls:\n%s\nwant:\n%s", got, c.calls)
	}
	var codes []string
	for _, w := range append(warns, more...) {
		codes = append(codes, w.Code)
	}
	if got := strings.Join(codes, " "); got != c.warnings {
		t.Errorf("warnings %q, want %q", got, c.warnings)
	}
}

// TestForced reads the fixtures without BTF as the dialect that detection finds:
// the caller's word gives the same (L110).
func TestForced(t *testing.T) {
	for _, c := range dialectFixtures {
		if c.opts.Dialect != "" {
			continue
		}
		for _, name := range c.fixtures {
			c := c
			c.opts.Dialect = c.dialect
			t.Run(c.rule+" "+name, func(t *testing.T) { c.check(t, readObject(t, "../testdata/objs/"+name+".o")) })
		}
	}
}

func TestAnnotatedTypes(t *testing.T) {
	for _, c := range []struct{ rule, fixture, name, key, value string }{
		{"T17 L100", "legacy_kv", "right", "u32", "struct flow"},
		{"T6 iproute2", "legacy_iproute2", "annot", "u32", "struct flow"},
		{"T16 L100 redbpf", "legacy_redbpf", "counts", "u32", "struct flow"},
		{"T17 L102 dropped", "legacy_kv", "wrong_key", "void", "void"},
		{"T17 L102 dropped", "legacy_kv", "wrong_value", "void", "void"},
		{"L100 none", "legacy_kv", "none", "void", "void"},
	} {
		for _, path := range forms(t, c.fixture) {
			f := readObject(t, path)
			defs, _, err := Parse(f, Options{})
			if err != nil {
				t.Fatal(err)
			}
			i := slices.IndexFunc(defs, func(d mapdef.Def) bool { return d.Named(c.name) })
			if i < 0 {
				t.Fatalf("%s: no map %q", path, c.name)
			}
			d := &defs[i]
			if k, v := f.BTF.CName(d.KeyType), f.BTF.CName(d.ValueType); k != c.key || v != c.value {
				t.Errorf("%s %s: %s has types %q, %q", c.rule, path, c.name, k, v)
			}
		}
	}
}

// TestRepeated: ten readings give the same.
func TestRepeated(t *testing.T) {
	for _, path := range forms(t, "legacy_*") {
		f := readObject(t, path)
		first := ""
		for i := range 10 {
			defs, warns, err := Parse(f, Options{})
			calls, more, terr := TailCalls(f, defs, Options{})
			all := fmt.Sprintf("%+v %+v %v %+v %+v %v", defs, warns, err, calls, more, terr)
			if i == 0 {
				first = all
			}
			if all != first {
				t.Fatalf("%s: reading %d differs:\n%s\n%s", path, i, first, all)
			}
		}
	}
}
