package check

import (
	"github.com/bpfload/bpfload/elfload"
)

// Options say what is checked and how. The zero value loads every object with
// the running kernel and expects everything to pass.
type Options struct {
	// Load is the loads' own options. Pins are never made; Jobs, KeepGoing,
	// VerifierStats and the type cache are set by Run.
	Load elfload.Options
	// Read is how files are read; Dialect counts from Load.
	Read elfload.ReadOptions
	// NoKernel reads and plans only.
	NoKernel bool
	// Require makes unproven checks fail.
	Require bool
	// Jobs is how many objects are loaded side by side; 0 means the number of CPUs.
	Jobs int
	// Vary lists globals with the values to try; Strategy says how they are
	// combined, "" means linear.
	Vary     []Vary
	Strategy Strategy
	// Expect lists expected failures, for every object that they name.
	Expect []Expectation
	// Config is what a bpfload.yaml says, nil for none. It comes before the rest:
	// later settings of one name win.
	Config *Config
	// Loads is told how many loads there will be, before the first; nil means nobody.
	Loads func(objects, loads int)
	// Progress is told after each load, from several goroutines but one at a time;
	// nil means nobody.
	Progress func(done, loads int, path string)

	kernel string // release, for tests; "" means the running one
	proof  prover // for tests; nil means the running kernel
}

// Setting is a global and the text of its value.
type Setting struct {
	Name  elfload.Text `json:"name"`
	Value elfload.Text `json:"value"`
}
