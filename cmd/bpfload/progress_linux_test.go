package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/bpfload/bpfload/internal/kerneltest"
)

// terminal is a pseudoterminal: what is written to the one end can be read at the other.
func terminal(t *testing.T) (user, screen *os.File) {
	t.Helper()
	screen, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skip("no pseudoterminals: ", err)
	}
	t.Cleanup(func() { screen.Close() })
	number, err := unix.IoctlGetInt(int(screen.Fd()), unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(int(screen.Fd()), unix.TIOCSPTLCK, 0)
	}
	if err != nil {
		t.Fatal(err)
	}
	user, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skip("no pseudoterminals: ", err)
	}
	t.Cleanup(func() { user.Close() })
	return user, screen
}

// onTerminal runs bpfload with a terminal as standard error, and gives what is written
// there.
func onTerminal(t *testing.T, env string, args ...string) string {
	t.Helper()
	user, screen := terminal(t)
	cmd := process(t, args...)
	cmd.Stderr = user
	cmd.Env = append(cmd.Environ(), "TERM=xterm", env)
	text := make(chan string)
	go func() {
		var b bytes.Buffer
		_, _ = b.ReadFrom(screen) // ends with EIO when nobody has the other end
		text <- b.String()
	}()
	err := cmd.Run()
	user.Close()
	out := <-text
	if err != nil {
		t.Fatalf("%v: %q", err, out)
	}
	return out
}

// On a terminal an upgrade and a check draw bars, and take them away; elsewhere, and
// where no colour is wanted, they do not.
func TestProgressOnATerminal(t *testing.T) {
	dir := filepath.Join(kerneltest.BPFFS(t), "progress")
	const clear = "\r\x1b[K"
	for _, row := range []struct {
		env string
		bar bool
	}{{"BPFLOAD_TEST_NOTHING=", true}, {"NO_COLOR=1", false}} {
		bpfload(t, upgradeArgs("v1", dir)...).want(t, 0, []string{"map_data"}, nil)
		putFlows(t, filepath.Join(dir, "maps", "flows"), 40000)
		out := onTerminal(t, row.env, upgradeArgs("v2", dir)...)
		drawn, cleared := strings.LastIndex(out, clear+`migrating "flows" [`), strings.LastIndex(out, clear)
		if (drawn >= 0) != row.bar || row.bar && (cleared <= drawn || !strings.Contains(out, "% ") || !strings.Contains(out, " entries")) {
			t.Errorf("%s: an upgrade shows %q", row.env, out)
		}
		out = onTerminal(t, row.env, "check", "--require=false", checked+"varied.o")
		drawn, cleared = strings.LastIndex(out, "] 1/1 "), strings.LastIndex(out, clear)
		if (drawn >= 0) != row.bar || row.bar && cleared <= drawn {
			t.Errorf("%s: a check shows %q", row.env, out)
		}
		if err := os.RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
	}
}
