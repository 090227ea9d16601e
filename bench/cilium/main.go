//go:build linux

// Command cilium tells how long cilium/ebpf takes: cilium read|load OBJECT, in a
// process that does nothing else, or cilium reads|loads OBJECT… (see timing.Around). It prints "ok OPEN-NS TOTAL-NS CPU-NS PEAK-KB",
// times from before the file is opened to after the load, or "fail STAGE MESSAGE".
package main

import (
	"fmt"
	"os"
	"strings"
	"time"

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
	if len(os.Args) > 2 && os.Args[1] == "loads" {
		timing.Around(os.Args[2:], loadAgain)
		return
	}
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: cilium read|load OBJECT")
		os.Exit(2)
	}
	os.Exit(measure(os.Args[1], os.Args[2]))
}

// options are those of every load.
var options = ebpf.CollectionOptions{Maps: ebpf.MapOptions{PinPath: timing.BPFFS}}

func loadAgain(path string) (first, total time.Duration, err error) {
	begin := time.Now()
	spec, err := ebpf.LoadCollectionSpec(path)
	if err != nil {
		return 0, 0, err
	}
	first = time.Since(begin)
	c, err := ebpf.NewCollectionWithOptions(spec, options)
	total = time.Since(begin)
	if err != nil {
		return 0, 0, err
	}
	c.Close()
	return first, total, timing.Unpin()
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
		c, err := ebpf.NewCollectionWithOptions(spec, options)
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
