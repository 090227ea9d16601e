//go:build linux

package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// report is everything that a run found.
type report struct {
	sets    []set
	results []*result

	explained   [len(explanations)][]difference
	unexplained []difference
}

// explain gives every difference to the first row that covers it.
func (r *report) explain() {
	for _, res := range r.results {
		for _, d := range res.differences() {
			i := slices.IndexFunc(explanations[:], func(e explanation) bool { return e.covers(&d) })
			if i < 0 {
				r.unexplained = append(r.unexplained, d)
			} else {
				r.explained[i] = append(r.explained[i], d)
			}
		}
	}
}

// writeFailures lists what fails the run and counts it.
func (r *report) writeFailures(w io.Writer) int {
	n := 0
	for _, res := range r.results {
		if res.problem != "" {
			n++
			_, _ = fmt.Fprintf(w, "not compared: %s: %s: %s\n", res.set, res.object, res.problem)
		}
	}
	for i := range r.unexplained {
		_, _ = fmt.Fprintf(w, "no rule explains: %s\n", &r.unexplained[i])
	}
	return n + len(r.unexplained)
}

func (r *report) writeDifferences(w io.Writer) {
	for i := range r.explained {
		for j := range r.explained[i] {
			_, _ = fmt.Fprintf(w, "%s: %s\n", explanations[i].rule, &r.explained[i][j])
		}
	}
}

// explainedVerdict tells that a rule says why bpfload refuses the object.
func (r *report) explainedVerdict(res *result, s stage) bool {
	for i := range r.explained {
		for j := range r.explained[i] {
			if d := &r.explained[i][j]; d.all == res && d.stage == s && d.field == "verdict" {
				return true
			}
		}
	}
	return false
}

// tally counts one set in one stage.
type tally struct {
	objects, broken int
	loaded          [len(loaders)]int
	onlyHere        int               // bpfload alone
	keepGoing       int               // bpfload, but only when told to leave out programs without a type
	byRule          int               // another, and not bpfload, for a reason that a rule gives
	onlyThere       int               // another, and not bpfload, for no such reason
	identical       [len(loaders)]int // of those that both load, no difference at all
	both            [len(loaders)]int
}

func (r *report) tally(name string, s int) tally {
	var t tally
	for _, set := range r.sets {
		if set.name == name {
			t.objects, t.broken = len(set.objects), len(set.broken)
		}
	}
	for _, res := range r.results {
		if res.set != name {
			continue
		}
		out := &res.outcomes[s]
		others := false
		for l := range loaders {
			if !out[l].OK {
				continue
			}
			if out[l].KeepGoing {
				t.keepGoing++
			} else {
				t.loaded[l]++
			}
			others = others || l > 0
			if l > 0 && out[0].OK {
				t.both[l]++
				if len(compare(&out[0], &out[l])) == 0 {
					t.identical[l]++
				}
			}
		}
		switch {
		case out[0].OK && !out[0].KeepGoing && !others:
			t.onlyHere++
		case !others || out[0].OK:
		case r.explainedVerdict(res, stages[s]):
			t.byRule++
		default:
			t.onlyThere++
		}
	}
	return t
}

// markdown is the report's text.
func (r *report) markdown(note string) string {
	var b strings.Builder
	b.WriteString("# Conformance\n\nMade by `make conformance`; see `conformance/doc.go` for what is compared.\n")
	if note != "" {
		b.WriteString("\n" + note + "\n")
	}
	r.markdownTable(&b)
	b.WriteString(legend)
	r.markdownRules(&b)
	r.markdownObjects(&b)
	return b.String()
}

// section is the report as a part of another's, about the kernel of that release.
func (r *report) section(release string) string {
	var b strings.Builder
	r.markdownTable(&b)
	r.markdownRules(&b)
	r.markdownObjects(&b)
	r.markdownRefused(&b)
	return sectionTitle + release + "\n" + strings.ReplaceAll(b.String(), "\n## ", "\n### ")
}

// maxReason is how much of a refusal is written, in bytes.
const maxReason = 240

