package elfload

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/cilium/ebpf"

	"github.com/bpfload/bpfload/internal/progs"
)

// Device ties a program to a network device. An XDP program then runs on that
// device alone and may read what its driver knows of a packet (Linux 6.3).
// With Offload the device itself, a smart network card, holds the program or map.
type Device struct {
	// Name is a program's, with Offload also a map's; "*" means all that can be:
	// XDP programs, with Offload also sched_cls programs and every map.
	Name string
	// Interface is the device's name ("eth0"), or its index as a number.
	Interface string
	Offload   bool
}

// planDevices applies Options.Devices, in order.
func (p *Plan) planDevices() error {
	for _, d := range p.opts.Devices {
		if d.Interface == "" {
			return p.noDevice(d.Name, errors.New("no network device is named"))
		}
		if d.Name == everyProgram {
			p.everyDevice(d)
			continue
		}
		i, isProgram := p.Object.ProgramIndex(d.Name)
		m, isMap := p.Object.MapIndex(d.Name)
		switch {
		case isProgram && !p.Programs[i].bind(d):
			return p.noDevice(d.Name, fmt.Errorf("a program of type %s cannot be tied to a network device", programTypeText(p.Programs[i].Type)))
		case isProgram:
		case !isMap:
			return p.noProgram(d.Name)
		case !d.Offload:
			return p.noDevice(d.Name, errors.New("a map is tied to a network device only by being offloaded to it"))
		default:
			p.Maps[m].Device = d.Interface
		}
	}
	return nil
}

func (p *Plan) noDevice(name string, err error) error {
	return &Error{Stage: StagePlan, Kind: ErrUsage, Code: "device", Symbol: name, Err: err}
}

func (p *Plan) everyDevice(d Device) {
	for i := range p.Programs {
		p.Programs[i].bind(d)
	}
	for i := range p.Maps {
		if d.Offload {
			p.Maps[i].Device = d.Interface
		}
	}
}

// bind ties the program to the device, false if programs of its type cannot be.
func (p *PlannedProgram) bind(d Device) bool {
	switch {
	case p.Type == uint32(ebpf.XDP), p.Type == uint32(ebpf.SchedCLS) && d.Offload:
	default:
		return false
	}
	p.Device = d.Interface
	if p.Flags &^= progs.FlagXDPDevBound; !d.Offload {
		p.Flags |= progs.FlagXDPDevBound
	}
	return true
}

// ifindex is the kernel's number of a network device, 0 for "".
func (l *loader) ifindex(device string) (uint32, error) {
	if device == "" {
		return 0, nil
	}
	if n, err := strconv.ParseUint(device, 10, 31); err == nil && n > 0 {
		return uint32(n), nil
	}
	return l.k.InterfaceIndex(device)
}

// deviceError is the error of a device that is not there.
func deviceError(e *Error, device string, err error) *Error {
	e.Kind, e.Code, e.Err = ErrUsage, "device", fmt.Errorf("network device %q: %w", device, err)
	return e
}
