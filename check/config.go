package check

import (
	"fmt"
	"path"
	"path/filepath"
	"slices"

	"github.com/bpfload/bpfload/elfload"
)

// Config is what a bpfload.yaml says.
type Config struct {
	// Dir is the directory that paths in it are relative to.
	Dir     string
	Objects []ObjectConfig
}

// ObjectConfig is the settings of the objects that match a glob.
type ObjectConfig struct {
	// Path is a glob, relative to the file's directory; a pattern without a slash
	// is compared with the last part of objects' paths too.
	Path     string
	Load     elfload.Options // Dialect, Vars, Maps, Types, Inner, Autoload, AttachProgs
	Vary     []Vary
	Strategy Strategy
	Expect   []Expectation
}

// settings are those of one file, of the configuration and then of the options.
type settings struct {
	load     elfload.Options
	vary     []Vary
	strategy Strategy
	expect   []*Expectation
}

// matches tells whether the entry is about the file.
func (c *ObjectConfig) matches(dir, file string) bool {
	if matches(c.Path, filepath.ToSlash(filepath.Base(file))) {
		return true
	}
	abs, err := filepath.Abs(file)
	if err != nil {
		return false
	}
	base, err := filepath.Abs(dir)
	if err != nil {
		return false
	}
	rel, err := filepath.Rel(base, abs)
	return err == nil && matches(path.Clean(c.Path), filepath.ToSlash(rel))
}

// settingsOf joins what is said of a file: the configuration's entries in
// order, then the options.
func (r *runner) settingsOf(file string) settings {
	s := settings{load: r.opts.Load, strategy: r.opts.Strategy}
	s.load.Vars, s.load.Maps, s.load.Types, s.load.Inner, s.load.Autoload, s.load.AttachProgs = nil, nil, nil, nil, nil, nil
	if c := r.opts.Config; c != nil {
		for i := range c.Objects {
			if e := &c.Objects[i]; e.matches(c.Dir, file) {
				s.add(&e.Load, e.Vary)
				if r.opts.Strategy == "" && e.Strategy != "" {
					s.strategy = e.Strategy
				}
				if d := e.Load.Dialect; d != "" && (r.opts.Load.Dialect == "" || r.opts.Load.Dialect == "auto") {
					s.load.Dialect = d
				}
				for j := range e.Expect {
					s.expect = append(s.expect, &e.Expect[j])
				}
			}
		}
	}
	s.add(&r.opts.Load, r.opts.Vary)
	for i := range r.opts.Expect {
		s.expect = append(s.expect, &r.opts.Expect[i])
	}
	return s
}

func (s *settings) add(o *elfload.Options, vary []Vary) {
	s.load.Vars = append(s.load.Vars, o.Vars...)
	s.load.Maps = append(s.load.Maps, o.Maps...)
	s.load.Types = append(s.load.Types, o.Types...)
	s.load.Inner = append(s.load.Inner, o.Inner...)
	s.load.Autoload = append(s.load.Autoload, o.Autoload...)
	s.load.AttachProgs = append(s.load.AttachProgs, o.AttachProgs...)
	for _, v := range vary {
		replaced := false
		for i := range s.vary {
			if s.vary[i].Name == v.Name {
				s.vary[i], replaced = v, true
			}
		}
		if !replaced {
			s.vary = append(s.vary, v)
		}
	}
}

// expectations validates those of the options.
func (r *runner) expectations() error {
	for i := range r.opts.Expect {
		if err := r.opts.Expect[i].validate(); err != nil {
			return err
		}
	}
	return nil
}

// apply holds the results against the expectations. One that names nothing in
// any object is wrong usage: it would never be noticed.
func (r *runner) apply(report *Report) error {
	used := make(map[*Expectation]bool)
	for i := range report.Objects {
		o, list := &report.Objects[i], r.loads[i].file.settings.expect
		if r.opts.NoKernel {
			list = slices.DeleteFunc(slices.Clone(list), (*Expectation).needsKernel)
		}
		apply(o, list, r.release, used)
		if o.Self.Cause != nil { // its parts may not be known
			for _, e := range list {
				used[e] = true
			}
		}
	}
	for i := range r.files {
		for _, e := range r.files[i].settings.expect {
			if !used[e] && len(e.Kernels)+len(e.When) == 0 && !(r.opts.NoKernel && e.needsKernel()) {
				return usage(fmt.Errorf("nothing is called %q that was to fail", e.Object+e.Program+e.Map))
			}
		}
	}
	return nil
}
