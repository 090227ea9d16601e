package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/bpfload/bpfload/check"
	"github.com/bpfload/bpfload/internal/kerneltest"
)

// action is what a runner reads of action.yml.
type action struct {
	Inputs map[string]struct{ Default string }
	Runs   struct {
		Using string
		Steps []actionStep
	}
}

type actionStep struct {
	Name, Uses, Shell, Run string
	Dir                    string `yaml:"working-directory"`
	Env                    map[string]string
}

// fakeSudo stands for sudo(8): it forgets the environment but for what is to be
// preserved.
const fakeSudo = `#!/bin/bash
keep=(PATH="$PATH")
while [[ $1 == --* ]]; do
	IFS=, read -ra names <<<"${1#--preserve-env=}"
	for name in "${names[@]}"; do [[ -z ${!name+x} ]] || keep+=("$name=${!name}"); done
	shift
done
exec env -i "${keep[@]}" "$@"
`

// workflow is a workflow's use of the action: a runner for its steps.
type workflow struct {
	t                     *testing.T
	action                action
	workspace, temp, path string
}

func newWorkflow(t *testing.T) *workflow {
	t.Helper()
	text, err := os.ReadFile("../../action.yml")
	if err != nil {
		t.Fatal(err)
	}
	w := &workflow{t: t, workspace: t.TempDir(), temp: t.TempDir()}
	if err := yaml.Unmarshal(text, &w.action); err != nil {
		t.Fatal(err)
	}
	tools := t.TempDir()
	w.path = tools + ":" + os.Getenv("PATH")
	// No virtual machine is started here, and no package installed.
	for name, script := range map[string]string{"sudo": fakeSudo, "qemu-system-x86_64": "#!/bin/sh\nexit 1\n", "apt-get": "#!/bin/sh\nexit 1\n"} {
		if err := os.WriteFile(filepath.Join(tools, name), []byte(script), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return w
}

var expression = regexp.MustCompile(`\$\{\{ *([a-z._]+) *\}\}`)

// run does the steps that are commands, as a runner does, until one fails.
func (w *workflow) run(inputs map[string]string) (status int, out string) {
	w.t.Helper()
	root, err := filepath.Abs("../..")
	if err != nil {
		w.t.Fatal(err)
	}
	expand := func(s string) string {
		return expression.ReplaceAllStringFunc(s, func(e string) string {
			name := expression.FindStringSubmatch(e)[1]
			if name == "github.action_path" {
				return root
			}
			input, ok := w.action.Inputs[strings.TrimPrefix(name, "inputs.")]
			if !ok {
				w.t.Errorf("the action has no %s", name)
			}
			if given, ok := inputs[strings.TrimPrefix(name, "inputs.")]; ok {
				return given
			}
			return input.Default
		})
	}
	for i := range w.action.Runs.Steps {
		step := &w.action.Runs.Steps[i]
		if step.Run == "" {
			continue // another action
		}
		if step.Shell != "bash" {
			w.t.Errorf("step %q has the shell %q", step.Name, step.Shell)
		}
		cmd := exec.CommandContext(w.t.Context(), "bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", expand(step.Run))
		cmd.Dir = w.workspace
		if step.Dir != "" {
			cmd.Dir = expand(step.Dir)
		}
		cmd.Env = append(os.Environ(), "PATH="+w.path, "RUNNER_TEMP="+w.temp, "CI=true", "GITHUB_WORKSPACE="+w.workspace, "GITHUB_STEP_SUMMARY="+w.summary())
		for name, value := range step.Env {
			cmd.Env = append(cmd.Env, name+"="+expand(value))
		}
		text, err := cmd.CombinedOutput()
		out += string(text)
		if err != nil {
			return cmd.ProcessState.ExitCode(), out
		}
	}
	return 0, out
}

func (w *workflow) summary() string { return filepath.Join(w.temp, "summary") }

// The steps of the action do what it says, with inputs and without.
func TestActionRuns(t *testing.T) {
	if _, err := exec.LookPath("bash"); err != nil {
		t.Skip("no bash: ", err)
	}
	kerneltest.Require(t)
	w := newWorkflow(t)
	if w.action.Runs.Using != "composite" {
		t.Errorf("it is of the kind %q", w.action.Runs.Using)
	}
	for _, name := range []string{"twenty.o", "twenty.c", "varied.o"} {
		text, err := os.ReadFile(checked + name)
		if err == nil {
			err = os.WriteFile(filepath.Join(w.workspace, name), text, 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	status, out := w.run(map[string]string{"paths": "varied.o\n\ntwenty.o\n", "kernels": "running\n"})
	if status != exitVerifier || !strings.Contains(out, "::error file=twenty.c,line=30,") {
		t.Errorf("a broken program: status %d\n%s", status, out)
	}
	if text, err := os.ReadFile(w.summary()); err != nil || !strings.Contains(string(text), "❌ bpfload check") {
		t.Errorf("the summary is %q, %v", text, err)
	}
	if r, err := check.ReadReport(filepath.Join(w.workspace, "bpfload.json")); err != nil || len(r.Objects) != 2 {
		t.Errorf("measurements: %+v, %v", r, err)
	}
	status, out = w.run(map[string]string{"paths": "twenty.o", "args": "--expect-fail\nbroken=program:invalid mem access", "save": "other.json"})
	if status != exitDone {
		t.Errorf("a failure that is expected: status %d\n%s", status, out)
	}
	if _, err := os.Stat(filepath.Join(w.workspace, "other.json")); err != nil {
		t.Error(err)
	}
	if err := os.WriteFile(filepath.Join(w.workspace, "bpfload.yaml"), []byte("version: 1\nobjects: [{path: varied.o}]\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if status, out = w.run(nil); status != exitDone || !strings.Contains(out, "1 object, ") {
		t.Errorf("objects of bpfload.yaml: status %d\n%s", status, out)
	}
}
