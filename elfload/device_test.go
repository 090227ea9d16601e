package elfload

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/bpfload/bpfload/internal/bpfsys"
	"github.com/bpfload/bpfload/internal/elftest"
	"github.com/bpfload/bpfload/internal/kerneltest"
	"github.com/bpfload/bpfload/internal/rawbtf"
)

func TestDevices(t *testing.T) {
	for _, row := range []struct {
		name, fixture string
		devices       []Device
		want          []string // of programs and maps with a device: name, index, flags
	}{
		{"none", "xdp_metadata", nil, nil},
		{"bound", "xdp_metadata", []Device{{Name: "reads_time", Interface: "eth0"}}, []string{"reads_time 7 0x40"}},
		{"by index", "xdp_metadata", []Device{{Name: "*", Interface: "12"}}, []string{"reads_time 12 0x40"}},
		{"offloaded", "xdp_metadata", []Device{{Name: "reads_time", Interface: "eth0", Offload: true}}, []string{"reads_time 7 0x0"}},
		{"the last counts", "xdp_metadata", []Device{{Name: "*", Interface: "12"}, {Name: "*", Interface: "13", Offload: true}}, []string{"reads_time 13 0x0"}},
		{"everything there is", "array_of_maps", []Device{{Name: "*", Interface: "3", Offload: true}},
			[]string{"inner_map 3 0x0", "outer_map 3 0x0", "looks_inside 3 0x0"}},
		{"maps are not bound", "array_of_maps", []Device{{Name: "*", Interface: "3"}}, []string{"looks_inside 3 0x40"}},
		{"one map", "array_of_maps", []Device{{Name: "inner_map", Interface: "eth0", Offload: true}}, []string{"inner_map 7 0x0"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			r := newRecorder()
			var got []string
			r.refuse = func(_ string, attr any) syscall.Errno {
				switch a := attr.(type) {
				case *bpfsys.MapAttr:
					if a.Ifindex != 0 {
						got = append(got, sprintDevice(a.Name, a.Ifindex, a.Flags))
					}
				case *bpfsys.ProgAttr:
					if a.Ifindex != 0 {
						got = append(got, sprintDevice(a.Name, a.Ifindex, a.Flags))
					}
				}
				return 0
			}
			r.vmlinux = metadataTypes()
			c, err := planOf(t, hostFixture(row.fixture), Options{Jobs: 1, Devices: row.devices}).load(context.Background(), r)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(got, row.want) {
				t.Errorf("got %q, want %q", got, row.want)
			}
			finished(t, r, c)
		})
	}
}

func TestDevicesRefused(t *testing.T) {
	for _, row := range []struct {
		fixture string
		device  Device
		want    string
	}{
		{"order", Device{Name: "nosuch", Interface: "eth0"}, "no program has this name"},
		{"order", Device{Name: "outer", Interface: "eth0"}, "a map is tied to a network device only by being offloaded to it"},
		{"spin_lock", Device{Name: "counts", Interface: "eth0"}, "a program of type sched_cls cannot be tied to a network device"},
		{"tailcall", Device{Name: "entry", Interface: "eth0", Offload: true}, "a program of type socket_filter cannot be tied to a network device"},
		{"xdp_metadata", Device{Name: "reads_time"}, "no network device is named"},
	} {
		obj, err := Open("../testdata/objs/" + row.fixture + ".o")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := obj.Plan(Options{Devices: []Device{row.device}}); !errors.Is(err, ErrUsage) || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%+v: %v", row.device, err)
		}
	}
	r := newRecorder()
	r.vmlinux = metadataTypes()
	r.refuse = func(call string, _ any) syscall.Errno {
		return map[string]syscall.Errno{"interface": syscall.ENODEV}[call]
	}
	_, err := planOf(t, hostFixture("xdp_metadata"), Options{Devices: []Device{{Name: "*", Interface: "gone0"}}}).load(context.Background(), r)
	var e *Error
	if !errors.As(err, &e) || e.Code != "device" || !errors.Is(err, ErrUsage) || !strings.Contains(err.Error(), `network device "gone0"`) {
		t.Errorf("%v", err)
	}
	finished(t, r, nil)
}

// A program that asks the driver loads on a device and nowhere else; a device
// that takes no programs is named.
func TestDeviceInKernel(t *testing.T) {
	kerneltest.Require(t)
	path := "../testdata/objs/" + hostFixture("xdp_metadata")
	var e *Error
	if _, err := Load(context.Background(), path, Options{}); !errors.As(err, &e) {
		t.Fatalf("without a device: %v", err)
	}
	if e.Code == "ksym_missing" { // Linux before 6.3 has no XDP metadata, and says so
		return
	}
	if e.Hint != "tie it to a network device with --device reads_time=IFACE" {
		t.Errorf("without a device: %v; %q", e, e.Hint)
	}
	_, err := Load(context.Background(), path, Options{Devices: []Device{{Name: "*", Interface: "lo"}}})
	if err == nil || !strings.Contains(err.Error(), "takes no programs") {
		t.Errorf("on lo: %v", err)
	}
	all, err := net.Interfaces()
	if err != nil {
		t.Fatal(err)
	}
	for i := range all {
		c, err := Load(context.Background(), path, Options{Devices: []Device{{Name: "reads_time", Interface: all[i].Name}}})
		if err != nil {
			t.Logf("%s: %v", all[i].Name, err)
			continue
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
		return
	}
	t.Log("no network device here takes a bound program")
}

func sprintDevice(name string, index, flags uint32) string {
	return fmt.Sprintf("%s %d %#x", name, index, flags)
}

// metadataTypes is a kernel that has the function of the fixture.
func metadataTypes() []byte {
	b := elftest.NewBTF(hostOrder)
	n, wide := b.Int("int", 4, elftest.Signed), b.Int("u64", 8, 0)
	b.Func("bpf_xdp_metadata_rx_timestamp", b.FuncProto(n, elftest.Param{Name: "ctx", Type: b.Ptr(b.Const(b.Struct("xdp_md", 4)))},
		elftest.Param{Name: "timestamp", Type: b.Ptr(wide)}), rawbtf.LinkStatic)
	return b.Bytes()
}
