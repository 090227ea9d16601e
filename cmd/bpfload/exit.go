package main

import (
	"context"
	"errors"

	"github.com/bpfload/bpfload/elfload"
)

// Exit statuses; scripts depend on them.
const (
	exitDone      = 0
	exitOther     = 1
	exitUsage     = 2
	exitObject    = 3 // the object is malformed, or a definition in it is not valid
	exitPrivilege = 4
	exitKernel    = 5 // the kernel lacks a feature, or refused a map
	exitVerifier  = 6
	exitPin       = 7 // a pinned map is not compatible
)

// exitCodes maps what elfload's errors are to statuses; looked up only.
var exitCodes = map[error]int{elfload.ErrUsage: exitUsage, elfload.ErrIncompatiblePin: exitPin, elfload.ErrVerifier: exitVerifier,
	elfload.ErrPrivilege: exitPrivilege, elfload.ErrNotSupported: exitKernel, elfload.ErrBadObject: exitObject}

// exitCode is the one place that decides about the exit status.
func exitCode(err error) int {
	var usage *usageError
	var command *commandError
	var e *elfload.Error
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &command):
		return command.code()
	case errors.As(err, &usage):
		return exitUsage
	case errors.Is(err, context.Canceled) || !errors.As(err, &e):
		return exitOther
	}
	if code, ok := exitCodes[elfload.Kind(err)]; ok {
		return code
	}
	if e.Errno != 0 && (e.Stage == elfload.StageMap || e.Stage == elfload.StageValue) {
		return exitKernel
	}
	return exitOther
}

// usageError is a mistake on the command line that elfload never sees.
type usageError struct {
	err  error
	hint string
}

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

// asUsage makes a usage error of any error.
func asUsage(err error) error {
	var usage *usageError
	if errors.As(err, &usage) {
		return err
	}
	return &usageError{err: err}
}

// failure is an error of a command that has read its flags: what it was
// working on, and how it is to be told.
type failure struct {
	err     error
	object  string // the file, "" if it does not matter
	short   bool   // the JSON document has the rest
	verbose bool   // the whole verifier log
}

func (f *failure) Error() string { return f.err.Error() }
func (f *failure) Unwrap() error { return f.err }
