package rawbtf_test

import (
	"encoding/binary"
	"testing"

	"github.com/cilium/ebpf/btf"

	"github.com/bpfload/bpfload/internal/kerneltest"
	"github.com/bpfload/bpfload/internal/rawbtf"
)

func TestProbesParse(t *testing.T) {
	for _, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
		var have rawbtf.Features
		for _, p := range rawbtf.Probes(order) {
			if _, err := rawbtf.Parse(p.Raw, order); err != nil {
				t.Errorf("%s: %v", p.Name, err)
			}
			p.Set(&have)
		}
		if have != rawbtf.AllFeatures() {
			t.Errorf("the probes set %+v", have)
		}
	}
}

func TestProbesKernel(t *testing.T) {
	kerneltest.Require(t)
	for _, p := range rawbtf.Probes(binary.NativeEndian) {
		h, err := btf.NewHandleFromRawBTF(p.Raw)
		if err != nil {
			t.Errorf("%s: this kernel does not take it: %v", p.Name, err)
			continue
		}
		h.Close()
	}
}
