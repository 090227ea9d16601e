package elfload_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/cilium/ebpf"

	"github.com/bpfload/bpfload/elfload"
	"github.com/bpfload/bpfload/internal/kerneltest"
)

// T9: the program array of iproute2 4.5 is found through BTF and through the
// section's name, and its entry is set; no flag reaches the kernel.
func TestT9Iproute245(t *testing.T) {
	kerneltest.Require(t)
	for _, file := range []string{"legacy_iproute2_45.o", "legacy_iproute2_45_nobtf.o", "legacy_iproute2_45_nobtf.old.o"} {
		c := load(t, file, elfload.Options{})
		if got, want := slotID(t, c.Map("jmp"), 1), programID(t, c, "goes_on"); got != want {
			t.Errorf("%s: jmp[1] is %d, want %d", file, got, want)
		}
		if f := c.Map("jmp").Flags(); f != 0 {
			t.Errorf("%s: jmp has flags %#x", file, f)
		}
	}
}

// T11: as the first LLVM wrote it: machine 0, symbols without type and size, 280
// bytes each. The custom pin needs the caller's path.
func TestT11OldGobpf(t *testing.T) {
	kerneltest.Require(t)
	raw, err := os.ReadFile(filepath.Join(objects, "legacy_gobpf_nobtf.old.o"))
	if err != nil {
		t.Fatal(err)
	}
	raw[18], raw[19] = 0, 0 // e_machine: EM_NONE
	dir := kerneltest.BPFFS(t)
	read := elfload.ReadOptions{Legacy: elfload.LegacyOptions{PinPath: map[string]string{"custom": "mine/here"}}}
	for _, row := range []struct {
		opts elfload.ReadOptions
		pins []string
	}{{elfload.ReadOptions{}, []string{"myns/globals/beta"}}, {read, []string{"mine/here", "myns/globals/beta"}}} {
		obj, err := elfload.Read(raw, row.opts)
		if err != nil {
			t.Fatal(err)
		}
		plan, err := obj.Plan(elfload.Options{BPFFS: dir, DialectPins: true, MapsOnly: true})
		if err != nil {
			t.Fatal(err)
		}
		c, err := plan.Load(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if n := len(c.MapData); n != 3 {
			t.Errorf("%d maps", n)
		}
		if pins := pinned(t, dir); !slices.Equal(pins, row.pins) {
			t.Errorf("L72: pins are %v, want %v", pins, row.pins)
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
	strict := elfload.ReadOptions{Legacy: elfload.LegacyOptions{Strict: true}}
	if _, err := elfload.Read(raw, strict); err == nil || !strings.Contains(err.Error(), "custom") {
		t.Errorf("L72: strict reading says %v", err)
	}
}

// T12: the template of DataDog's outer map is the map of its index in its section.
func TestT12DataDog(t *testing.T) {
	kerneltest.Require(t)
	for _, file := range []string{"legacy_datadog.o", "legacy_datadog.old.o"} {
		c := load(t, file, elfload.Options{MapsOnly: true})
		if err := c.Map("outer").Put(uint32(1), c.Map("template")); err != nil {
			t.Errorf("%s: template does not fit: %v", file, err)
		}
		if err := c.Map("outer").Put(uint32(2), c.Map("other")); err == nil {
			t.Errorf("%s: other fits, so it is the template", file)
		}
	}
}

// T15: AWS pins at byte 20; DeepFlow's byte 16 does not reach the kernel.
func TestT15Vendors(t *testing.T) {
	kerneltest.Require(t)
	dir := kerneltest.BPFFS(t)
	load(t, "legacy_aws.o", elfload.Options{BPFFS: dir, DialectPins: true, MapsOnly: true})
	if pins := pinned(t, dir); !slices.Equal(pins, []string{"globals/aws/maps/ingress_map"}) {
		t.Errorf("L97: pins are %v", pins)
	}
	c := load(t, "legacy_deepflow.o", elfload.Options{MapsOnly: true})
	for i := range c.MapData {
		if f := c.MapData[i].Map.Flags(); f != 0 {
			t.Errorf("L99: %s has flags %#x", c.MapData[i].Name, f)
		}
	}
}

// T22, T23: both kinds in one object, as compiled and as linked, load, and
// programs use both.
func TestT22BothKinds(t *testing.T) {
	kerneltest.Require(t)
	for _, row := range []struct {
		file string
		maps []string // name and dialect
		ret  map[string]uint32
	}{
		{"legacy_sections.o", []string{"plain redbpf", "in_one redbpf", "in_two redbpf", "modern btf"}, map[string]uint32{"looks_up": 2}},
		{"legacy_linked_both.o", []string{"first libbpf", "second libbpf", "typed libbpf", "modern btf"}, map[string]uint32{"looks_up": 1, "drops": 2}},
	} {
		c := load(t, row.file, elfload.Options{})
		var maps []string
		for i := range c.MapData {
			maps = append(maps, c.MapData[i].Name+" "+c.MapData[i].Def.Dialect)
		}
		if !slices.Equal(maps, row.maps) {
			t.Errorf("%s: maps are %q, want %q", row.file, maps, row.maps)
		}
		for name, want := range row.ret {
			if got, _, err := c.Program(name).Test(make([]byte, 64)); err != nil || got != want {
				t.Errorf("%s: %s returned %d, %v, want %d", row.file, name, got, err, want)
			}
		}
	}
}

// L100, L105: bpftool prints entries of annotated legacy maps by their members:
// BPF_ANNOTATE_KV_PAIR (T17), iproute2 (T6), redbpf (T16), linked (T23).
func TestT16T17Dump(t *testing.T) {
	kerneltest.Require(t)
	bpftool, err := exec.LookPath("bpftool")
	if err != nil {
		t.Skip("bpftool is not installed: nothing prints the maps")
	}
	dir := kerneltest.BPFFS(t)
	for _, row := range []struct{ file, name string }{
		{"legacy_kv.o", "right"}, {"legacy_kv.clang14.o", "right"}, {"legacy_iproute2.o", "annot"}, {"legacy_redbpf.o", "COUNTS"},
		{"legacy_linked_both.o", "typed"},
	} {
		t.Run(row.file, func(t *testing.T) {
			c := load(t, row.file, elfload.Options{MapsOnly: true})
			if err := c.Map(row.name).Update(uint32(1), [2]uint64{7, 900}, ebpf.UpdateAny); err != nil {
				t.Fatal(err)
			}
			pin := filepath.Join(dir, row.name+"_"+strings.ReplaceAll(row.file, ".", "_"))
			if err := c.Map(row.name).Pin(pin); err != nil {
				t.Fatal(err)
			}
			out, err := exec.Command(bpftool, "-j", "map", "dump", "pinned", pin).CombinedOutput()
			if err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			var entries []struct {
				Formatted struct {
					Key   uint32
					Value struct{ Packets, Bytes uint64 }
				}
			}
			if err := json.Unmarshal(out, &entries); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			for _, e := range entries {
				if f := e.Formatted; f.Key == 1 && f.Value.Packets == 7 && f.Value.Bytes == 900 {
					return
				}
			}
			t.Errorf("bpftool prints %s", out)
		})
	}
}

// L63, L64: programs of iproute2 objects get the type that tc and ip give them,
// their tail calls too, unless the caller says another.
func TestAssumedTypes(t *testing.T) {
	obj, err := elfload.Open(filepath.Join(objects, "legacy_cilium.o"))
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		types []elfload.ProgramType
		want  ebpf.ProgramType
		told  int
	}{
		{nil, ebpf.SchedCLS, 1},
		{[]elfload.ProgramType{{Program: "*", Type: "xdp"}}, ebpf.XDP, 0},
		{[]elfload.ProgramType{{Program: "begins", Type: "lwt_in"}}, ebpf.LWTIn, 0},
	} {
		plan, err := obj.Plan(elfload.Options{Types: row.types})
		if err != nil {
			t.Fatal(err)
		}
		for i := range plan.Programs {
			if got := ebpf.ProgramType(plan.Programs[i].Type); got != row.want {
				t.Errorf("%v: %s is %v, want %v", row.types, plan.Programs[i].Name, got, row.want)
			}
		}
		told := 0
		for _, w := range plan.Warnings {
			if w.Code == "program_type_assumed" {
				told++
			}
		}
		if told != row.told {
			t.Errorf("%v: %d warnings", row.types, told)
		}
	}
}
