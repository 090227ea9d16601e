package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"sync"

	"golang.org/x/term"
)

// console is where a command writes: results to out, everything else to err.
type console struct {
	out *bufio.Writer // keeps its first error; flush tells it
	err io.Writer     // safe for concurrent use
	// outColour and errColour tell whether the streams take colour.
	outColour, errColour bool
	// started is set once the arguments are known to be in order.
	started bool
	// texts is set where help, a manual page or a completion may be asked for:
	// without it the commands leave their longer texts out.
	texts bool
}

// lists is text and what follows it in the help of a command.
func (c *console) lists(text string, more ...func() string) string {
	if !c.texts {
		return ""
	}
	for _, list := range more {
		text += list()
	}
	return text
}

// newConsole decides about colour: only on a terminal that is not dumb, and
// without NO_COLOR.
func newConsole(stdout, stderr io.Writer, getenv func(string) string) *console {
	colour := getenv("NO_COLOR") == "" && getenv("TERM") != "dumb"
	return &console{out: bufio.NewWriterSize(stdout, 1<<16), err: &lockedWriter{w: stderr},
		outColour: colour && isTerminal(stdout), errColour: colour && isTerminal(stderr)}
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// flush hands everything to stdout. The error is that of the first write that
// did not succeed: results that nobody got are a failure.
func (c *console) flush() error {
	if err := c.out.Flush(); err != nil {
		return fmt.Errorf("standard output: %w", err)
	}
	return nil
}

// lockedWriter lets several goroutines write whole lines.
type lockedWriter struct {
	mu sync.Mutex
	w  io.Writer
}

func (l *lockedWriter) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(b)
}

// SGR parameters of the colours in use.
const (
	bold   = "1"
	red    = "1;31"
	yellow = "33"
	cyan   = "36"
	dim    = "2"
)

// paint colours the text if on.
func paint(on bool, sgr, s string) string {
	if !on || s == "" {
		return s
	}
	return "\x1b[" + sgr + "m" + s + "\x1b[0m"
}