// markdownRefused lists what no loader takes, with bpfload's words: what an older
// kernel lacks.
func (r *report) markdownRefused(b *strings.Builder) {
	b.WriteString("\n## Objects that no loader takes whole\n\n")
	all := len(stages) - 1
	for _, res := range r.results {
		out := &res.outcomes[all]
		if slices.ContainsFunc(out[:], func(o outcome) bool { return o.OK }) {
			continue
		}
		word := "refused"
		if out[0].Lacking {
			word = "the kernel lacks something"
		}
		text := out[0].Message
		if len(text) > maxReason {
			text = strings.ToValidUTF8(text[:maxReason], "") + "…"
		}
		fmt.Fprintf(b, "- %s %s: %s: `%s`\n", res.set, res.object, word, strings.NewReplacer("\n", " ", "`", "'").Replace(text))
	}
}

// markdownTable has a row for each stage of each set.
func (r *report) markdownTable(b *strings.Builder) {
	b.WriteString("\n| set | stage | objects | bpfload | with keep-going | libbpf | cilium/ebpf | only bpfload | refused by rule | not bpfload | as libbpf | as cilium/ebpf |\n")
	b.WriteString("|---|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|\n")
	for _, set := range r.sets {
		for s := range stages {
			t := r.tally(set.name, s)
			fmt.Fprintf(b, "| %s | %s | %d | %d | %d | %d | %d | %d | %d | %d |", set.name, stages[s], t.objects,
				t.loaded[0], t.keepGoing, t.loaded[1], t.loaded[2], t.onlyHere, t.byRule, t.onlyThere)
			for l := 1; l < len(loaders); l++ {
				if stages[s] == stageRead {
					b.WriteString(" |")
				} else {
					fmt.Fprintf(b, " %d of %d |", t.identical[l], t.both[l])
				}
			}
			b.WriteString("\n")
		}
	}
}

const legend = `
*With keep-going*: further objects that bpfload takes when told to leave out programs without a type.
*Only bpfload*: no other loader takes the object. *Refused by rule*, *not bpfload*: another loader takes
it and bpfload does not, for a reason that a rule below gives, or for none. *As libbpf*, *as cilium/ebpf*: of the
objects that both load, those without any difference in the kernel. The order of maps is compared with libbpf
only; that of cilium/ebpf is random (C1).
`

func (r *report) markdownRules(b *strings.Builder) {
	b.WriteString("\n## Differences by rule\n\n| rule | differences | objects | why |\n|---|---:|---:|---|\n")
	for i, e := range explanations {
		if len(r.explained[i]) > 0 {
			fmt.Fprintf(b, "| %s | %d | %d | %s |\n", e.rule, len(r.explained[i]), countObjects(r.explained[i]), e.why)
		}
	}
	fmt.Fprintf(b, "| none | %d | %d | |\n", len(r.unexplained), countObjects(r.unexplained))
}

func countObjects(diffs []difference) int {
	seen := make(map[string]bool)
	for i := range diffs {
		seen[diffs[i].set+"\x00"+diffs[i].object] = true
	}
	return len(seen)
}

// refusal tells that bpfload does not take the object, or only when told to leave
// something out.
func (d *difference) refusal() bool { return d.field == "verdict" || d.field == "options" }

// exceptional names the objects that bpfload refuses, once each, in order.
func exceptional(diffs []difference) []string {
	var names []string
	for i := range diffs {
		if name := diffs[i].set + " " + diffs[i].object; diffs[i].refusal() && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

func (r *report) markdownObjects(b *strings.Builder) {
	b.WriteString("\n## Objects that another loader takes and bpfload does not\n\n")
	for i, e := range explanations {
		if names := exceptional(r.explained[i]); len(names) > 0 {
			fmt.Fprintf(b, "- %s, %d objects (%s): %s\n", e.rule, len(names), e.why, strings.Join(names, ", "))
		}
	}
	any := false
	for i := range r.unexplained {
		if d := &r.unexplained[i]; d.refusal() {
			any = true
			fmt.Fprintf(b, "- no rule: %s: %s (%s, %s): %s\n", d.set, d.object, d.stage, d.other, d.ours)
		}
	}
	if !any {
		b.WriteString("- no rule: none\n")
	}
	any = false
	for _, set := range r.sets {
		for _, line := range set.broken {
			if !any {
				b.WriteString("\n## Sources that the compiler refuses with this kernel's types\n\n")
			}
			any = true
			fmt.Fprintf(b, "- %s: %s\n", set.name, line)
		}
	}
}
