package check

import (
	"cmp"
	"encoding/xml"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"
)

// The elements that two schemas allow: that of Ant (JUnit.xsd), which is strict,
// and that of Jenkins (junit-10.xsd), which GitLab and others follow. Ant's wants
// no attributes of the whole, and output of suites alone.
type (
	junitSuites struct {
		XMLName xml.Name     `xml:"testsuites"`
		Suites  []junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name       string          `xml:"name,attr"`
		Package    string          `xml:"package,attr"`
		ID         int             `xml:"id,attr"`
		Tests      int             `xml:"tests,attr"`
		Failures   int             `xml:"failures,attr"`
		Errors     int             `xml:"errors,attr"`
		Skipped    int             `xml:"skipped,attr"`
		Time       string          `xml:"time,attr"`
		Timestamp  string          `xml:"timestamp,attr"`
		Hostname   string          `xml:"hostname,attr"`
		Properties junitProperties `xml:"properties"`
		Cases      []junitCase     `xml:"testcase"`
		SystemOut  string          `xml:"system-out"`
		SystemErr  string          `xml:"system-err"`
	}
	junitProperties struct {
		List []junitProperty `xml:"property"`
	}
	junitProperty struct {
		Name  string `xml:"name,attr"`
		Value string `xml:"value,attr"`
	}
	junitCase struct {
		Name      string        `xml:"name,attr"`
		ClassName string        `xml:"classname,attr"`
		Time      string        `xml:"time,attr"`
		Skipped   *junitMessage `xml:"skipped"`
		Failure   *junitMessage `xml:"failure"`
	}
	junitMessage struct {
		Message string `xml:"message,attr"`
		Type    string `xml:"type,attr,omitempty"`
		Text    string `xml:",chardata"`
	}
)

// writeJUnit has one suite for each load and one case for each check.
func writeJUnit(r *Report, w io.Writer, o WriteOptions) error {
	var all junitSuites
	for i := range r.Objects {
		all.Suites = append(all.Suites, r.junitSuite(i, o))
	}
	text, err := xml.MarshalIndent(&all, "", "  ")
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "%s%s\n", xml.Header, text)
	return err
}

func (r *Report) junitSuite(i int, o WriteOptions) junitSuite {
	ob := &r.Objects[i]
	when := o.Time
	if when.IsZero() {
		when = time.Unix(0, 0)
	}
	s := junitSuite{Name: xmlText(ob.Label()), Package: "bpfload.check", ID: i, Time: seconds(ob.Time), Hostname: "localhost",
		Timestamp: when.UTC().Format("2006-01-02T15:04:05")}
	property := func(name, value string) {
		s.Properties.List = append(s.Properties.List, junitProperty{xmlText(name), xmlText(value)})
	}
	if kernel := cmp.Or(ob.Kernel, r.Kernel.Release); kernel != "" {
		property("kernel", kernel)
	}
	for _, v := range ob.Variant {
		property("var "+string(v.Name), string(v.Value))
	}
	for c := range ob.Checks() {
		k, out := r.junitCase(ob, c, o)
		s.Tests++
		if k.Failure != nil {
			s.Failures++
		}
		if k.Skipped != nil {
			s.Skipped++
		}
		s.Cases = append(s.Cases, k)
		if out != "" {
			s.SystemOut += xmlText(c.title() + ": " + out + "\n")
		}
	}
	return s
}

// junitCase is the case of one check, and what there is to say besides.
func (r *Report) junitCase(ob *Object, c *Check, o WriteOptions) (k junitCase, out string) {
	k = junitCase{Name: xmlText(c.title()), ClassName: xmlText(ob.Label()), Time: "0.000000"}
	if c.Stats != nil {
		k.Time = seconds(c.Stats.Time)
		out = fmt.Sprintf("instructions %d, states %d, peak states %d, stack %d, memory %d", c.Stats.Insns, c.Stats.TotalStates,
			c.Stats.PeakStates, c.Stats.MaxStack(), c.Memory)
	}
	switch {
	case r.bad(c.Verdict):
		k.Failure = &junitMessage{Message: xmlText(c.reason()), Type: string(c.Verdict), Text: xmlText(strings.Join(c.long(ob, o), "\n"))}
	case c.Verdict == Unproven, c.Verdict == LeftOut, c.Verdict == NotRun:
		reason := strings.ReplaceAll(string(c.Verdict), "_", " ")
		if text := c.reason(); text != "" {
			reason += ": " + text
		}
		k.Skipped = &junitMessage{Message: xmlText(reason)}
	case c.Verdict == Expected:
		out = c.reason()
	}
	return k, out
}

// long is everything about a failure, for formats that fold it away.
func (c *Check) long(ob *Object, o WriteOptions) []string {
	file, line := c.place(ob, o.Root)
	if line != 0 {
		file = fmt.Sprintf("%s:%d", file, line)
	}
	lines := []string{file + ": " + c.reason()}
	if c.Cause == nil {
		return lines
	}
	if c.Cause.Source != "" {
		lines = append(lines, "source: "+oneLine(c.Cause.Source))
	}
	if c.Cause.Hint != "" {
		lines = append(lines, "hint: "+oneLine(c.Cause.Hint))
	}
	if c.Cause.Errno != 0 {
		lines = append(lines, fmt.Sprintf("errno: %s (%d)", c.Cause.ErrnoName, c.Cause.Errno))
	}
	return append(lines, logTail(c.Cause.Log, 0)...)
}

// seconds is a time as the schema wants it.
func seconds(d time.Duration) string { return fmt.Sprintf("%.6f", d.Seconds()) }

// xmlText leaves out what XML 1.0 cannot hold.
func xmlText(s string) string {
	return strings.Map(func(r rune) rune {
		if r == utf8.RuneError || (r < 0x20 && r != '\n' && r != '\t') || r == 0xfffe || r == 0xffff {
			return '�'
		}
		return r
	}, s)
}
