// Command bpfload loads BPF objects: it creates the maps of an object in the
// order of their definitions, fills them, loads the programs and prints the
// map_data table. The commands are described by `bpfload help`.
package main

import (
	"context"
	"errors"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/bpfload/bpfload/internal/stack"
	"github.com/bpfload/bpfload/internal/vm"
)

func main() {
	stack.Grow()
	vm.Main() // in a guest of check --kernel this is the first process, and does not return
	// With a handler, a write to a closed pipe returns EPIPE, which is reported,
	// instead of ending the process between two steps. A handler, unlike
	// SIG_IGN, is not inherited by programs that are started.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	os.Exit(run(context.Background(), os.Args[1:], os.Stdout, os.Stderr))
}

// run is the whole program: it returns the exit status.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	con := newConsole(stdout, stderr, os.Getenv)
	root := newRootFor(con, args)
	root.SetArgs(append([]string{}, args...)) // for nil cobra takes os.Args
	err := root.ExecuteContext(ctx)
	if err != nil && !con.started {
		err = asUsage(err) // cobra's own complaint about the arguments
	}
	if flushErr := con.flush(); flushErr != nil && !errors.Is(err, errors.Unwrap(flushErr)) {
		err = errors.Join(err, flushErr)
	}
	con.report(err)
	return exitCode(err)
}
