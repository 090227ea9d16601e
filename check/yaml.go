package check

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"

	"go.yaml.in/yaml/v3"

	"github.com/bpfload/bpfload/elfload"
)

// ConfigName is what the configuration is called where none is named.
const ConfigName = "bpfload.yaml"

// configVersion is the only one so far.
const configVersion = 1

// maxConfig bounds the size in bytes of a configuration.
const maxConfig = 1 << 20

// The file as it is written; unknown keys are errors.
type (
	yamlConfig struct {
		Version int          `yaml:"version"`
		Objects []yamlObject `yaml:"objects"`
	}
	yamlObject struct {
		Path        string     `yaml:"path"`
		Dialect     string     `yaml:"dialect"`
		Vars        scalars    `yaml:"vars"`
		Vary        lists      `yaml:"vary"`
		Strategy    string     `yaml:"strategy"`
		Maps        tables     `yaml:"maps"`
		Types       scalars    `yaml:"types"`
		Inner       scalars    `yaml:"inner"`
		AttachProgs scalars    `yaml:"attach_progs"`
		Autoload    []string   `yaml:"autoload"`
		Expect      []yamlFail `yaml:"expect"`
	}
	yamlFail struct {
		Program string   `yaml:"program"`
		Map     string   `yaml:"map"`
		Stage   string   `yaml:"stage"`
		Pattern string   `yaml:"pattern"`
		Kernels []string `yaml:"kernels"`
		When    scalars  `yaml:"when"`
	}
)

// scalars is a mapping of names to text, in the file's order. Numbers and
// booleans are taken as they are written.
type scalars []keyed[string]

// lists is a mapping of names to lists of text, tables one of names to scalars.
type (
	lists  []keyed[[]string]
	tables []keyed[scalars]
)

type keyed[T any] struct {
	key   string
	value T
}

// entries walks a mapping in the file's order and refuses a name twice.
func entries(n *yaml.Node, each func(key string, value *yaml.Node) error) error {
	if n.Kind != yaml.MappingNode {
		return fmt.Errorf("line %d: a mapping is wanted", n.Line)
	}
	seen := make(map[string]bool)
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		if key.Kind != yaml.ScalarNode || seen[key.Value] {
			return fmt.Errorf("line %d: %q is no name, or stands twice", key.Line, key.Value)
		}
		seen[key.Value] = true
		if err := each(key.Value, n.Content[i+1]); err != nil {
			return err
		}
	}
	return nil
}

func scalar(n *yaml.Node) (string, error) {
	if n.Kind == yaml.AliasNode && n.Alias != nil {
		n = n.Alias
	}
	if n.Kind != yaml.ScalarNode || n.Tag == "!!null" {
		return "", fmt.Errorf("line %d: a single value is wanted", n.Line)
	}
	return n.Value, nil
}

// UnmarshalYAML implements yaml.Unmarshaler.
func (s *scalars) UnmarshalYAML(n *yaml.Node) error {
	return entries(n, func(key string, value *yaml.Node) error {
		text, err := scalar(value)
		*s = append(*s, keyed[string]{key, text})
		return err
	})
}

// UnmarshalYAML implements yaml.Unmarshaler.
func (l *lists) UnmarshalYAML(n *yaml.Node) error {
	return entries(n, func(key string, value *yaml.Node) error {
		if value.Kind != yaml.SequenceNode {
			return fmt.Errorf("line %d: a list is wanted", value.Line)
		}
		var list []string
		for _, v := range value.Content {
			text, err := scalar(v)
			if err != nil {
				return err
			}
			list = append(list, text)
		}
		*l = append(*l, keyed[[]string]{key, list})
		return nil
	})
}

// UnmarshalYAML implements yaml.Unmarshaler.
func (t *tables) UnmarshalYAML(n *yaml.Node) error {
	return entries(n, func(key string, value *yaml.Node) error {
		var s scalars
		err := s.UnmarshalYAML(value)
		*t = append(*t, keyed[scalars]{key, s})
		return err
	})
}

