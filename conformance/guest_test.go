//go:build linux

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestReplaceSection(t *testing.T) {
	const (
		main  = "# Conformance\n\ntable\n\n## Differences by rule\n\nmore\n"
		old   = "## On Linux 6.1.0-56-cloud-amd64\n\nold\n\n### Differences by rule\n\nrow\n"
		fresh = "## On Linux 6.1.0-57-cloud-amd64\n\nnew\n"
		other = "## On Linux 6.12.117+deb12-cloud-amd64\n\nother\n"
	)
	for _, row := range []struct{ name, text, section, want string }{
		{"the first", main, old, main + "\n" + old},
		{"another", main + "\n" + old, other, main + "\n" + old + "\n" + other},
		{"a newer one", main + "\n" + old + "\n" + other, fresh, main + "\n" + fresh + "\n" + other},
		{"the last", main + "\n" + other + "\n" + old, fresh, main + "\n" + other + "\n" + fresh},
		{"of nothing", "", fresh, fresh},
	} {
		if got := replaceSection(row.text, row.section); got != row.want {
			t.Errorf("%s:\n%s\nwant\n%s", row.name, got, row.want)
		}
	}
}

// A new report keeps what is known of other kernels.
func TestWriteResult(t *testing.T) {
	path := filepath.Join(t.TempDir(), "RESULT.md")
	const section = "## On Linux 6.1.0\n\nold\n"
	for _, text := range []string{"# A\n\nfirst\n", "# A\n\nsecond\n"} {
		if err := writeResult(path, text); err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(text, "first") {
			if string(got) != text {
				t.Errorf("got %q", got)
			}
			if err := os.WriteFile(path, []byte(replaceSection(string(got), section)), 0o600); err != nil {
				t.Fatal(err)
			}
		} else if string(got) != text+"\n"+section {
			t.Errorf("got %q", got)
		}
	}
}

func TestSeries(t *testing.T) {
	for title, want := range map[string]string{"## On Linux 6.1.0-56-cloud-amd64": "6.1", "## On Linux 6.12.117+deb12": "6.12", "## On Linux 7.0-rc1": "7.0", "## On Linux ?": "?."} {
		if got := series(title); got != want {
			t.Errorf("%s: %s", title, got)
		}
	}
}
