//go:build linux

// Command cilium tells how long cilium/ebpf takes: cilium read|load OBJECT, in a
// process that does nothing else, or cilium reads OBJECT… (see timing.Reads). It prints "ok OPEN-NS TOTAL-NS CPU-NS PEAK-KB",
// times from before the file is opened to after the load, or "fail STAGE MESSAGE".
package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/cilium/ebpf"

	"github.com/bpfload/bpfload/bench/timing"
)

func main() {
	if len(os.Args) > 2 && os.Args[1] == "reads" {
		timing.Reads(os.Args[2:], func(path string) error {
			_, err := ebpf.LoadCollectionSpec(path)
			return err
		})
		return
	}
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: cilium read|load OBJECT")
		os.Exit(2)
	}
	os.Exit(measure(os.Args[1], os.Args[2]))
}

func measure(mode, path string) int {
	watch := timing.Start()
	spec, err := ebpf.LoadCollectionSpec(path)
	opened := watch.Stop()
	if err != nil {
		return failed("open", err)
	}
	total := opened
	if mode == "load" {
		c, err := ebpf.NewCollectionWithOptions(spec, ebpf.CollectionOptions{Maps: ebpf.MapOptions{PinPath: "/sys/fs/bpf"}})
		total = watch.Stop()
		if err != nil {
			return failed("load", err)
		}
		defer c.Close()
	}
	timing.Print(opened.Wall, total)
	return 0
}

func failed(stage string, err error) int {
	first, _, _ := strings.Cut(err.Error(), "\n")
	fmt.Println("fail", stage, first)
	return 1
}
