package elfload

import (
	"encoding/binary"
	"fmt"

	"github.com/bpfload/bpfload/internal/rawbtf"
)

// This file is about objects of the byte order that this machine has not. Their
// maps can be had, which is what is needed to see or pin them (cilium/ebpf creates
// them as well, C24); their programs cannot (R8, L2).

func sameOrder(o binary.ByteOrder) bool {
	return o.Uint16([]byte{1, 0}) == hostOrder.Uint16([]byte{1, 0})
}

// foreign refuses, before any system call, an object of the other byte order that
// has a program to load, or a struct_ops map, which is nothing without its programs.
func (p *Plan) foreign() error {
	if sameOrder(p.Object.file.Order) {
		return nil
	}
	e := &Error{Stage: StageMap, Kind: ErrBadObject, Code: "byte_order",
		Err:  fmt.Errorf("the object is %s endian, this machine is not", p.Object.ByteOrder()),
		Hint: "compile it with -target bpf, or bpfel/bpfeb for the machine that is to load it"}
	for i := range p.Maps {
		if m := &p.Maps[i]; m.Create && m.StructOps != nil {
			return e
		}
	}
	for i := range p.Programs {
		if p.Programs[i].Load {
			e.Hint += "; its maps alone can be had with --maps-only"
			return e
		}
	}
	return nil
}

// noteForeign tells what is odd about the maps of such an object.
func (l *loader) noteForeign() {
	if o := l.plan.Object; !sameOrder(o.file.Order) {
		l.warn(Warning{Code: "byte_order",
			Message: fmt.Sprintf("the object is %s endian, this machine is not: what the object puts into its data maps stays in the object's byte order", o.ByteOrder())})
	}
}

// hostBTF is Plan.BTF in the byte order of this machine, the only one that the
// kernel reads.
func (p *Plan) hostBTF() ([]byte, error) {
	if sameOrder(p.Object.file.Order) {
		return p.btf, nil
	}
	t, err := rawbtf.Parse(p.btf, p.Object.file.Order)
	if err != nil {
		return nil, err
	}
	return t.Swapped(), nil
}
