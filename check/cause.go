package check

import (
	"errors"
	"os"
	"path/filepath"

	"github.com/bpfload/bpfload/elfload"
)

// classes are those of the exit status.
var classes = [...]struct {
	kind error
	name string
}{
	{elfload.ErrUsage, "usage"}, {elfload.ErrIncompatiblePin, "pin"}, {elfload.ErrVerifier, "verifier"},
	{elfload.ErrPrivilege, "privilege"}, {elfload.ErrNotSupported, "kernel"}, {elfload.ErrBadObject, "object"},
}

// classOf puts an error into the class of its exit status.
func classOf(err error) string {
	kind := elfload.Kind(err)
	for i := range classes {
		if classes[i].kind == kind {
			return classes[i].name
		}
	}
	return "other"
}

// causeOf turns an error into what is reported. source is the line to name where
// the error knows none.
func causeOf(err error, source elfload.SourceLine) *Cause {
	doc := elfload.NewDocument("")
	doc.SetError(err)
	c := &Cause{DocumentError: *doc.Error, Class: classOf(err)}
	var e *elfload.Error
	if errors.As(err, &e) && e.Source.File != "" {
		source = e.Source
	}
	c.File, c.Line, c.Column, c.Source = source.File, source.Line, source.Col, source.Text
	return c
}

// resolve makes a source file that the compiler named relative to another
// directory relative to this one, where it lies beside the object.
func (c *Cause) resolve(object string) {
	if c == nil || c.File == "" || filepath.IsAbs(c.File) {
		return
	}
	if _, err := os.Stat(c.File); err == nil {
		return
	}
	beside := filepath.Join(filepath.Dir(object), c.File)
	if _, err := os.Stat(beside); err == nil {
		c.File = beside
	}
}

// fail makes the check a failure.
func (c *Check) fail(err error, source elfload.SourceLine) {
	c.Verdict, c.err, c.Cause = Failed, err, causeOf(err, source)
}
