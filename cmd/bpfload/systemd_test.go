package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The example units are ones that systemd takes, and the commands in them ones that
// bpfload takes.
func TestSystemdUnits(t *testing.T) {
	units, err := filepath.Glob("../../contrib/systemd/*.service")
	if err != nil || len(units) != 2 {
		t.Fatalf("units %v, %v", units, err)
	}
	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Log("no systemd-analyze, so only the commands are looked at: ", err)
	}
	dir := t.TempDir()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, unit := range units {
		text, err := os.ReadFile(unit)
		if err != nil {
			t.Fatal(err)
		}
		command := regexp.MustCompile(`(?m)^ExecStart=/usr/local/bin/bpfload (.*)$`).FindStringSubmatch(string(text))
		if command == nil {
			t.Errorf("%s starts something else", unit)
			continue
		}
		args := strings.Fields(strings.ReplaceAll(command[1], "$BPFLOAD_FLAGS ", ""))
		t.Setenv("NOTIFY_SOCKET", "@bpfload-no-such-manager")
		// It fails for want of a manager or command, not for its flags.
		if r := bpfload(t, args...); r.code == exitUsage || strings.Contains(r.err, "unknown flag") {
			t.Errorf("%s: status %d, %s", unit, r.code, r.err)
		}
		if analyze == "" {
			continue
		}
		for _, path := range []string{"/usr/local/bin/bpfload", "/usr/local/bin/exporter"} {
			text = []byte(strings.ReplaceAll(string(text), path, exe)) // must be there
		}
		name := filepath.Join(dir, strings.Replace(filepath.Base(unit), "@.", "@test.", 1))
		if err := os.WriteFile(name, text, 0o600); err != nil {
			t.Fatal(err)
		}
		out, err := exec.CommandContext(t.Context(), analyze, "verify", "--man=no", "--recursive-errors=no", name).CombinedOutput()
		if strings.Contains(string(out), filepath.Base(name)+":") || err != nil && strings.Contains(string(out), name) {
			t.Errorf("%s: %v\n%s", unit, err, out)
		}
	}
}
