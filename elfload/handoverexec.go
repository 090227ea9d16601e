package elfload

import (
	"errors"
	"os"
)

// Credentials are what a program that takes over is run as.
type Credentials struct {
	UID, GID uint32
	// Groups are the supplementary groups.
	Groups []uint32
}

// ExecOptions say what a Handover becomes.
type ExecOptions struct {
	// Path is the program's file, Args what it is called and its arguments.
	Path string
	Args []string
	// Env is its environment, to which the handover's variables are added. nil
	// means this process's own; an empty list means none.
	Env []string
	// As drops privileges: it is set for the program, and its ambient capabilities
	// are cleared. nil keeps what this process has.
	As *Credentials
	// NoNewPrivileges forbids the program to gain any by execve(2) (prctl(2),
	// PR_SET_NO_NEW_PRIVS).
	NoNewPrivileges bool
}

// ErrExec marks errors of Exec after which it was the program that could not be
// started; errors.Is(err, fs.ErrNotExist) tells that it is not there.
var ErrExec = errors.New("the program cannot be started")

// Exec replaces this process with a program that has the handover's descriptors
// from 3 on, standard input, output and error, and no others; the process id
// stays. It returns only with an error, and then this process is as it was.
//
// The program finds its descriptors as sd_listen_fds(3) says; the document is in
// BPFLOAD_MAP_DATA or, when it is longer than 96 KiB, in the sealed file whose
// descriptor BPFLOAD_MAP_DATA_FD names. FromEnvironment reads all of it.
func (h *Handover) Exec(o ExecOptions) error {
	if o.Env == nil {
		o.Env = os.Environ()
	}
	env, document, err := h.environment(o.Env, processID())
	if err != nil {
		return err
	}
	return become(o, env, h.FDs, document)
}
