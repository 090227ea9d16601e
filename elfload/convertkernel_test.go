package elfload_test

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/cilium/ebpf"

	"github.com/bpfload/bpfload/elfload"
	"github.com/bpfload/bpfload/internal/kerneltest"
	"github.com/bpfload/bpfload/internal/mapdef"
)

// others says what other loaders cannot load although the printed C is right.
var others = [...]struct{ prefix, loader, why string }{
	{"convert_order.", "bpftool", "failed to initialize slot"},     // libbpf creates outer maps before inner ones
	{"legacy_s28.", "cilium/ebpf", "unrecognized field numa_node"}, // C-rules: not supported there
	{"convert_names.", "cilium/ebpf", "unrecognized field numa_node"},
	{"legacy_samples", "cilium/ebpf", "unrecognized field numa_node"}, // the same, but for legacy_samples_s20
}

// judge compares a loader's answer with what is expected of it.
func judge(t *testing.T, name, loader string, err error) {
	t.Helper()
	for _, o := range others {
		if err != nil && o.loader == loader && strings.HasPrefix(name, o.prefix) && strings.Contains(err.Error(), o.why) {
			return
		}
	}
	if err != nil {
		t.Errorf("%s refuses the converted object: %v", loader, err)
	}
}

// Every converted object can be loaded, here, by cilium/ebpf and by libbpf, which refuses
// the legacy object.
func TestConvertedLoad(t *testing.T) {
	kerneltest.Require(t)
	cc := compilers(t)[0]
	bpftool, err := exec.LookPath("bpftool")
	if err != nil {
		t.Log("bpftool is not installed: libbpf is not asked")
	}
	for _, path := range fixtures(t) {
		name := filepath.Base(path)
		if strings.HasSuffix(name, ".eb.o") || !strings.HasPrefix(name, "legacy_") && !strings.HasPrefix(name, "convert_") {
			continue
		}
		t.Run(name, func(t *testing.T) {
			obj, row := convertible(t, path)
			if obj == nil || !slices.ContainsFunc(obj.Maps, func(d elfload.MapDef) bool { return isLegacy(&d) }) {
				return
			}
			text, _ := converted(t, obj, elfload.ConvertOptions{Maps: row.maps, Inner: row.inner})
			object, dir := compile(t, cc, "bpfel", text, "-DBPFLOAD_STUBS"), kerneltest.BPFFS(t)
			c, err := elfload.Load(t.Context(), object, elfload.Options{BPFFS: dir})
			if err == nil {
				c.Close()
			}
			judge(t, name, "bpfload", err)
			judge(t, name, "cilium/ebpf", loadByCilium(object, dir))
			byName := func(d elfload.MapDef) bool { return d.Pinning == mapdef.PinByName }
			if bpftool == "" || slices.ContainsFunc(obj.Maps, byName) { // libbpf would pin into /sys/fs/bpf itself
				return
			}
			judge(t, name, "bpftool", loadByBpftool(bpftool, object, filepath.Join(dir, "converted")))
			if slices.ContainsFunc(obj.Maps, func(d elfload.MapDef) bool { return d.Section == "maps" }) &&
				loadByBpftool(bpftool, path, filepath.Join(dir, "legacy")) == nil {
				t.Error("bpftool takes the legacy object: there is nothing to prove")
			}
		})
	}
}

func loadByBpftool(bpftool, object, dir string) error {
	out, err := exec.Command(bpftool, "prog", "loadall", object, dir).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%w\n%s", err, out)
	}
	return nil
}

func loadByCilium(object, dir string) error {
	spec, err := ebpf.LoadCollectionSpec(object)
	if err != nil {
		return fmt.Errorf("reading: %w", err)
	}
	coll, err := ebpf.NewCollectionWithOptions(spec, ebpf.CollectionOptions{Maps: ebpf.MapOptions{PinPath: dir}})
	if err != nil {
		return fmt.Errorf("loading: %w", err)
	}
	coll.Close()
	return nil
}
