package bpfload_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// ruleID is a citation. In C, R0 to R10 are registers.
var ruleID = regexp.MustCompile(`\b([RDL])([0-9]{1,3})\b`)

// readRules lists testdata/rules.txt; false marks rules that leave nothing to test.
func readRules(t *testing.T) map[string]bool {
	t.Helper()
	text, err := os.ReadFile("testdata/rules.txt")
	if err != nil {
		t.Fatal(err)
	}
	rules := make(map[string]bool)
	for line := range strings.Lines(string(text)) {
		line = strings.TrimRight(line, "\n")
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		id, what, ok := strings.Cut(line, "\t")
		id, untested := strings.CutPrefix(id, "-")
		if _, twice := rules[id]; !ok || what == "" || twice || ruleID.FindString(id) != id {
			t.Errorf("line %q is not one rule, or a second time the same", line)
		}
		rules[id] = !untested
	}
	return rules
}

// Every rule is named by a test, in its name, a string or a comment, or by a
// fixture, whose plan is compared with the one beside it.
func TestEveryRuleHasATest(t *testing.T) {
	rules := readRules(t)
	for _, span := range []struct {
		letter   string
		from, to int
	}{{"R", 1, 105}, {"R", 142, 142}, {"L", 1, 28}} {
		for i := span.from; i <= span.to; i++ {
			if _, ok := rules[span.letter+strconv.Itoa(i)]; !ok {
				t.Errorf("%s%d is not in testdata/rules.txt", span.letter, i)
			}
		}
	}
	named := citations(t)
	for id, tested := range rules {
		if tested && len(named[id]) == 0 {
			t.Errorf("no test names %s", id)
		}
	}
}

// citations finds the files that name each rule.
func citations(t *testing.T) map[string][]string {
	t.Helper()
	named := make(map[string][]string)
	note := func(path, text string) {
		for _, id := range ruleID.FindAllString(text, -1) {
			named[id] = append(named[id], path)
		}
	}
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil || d.IsDir():
			return err
		case strings.HasSuffix(path, "_test.go") && path != "rules_test.go":
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments)
			if err != nil {
				return err
			}
			for _, c := range file.Comments {
				note(path, c.Text())
			}
			ast.Inspect(file, func(n ast.Node) bool {
				if s, ok := n.(*ast.BasicLit); ok && s.Kind == token.STRING {
					note(path, s.Value)
				}
				return true
			})
		case strings.HasPrefix(path, "testdata/objs/") && strings.HasSuffix(path, ".c"):
			text, err := os.ReadFile(path)
			note(path, string(text))
			return err
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return named
}
