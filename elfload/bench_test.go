package elfload_test

import (
	"bytes"
	"os"
	"testing"

	"github.com/cilium/ebpf"

	"github.com/bpfload/bpfload/elfload"
)

// benchObjects are read by every loader that is compared.
var benchObjects = [...]string{"order.o", "tailcall.o", "globals.o", "hundred.o", "core.o"}

func benchBytes(b *testing.B) [][]byte {
	b.Helper()
	var all [][]byte
	for _, name := range benchObjects {
		raw, err := os.ReadFile(objects + "/" + name)
		if err != nil {
			b.Fatal(err)
		}
		all = append(all, raw)
	}
	return all
}

// Bytes to ordered definitions and programs.
func BenchmarkRead(b *testing.B) {
	all := benchBytes(b)
	b.Run("bpfload", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			for _, raw := range all {
				if _, err := elfload.Read(raw, elfload.ReadOptions{}); err != nil {
					b.Fatal(err)
				}
			}
		}
	})
	b.Run("cilium", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			for _, raw := range all {
				if _, err := ebpf.LoadCollectionSpecFromReader(bytes.NewReader(raw)); err != nil {
					b.Fatal(err)
				}
			}
		}
	})
}

// Bytes to a plan with every program linked.
func BenchmarkPlan(b *testing.B) {
	all := benchBytes(b)
	b.ReportAllocs()
	for b.Loop() {
		for _, raw := range all {
			obj, err := elfload.Read(raw, elfload.ReadOptions{})
			if err != nil {
				b.Fatal(err)
			}
			if _, err := obj.Plan(elfload.Options{}); err != nil {
				b.Fatal(err)
			}
		}
	}
}
