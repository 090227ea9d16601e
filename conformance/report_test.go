//go:build linux

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func sampleReport() *report {
	good := answer{OK: true}
	bad := answer{Message: "no"}
	foreign := answer{Message: "the object is big endian, this machine is not"}
	outcomesOf := func(name string, ours, libbpf, cilium answer) *result {
		r := &result{set: "s", object: name}
		for i := range stages {
			r.outcomes[i] = [len(loaders)]outcome{{answer: ours}, {answer: libbpf}, {answer: cilium}}
		}
		return r
	}
	keep := answer{OK: true, KeepGoing: true}
	r := &report{sets: []set{{name: "s", objects: make([]object, 5), broken: []string{"x.c: error"}}}, results: []*result{
		outcomesOf("all", good, good, good), outcomesOf("here", good, bad, bad), outcomesOf("there", bad, good, bad),
		outcomesOf("foreign", foreign, bad, good), outcomesOf("untyped", keep, bad, good)}}
	r.explain()
	return r
}

func TestReport(t *testing.T) {
	r := sampleReport()
	got := r.markdown("a note")
	for _, want := range []string{
		"\na note\n",
		"| s | read | 5 | 2 | 1 | 2 | 3 | 1 | 1 | 1 | | |\n",
		"| s | all | 5 | 2 | 1 | 2 | 3 | 1 | 1 | 1 | 1 of 1 | 1 of 2 |\n",
		"| R8 C24 | 3 | 1 |", "| C108 | 3 | 1 |", "| none | 3 | 1 | |\n",
		"- no rule: s: there (read, libbpf): refused: no\n", "- R8 C24, 1 objects (", "): s foreign\n", "): s untyped\n", "- s: x.c: error\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	var failures strings.Builder
	r.results[0].problem = "lost"
	if n := r.writeFailures(&failures); n != 4 || !strings.HasPrefix(failures.String(), "not compared: s: all: lost\nno rule explains: s: there: read: ") {
		t.Errorf("%d failures:\n%s", n, &failures)
	}
}

func TestFindSets(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"a.o": "", "sub/b.elf": "", "c.txt": "", "failed": "x.c: error\n"} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	sets, err := findSets([]string{"one=" + dir, "two=" + dir + "/a.o", "one=" + dir + "/sub"})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, s := range sets {
		for _, o := range s.objects {
			names = append(names, s.name+":"+o.name)
		}
	}
	if got := strings.Join(names, " "); got != "one:a.o one:sub/b.elf one:b.elf two:a.o" {
		t.Errorf("got %s", got)
	}
	if len(sets[0].broken) != 1 || sets[0].broken[0] != "x.c: error" {
		t.Errorf("broken: %q", sets[0].broken)
	}
	if _, err := findSets([]string{"nameless"}); err == nil {
		t.Error("an argument without a name is taken")
	}
	if _, err := findSets([]string{"gone=" + dir + "/gone"}); err == nil {
		t.Error("a directory that does not exist is taken")
	}
}
