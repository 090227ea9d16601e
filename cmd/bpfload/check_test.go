package main

import (
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bpfload/bpfload/check"
	"github.com/bpfload/bpfload/internal/kerneltest"
)

const checked = "../../check/testdata/objs/"

func TestCheckNamesTheBrokenProgramInEveryFormat(t *testing.T) {
	kerneltest.Require(t)
	t.Setenv("GITHUB_STEP_SUMMARY", "")
	for _, format := range check.Formats() {
		t.Run(format, func(t *testing.T) {
			r := bpfload(t, "check", "--format", format, checked+"twenty.o")
			r.want(t, exitVerifier, []string{"broken", "twenty.c", "30", "invalid mem access"}, []string{"1 failed"})
			if strings.Contains(r.err, "verifier log") {
				t.Error("the log is printed twice")
			}
		})
	}
}

func TestCheckStatus(t *testing.T) {
	kerneltest.Require(t)
	t.Setenv("CI", "")
	t.Setenv("GITHUB_STEP_SUMMARY", "")
	varied, twenty := checked+"varied.o", checked+"twenty.o"
	for _, row := range []struct {
		name string
		args []string
		code int
	}{
		{"all passed", []string{varied}, exitDone},
		{"no kernel", []string{"--no-kernel", checked}, exitDone},
		{"verifier", []string{checked}, exitVerifier},
		{"failed as expected", []string{"--expect-fail", "broken=program:invalid mem access", checked}, exitDone},
		{"passed unexpectedly", []string{"--expect-fail", "pass=program", varied}, exitOther},
		{"varied", []string{"--vary", "mode=0,2", "--vary", "debug=false,true", "--strategy", "full", varied}, exitVerifier},
		{"untyped", []string{"--autoload", "untyped", varied}, exitObject},
		{"no path", nil, exitUsage},
		{"unknown format", []string{"--format", "yaml", varied}, exitUsage},
		{"unknown variable", []string{"--vary", "nobody=1", varied}, exitUsage},
		{"bad expectation", []string{"--expect-fail", "broken", twenty}, exitUsage},
		{"no configuration", []string{"--config", "none.yaml", twenty}, exitUsage},
		{"pinning", []string{"--pin", "/sys/fs/bpf/x", twenty}, exitUsage},
	} {
		t.Run(row.name, func(t *testing.T) {
			if r := bpfload(t, append([]string{"check"}, row.args...)...); r.code != row.code {
				t.Errorf("status %d, want %d\n%s\n%s", r.code, row.code, r.out, r.err)
			}
		})
	}
}

func TestCheckInGitHub(t *testing.T) {
	kerneltest.Require(t)
	summary := filepath.Join(t.TempDir(), "summary")
	t.Setenv("GITHUB_STEP_SUMMARY", summary)
	t.Setenv("CI", "true")
	r := bpfload(t, "check", "--format", "github", checked+"twenty.o")
	r.want(t, exitVerifier, []string{"::error file=" + checked + "twenty.c,line=30,col="}, []string{"1 failed"})
	text, err := os.ReadFile(summary)
	if err != nil || !strings.Contains(string(text), "❌ bpfload check") {
		t.Errorf("summary %q, %v", text, err)
	}
}

func TestCheckSavesAndCompares(t *testing.T) {
	kerneltest.Require(t)
	dir := t.TempDir()
	old, now := filepath.Join(dir, "old"), filepath.Join(dir, "new")
	bpfload(t, "check", "--save", old, "--var", "limit=4", checked+"twenty.o").want(t, exitVerifier, []string{"FIRST CAUSE"}, []string{"1 failed"})
	bpfload(t, "check", "--format", "json", "-o", now, checked+"twenty.o").want(t, exitVerifier, []string{"1 failed"}, []string{"1 failed"})
	bpfload(t, "compare", old, now, "--fail-on", "instructions:+0%").want(t, exitDone, []string{"0 new, 0 vanished"}, nil)

	var r check.Report
	text, err := os.ReadFile(now)
	if err == nil {
		err = json.Unmarshal(text, &r)
	}
	if err != nil {
		t.Fatal(err)
	}
	r.Objects[0].Programs[0].Stats.Insns *= 2
	text, err = json.Marshal(&r)
	if err == nil {
		err = os.WriteFile(now, text, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	bpfload(t, "compare", old, now).want(t, exitDone, []string{"instructions", "+100.0%"}, nil)
	bpfload(t, "compare", old, now, "--fail-on", "+10%").want(t, exitOther, []string{"+100.0%"}, []string{"worse"})
	bpfload(t, "compare", old).want(t, exitUsage, nil, []string{"two reports"})
	bpfload(t, "compare", old, checked+"twenty.c").want(t, exitUsage, nil, []string{"is no report"})
	bpfload(t, "compare", old, now, "--fail-on", "10%").want(t, exitUsage, nil, []string{"+10%"})
}

func TestRequireIsTheDefaultInCI(t *testing.T) {
	for value, want := range map[string]bool{"": false, "true": true, "1": true, "false": false, "0": false, "No": false} {
		if got := inCI(func(string) string { return value }); got != want {
			t.Errorf("CI=%q: %v", value, got)
		}
	}
}

// What others copy must not name flags that are gone.
func TestDropInsUseFlagsThatExist(t *testing.T) {
	cmd := newCheckCmd(newConsole(io.Discard, io.Discard, os.Getenv))
	for _, file := range []string{"action.yml", "examples/gitlab-ci.yml"} {
		text, err := os.ReadFile("../../" + file)
		if err != nil {
			t.Fatal(err)
		}
		found := false
		for line := range strings.Lines(string(text)) {
			_, args, ok := strings.Cut(line, "bpfload\" check ")
			if !ok {
				_, args, ok = strings.Cut(line, "- bpfload check ")
			}
			if !ok {
				continue
			}
			found = true
			for word := range strings.FieldsSeq(args) {
				if name, ok := strings.CutPrefix(word, "--"); ok && name != "" && cmd.Flags().Lookup(name) == nil {
					t.Errorf("%s: check has no --%s", file, name)
				}
			}
		}
		if !found {
			t.Errorf("%s does not call bpfload check", file)
		}
	}
}
