package kerneltest

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
)

func TestReason(t *testing.T) {
	answers := func(err error) probe { return probe{what: "x", try: func() error { return err }} }
	for _, tc := range []struct {
		name string
		in   []probe
		skip bool
	}{
		{"nothing refused", []probe{answers(nil), answers(nil)}, false},
		{"EPERM", []probe{answers(syscall.EPERM)}, true},
		{"wrapped EPERM in the last", []probe{answers(nil), answers(fmt.Errorf("map create: %w", syscall.EPERM))}, true},
		{"EINVAL is a failure of the test, not a reason to skip", []probe{answers(syscall.EINVAL)}, false},
		{"ENOSYS is not lack of privilege", []probe{answers(syscall.ENOSYS)}, false},
		{"text that only mentions EPERM", []probe{answers(errors.New("EPERM"))}, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := reason(tc.in); (got != "") != tc.skip {
				t.Errorf("reason = %q, want skip %v", got, tc.skip)
			} else if tc.skip && !strings.Contains(got, "for x") {
				t.Errorf("reason %q does not tell what was refused", got)
			}
		})
	}
}

// recorder is a testing.TB that notes how Require ends it. Calls after the end,
// which a real one would not come to, change nothing.
type recorder struct {
	testing.TB
	end string
}

func (r *recorder) Helper()                      {}
func (r *recorder) Skip(args ...any)             { r.note("skip: " + fmt.Sprint(args...)) }
func (r *recorder) Fatalf(f string, args ...any) { r.note("fatal: " + fmt.Sprintf(f, args...)) }

func (r *recorder) note(end string) {
	if r.end == "" {
		r.end = end
	}
}

func TestRequireNeverSkipsInCI(t *testing.T) {
	t.Setenv(RequireEnv, "1")
	var r recorder
	Require(&r)
	if strings.HasPrefix(r.end, "skip") {
		t.Errorf("skipped although %s=1: %s", RequireEnv, r.end)
	}
	if probeOnce() != "" && !strings.HasPrefix(r.end, "fatal") {
		t.Errorf("privilege is missing and Require ended with %q", r.end)
	}
}

func TestRequireSkipsOnlyWithReason(t *testing.T) {
	t.Setenv(RequireEnv, "")
	var r recorder
	Require(&r)
	switch why := probeOnce(); {
	case why == "" && r.end != "":
		t.Errorf("nothing is missing and Require ended with %q", r.end)
	case why != "" && r.end != "skip: "+why:
		t.Errorf("Require ended with %q, want the reason %q", r.end, why)
	}
}

func TestBPFFSIsRemoved(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("no bpffs on " + runtime.GOOS)
	}
	var dir string
	t.Run("use", func(t *testing.T) {
		dir = BPFFS(t)
		if err := os.Mkdir(filepath.Join(dir, "sub"), 0o700); err != nil {
			t.Fatal(err)
		}
	})
	if dir == "" {
		t.Skip("the inner test was skipped")
	}
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("after the test %s is still there: %v", dir, err)
	}
}
