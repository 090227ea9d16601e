package rawbtf_test

import (
	"math"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/cilium/ebpf/btf"

	"github.com/bpfload/bpfload/internal/elftest"
	"github.com/bpfload/bpfload/internal/kerneltest"
	"github.com/bpfload/bpfload/internal/rawbtf"
)

const vmlinux = "/sys/kernel/btf/vmlinux"

func readVmlinux(t testing.TB) []byte {
	t.Helper()
	raw, err := os.ReadFile(vmlinux)
	if err != nil {
		t.Skipf("the running kernel's BTF cannot be read: %v", err)
	}
	return raw
}

// TestAgainstCilium compares ids, names, kinds and sizes over the kernel's BTF with
// those of another reader.
func TestAgainstCilium(t *testing.T) {
	raw := readVmlinux(t)
	table, err := rawbtf.Parse(raw, hostOrder())
	if err != nil {
		t.Fatal(err)
	}
	spec, err := btf.LoadSpec(vmlinux)
	if err != nil {
		t.Fatal(err)
	}
	for id := rawbtf.ID(1); id < rawbtf.ID(table.Len()); id += 17 {
		other, err := spec.TypeByID(btf.TypeID(id))
		if err != nil {
			t.Fatalf("type %d is only in our table: %v", id, err)
		}
		ty := table.Type(id)
		if ty.Kind != rawbtf.TypeTag && ty.Kind != rawbtf.DeclTag && ty.Name() != other.TypeName() {
			t.Errorf("type %d (%s) is named %q, want %q", id, ty.Kind, ty.Name(), other.TypeName())
		}
		if v, ok := other.(*btf.Struct); ok && (ty.Kind != rawbtf.Struct || ty.Vlen != len(v.Members)) {
			t.Errorf("type %d is a %s with %d members, want a struct with %d", id, ty.Kind, ty.Vlen, len(v.Members))
		}
		if v, ok := other.(*btf.Enum); ok && len(v.Values) > 0 && ty.Enumerator(0).Value != v.Values[0].Value {
			t.Errorf("type %d begins with value %d, want %d", id, ty.Enumerator(0).Value, v.Values[0].Value)
		}
		want, wantErr := btf.Sizeof(other)
		got, err := table.Sizeof(id)
		if wantErr == nil && (err != nil || uint64(got) != uint64(want)) {
			t.Errorf("type %d (%s) has size %d, %v, want %d", id, table.CName(id), got, err, want)
		}
	}
	if _, err := spec.TypeByID(btf.TypeID(table.Len())); err == nil {
		t.Error("our table is too short")
	}
}

// TestParseAllocates: one index, one copy of the strings, one table, whatever the size.
func TestParseAllocates(t *testing.T) {
	raw := readVmlinux(t)
	least := math.Inf(1) // the runtime allocates for itself now and then
	for range 5 {
		least = min(least, testing.AllocsPerRun(1, func() {
			if _, err := rawbtf.Parse(raw, hostOrder()); err != nil {
				t.Error(err)
			}
		}))
	}
	if least > 4 {
		t.Errorf("Parse allocates %v times", least)
	}
}

// TestHostileTime: sections that make every record look at every other would
// take minutes.
func TestHostileTime(t *testing.T) {
	b := elftest.NewBTF(nil)
	params := make([]elftest.Param, 0xffff)
	for i := range params {
		params[i].Type = 1
	}
	for range 16 {
		b.FuncProto(1, params...)
	}
	long := b.String(strings.Repeat("-", 1<<20))
	for range 50000 {
		b.Raw(long, rawbtf.Struct, false, 0, 0)
		b.Raw(long, rawbtf.Var, false, 0, 1, rawbtf.LinkGlobal)
	}
	start := kerneltest.CPUTime()
	raw, _, err := b.Table().ForKernel(answers{}.fixUps())
	if err != nil {
		t.Fatal(err)
	}
	rawbtf.Sanitize(raw, rawbtf.Features{})
	if d := kerneltest.CPUTime() - start; d > 20*time.Second {
		t.Errorf("took %v", d)
	}
}

func BenchmarkParse(b *testing.B) {
	raw := readVmlinux(b)
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := rawbtf.Parse(raw, hostOrder()); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkFind(b *testing.B) {
	table, err := rawbtf.Parse(readVmlinux(b), hostOrder())
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, ok := table.Find(rawbtf.Struct, "task_struct"); !ok {
			b.Fatal("no task_struct")
		}
	}
}