// ReadConfig reads and validates a configuration. Errors are wrong usage.
func ReadConfig(file string) (*Config, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, usage(err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxConfig+1))
	if err == nil && len(text) > maxConfig {
		err = errors.New("is larger than 1 MiB")
	}
	if err != nil {
		return nil, usage(fmt.Errorf("%q: %w", file, err))
	}
	c, err := parseConfig(text)
	if err != nil {
		return nil, usage(fmt.Errorf("%q: %w", file, err))
	}
	c.Dir = filepath.Dir(file)
	return c, nil
}

func parseConfig(text []byte) (*Config, error) {
	dec := yaml.NewDecoder(bytes.NewReader(text))
	dec.KnownFields(true)
	var y yamlConfig
	if err := dec.Decode(&y); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if err := dec.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return nil, errors.New("there is more than one document")
	}
	if y.Version != configVersion {
		return nil, fmt.Errorf("version is %d; this bpfload knows version %d", y.Version, configVersion)
	}
	c := &Config{}
	for i := range y.Objects {
		o, err := y.Objects[i].config()
		if err != nil {
			return nil, fmt.Errorf("objects[%d]: %w", i, err)
		}
		c.Objects = append(c.Objects, o)
	}
	return c, nil
}

func (y *yamlObject) config() (ObjectConfig, error) {
	c := ObjectConfig{Path: y.Path, Strategy: Strategy(y.Strategy)}
	if y.Path == "" {
		return c, errors.New("path is missing")
	}
	if _, err := path.Match(y.Path, ""); err != nil {
		return c, fmt.Errorf("path %q: %w", y.Path, err)
	}
	c.Load.Dialect, c.Load.Autoload = y.Dialect, y.Autoload
	for _, v := range y.Vars {
		c.Load.Vars = append(c.Load.Vars, elfload.Var{Name: v.key, Value: v.value})
	}
	for _, m := range y.Maps {
		for _, f := range m.value {
			c.Load.Maps = append(c.Load.Maps, elfload.MapOverride{Map: m.key, Field: f.key, Value: f.value})
		}
	}
	for _, t := range y.Types {
		c.Load.Types = append(c.Load.Types, elfload.ProgramType{Program: t.key, Type: t.value})
	}
	for _, in := range y.Inner {
		c.Load.Inner = append(c.Load.Inner, elfload.InnerMap{Outer: in.key, Inner: in.value})
	}
	for _, a := range y.AttachProgs {
		c.Load.AttachProgs = append(c.Load.AttachProgs, elfload.AttachProg{Program: a.key, Target: a.value})
	}
	for _, v := range y.Vary {
		c.Vary = append(c.Vary, Vary{Name: v.key, Values: v.value})
	}
	if _, err := variants(c.Vary, c.Strategy); err != nil {
		return c, err
	}
	for i := range y.Expect {
		e, err := y.Expect[i].expectation()
		if err != nil {
			return c, fmt.Errorf("expect[%d]: %w", i, err)
		}
		c.Expect = append(c.Expect, e)
	}
	return c, nil
}

func (y *yamlFail) expectation() (Expectation, error) {
	e := Expectation{Program: y.Program, Map: y.Map, Stage: elfload.Stage(y.Stage), Kernels: y.Kernels}
	for _, w := range y.When {
		e.When = append(e.When, Setting{Name: elfload.Text(w.key), Value: elfload.Text(w.value)})
	}
	if e.Stage == "" {
		return e, errors.New("stage is missing: a failure elsewhere would go unnoticed")
	}
	if err := e.setPattern(y.Pattern); err != nil {
		return e, err
	}
	return e, e.validate()
}

// Paths are the objects that the configuration names, for runs that name none:
// its paths, each once, relative to the working directory.
func (c *Config) Paths() []string {
	var out []string
	seen := make(map[string]bool)
	for i := range c.Objects {
		p := filepath.Join(c.Dir, filepath.FromSlash(c.Objects[i].Path))
		if !seen[p] {
			seen[p] = true
			out = append(out, p)
		}
	}
	return out
}
