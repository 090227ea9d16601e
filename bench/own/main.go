//go:build linux

// Command own tells how long bpfload's library takes: own read|load|outside OBJECT,
// in a process that does nothing else. It prints "ok OPEN-NS TOTAL-NS CPU-NS PEAK-KB",
// times from before the file is opened to after the load, or "fail STAGE MESSAGE".
// With `outside`, OPEN-NS is instead how much of TOTAL-NS no thread spent in
// bpf(2). `own reads|loads|outsides OBJECT…` does so with many in one process (see
// timing.Around), `own record OBJECT FILE` writes the calls of a load for
// replay/replay.c.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/bpfload/bpfload/bench/timing"
	"github.com/bpfload/bpfload/elfload"
	"github.com/bpfload/bpfload/internal/bpfsys"
)

func main() {
	switch args := os.Args[1:]; {
	case len(args) == 3 && args[0] == "record":
		os.Exit(record(args[1], args[2]))
	case len(args) == 2 && args[0] == "read":
		os.Exit(read(args[1]))
	case len(args) > 1 && args[0] == "reads":
		timing.Reads(args[1:], func(path string) error {
			_, err := elfload.Open(path)
			return err
		})
		return
	case len(args) > 1 && args[0] == "loads":
		timing.Around(args[1:], newCallLog().loadAgain)
		return
	case len(args) > 1 && args[0] == "outsides":
		log := newCallLog()
		bpfsys.Observe(log.note)
		timing.Around(args[1:], log.loadAgain)
		return
	case len(args) == 2 && args[0] == "load":
		os.Exit(load(args[1]))
	case len(args) == 2 && args[0] == "outside":
		os.Exit(outside(args[1]))
	}
	fmt.Fprintln(os.Stderr, "usage: own read|load|outside OBJECT, own reads|loads|outsides OBJECT…, own record OBJECT FILE")
	os.Exit(2)
}

func read(path string) int {
	watch := timing.Start()
	_, err := elfload.Open(path)
	total := watch.Stop()
	return answer(total.Wall, total, err)
}

func load(path string) int {
	watch := timing.Start()
	c, err := elfload.Load(context.Background(), path, elfload.Options{})
	total := watch.Stop()
	if err == nil {
		defer c.Close()
	}
	return answer(0, total, err)
}

// outside is load with the time that no call covers. The calls of several
// threads overlap.
func outside(path string) int {
	log := newCallLog()
	bpfsys.Observe(log.note)
	watch := timing.Start()
	c, err := elfload.Load(context.Background(), path, elfload.Options{})
	total := watch.Stop()
	if err == nil {
		defer c.Close()
	}
	end := watch.Begin.Add(total.Wall)
	return answer(total.Wall-log.covered(watch.Begin, end), total, err)
}

// loadAgain is a load in a process that has loaded before. First is what no call in
// the log covers, all of it if nobody tells the log of calls.
func (l *callLog) loadAgain(path string) (first, total time.Duration, err error) {
	l.reset()
	begin := time.Now()
	c, err := elfload.Load(context.Background(), path, elfload.Options{})
	total = time.Since(begin)
	if err != nil {
		return 0, 0, err
	}
	first = total - l.covered(begin, begin.Add(total))
	return first, total, errors.Join(c.Close(), timing.Unpin())
}

func answer(first time.Duration, total timing.Times, err error) int {
	if err != nil {
		line, _, _ := strings.Cut(err.Error(), "\n")
		fmt.Println("fail load", line)
		return 1
	}
	timing.Print(first, total)
	return 0
}
