package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/bpfload/bpfload/elfload"
)

// runFlags are those of `bpfload run`.
type runFlags struct {
	loadFlags
	user       string
	noNewPrivs bool
}

func newRunCmd(con *console) *cobra.Command {
	f := &runFlags{}
	cmd := &cobra.Command{
		Use:   "run OBJ -- CMD ARG…",
		Short: "load, then become CMD with the file descriptors open",
		Long: `run loads an object as load does and then becomes CMD, in the same process, with the
maps' descriptors open from 3 on, in table order, and no others but standard input,
output and error. It prints nothing but warnings; a failed load does not start CMD.

CMD finds its descriptors as sd_listen_fds(3) says:

    LISTEN_PID           CMD's process id
    LISTEN_FDS           how many descriptors are passed: maps, then (--progs) programs
    LISTEN_FDNAMES       their names, joined with ":"
    BPFLOAD_MAP_DATA     the document that load --json prints, in one line, with each
                         "fd" as CMD sees it
    BPFLOAD_MAP_DATA_FD  instead, where that is longer than 96 KiB: a sealed file with it
    BPF_NUM_MAPS         how many maps there are, and
    BPF_MAP<n>           the descriptor of each; n is an iproute2 definition's id, else
                         the table index

In LISTEN_FDNAMES, bytes of a name that are not printable ASCII, blanks, ":", "\" and
"%" are written as "%" and two upper-case hex digits; an empty name is "%".

The status is CMD's own once CMD has started; 127 if CMD is not found and 126 if it cannot
be executed, as in shells. Links of --attach that are not pinned are passed after the programs, as
"links/NAME", since they end with their last descriptor.
` + con.lists(passedHelp, dialectHelp, attachHelp),
		Example:           "  bpfload run filter.o -- ./daemon --verbose\n  bpfload run filter.o --user nobody --read-only counters -- ./exporter",
		Args:              runArgs,
		ValidArgsFunction: completeObject,
		RunE: func(cmd *cobra.Command, args []string) error {
			return runRun(cmd.Context(), con, args[0], args[1:], f)
		},
	}
	f.loadFlags.add(cmd.Flags())
	cmd.Flags().StringVar(&f.user, "user", "", "run CMD as `USER[:GROUP]`, names or numbers: with GROUP as its only group, else with the user's own groups")
	cmd.Flags().BoolVar(&f.noNewPrivs, "no-new-privs", false, "CMD and what it starts gain no privileges by set-user-ID files and the like")
	cmd.Flags().Lookup("hold").Usage = "no effect: everything stays loaded while CMD runs"
	completeFlags(con, cmd)
	return cmd
}

// runArgs wants one object before the dashes and a command after them.
func runArgs(cmd *cobra.Command, args []string) error {
	dash := cmd.ArgsLenAtDash()
	switch {
	case dash < 0:
		return &usageError{err: errors.New("no command given"), hint: "it stands after two dashes: bpfload run OBJ -- CMD ARG…"}
	case dash == len(args):
		return &usageError{err: errors.New("no command given after --"), hint: seeHelp(cmd)}
	}
	return oneObject(cmd, args[:dash])
}

// commandError is a CMD that could not be started: the status is the shells'.
type commandError struct{ err error }

func (e *commandError) Error() string { return e.err.Error() }
func (e *commandError) Unwrap() error { return e.err }

// Statuses of shells for a command that is not started.
const (
	exitNotExecutable = 126
	exitNotFound      = 127
)

func (e *commandError) code() int {
	if errors.Is(e.err, fs.ErrNotExist) || errors.Is(e.err, exec.ErrNotFound) {
		return exitNotFound
	}
	return exitNotExecutable
}

// runRun returns only with an error. What can be known to fail is found out
// before anything is loaded.
func runRun(ctx context.Context, con *console, path string, command []string, f *runFlags) error {
	failed := func(doc *elfload.Document, err error) error {
		return con.fail(doc, &failure{err: err, object: path, short: f.json, verbose: f.verbose})
	}
	as, err := credentials(f.user)
	if err != nil {
		return failed(elfload.NewDocument(path), err)
	}
	file, err := findCommand(command[0])
	if err != nil {
		return failed(elfload.NewDocument(path), err)
	}
	manager, err := f.service.dial()
	if err != nil {
		return failed(elfload.NewDocument(path), err)
	}
	defer manager.Close()
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	coll, doc, err := f.load(ctx, con, path)
	if err != nil {
		return failed(doc, err)
	}
	if err := f.service.store(manager, coll); err != nil {
		return failed(coll.Plan.Document(), errors.Join(err, coll.Close()))
	}
	con.warnings("", doc.Warnings)
	if f.verbose {
		con.programLogs(coll)
	}
	err = become(con, coll, f, elfload.ExecOptions{Path: file, Args: command, As: as, NoNewPrivileges: f.noNewPrivs})
	doc = coll.Plan.Document()
	if !f.json {
		doc.Warnings = nil // told above
	}
	return failed(doc, errors.Join(err, coll.Close()))
}

// load is load, with a check of what is to be passed before anything is made.
func (f *runFlags) load(ctx context.Context, con *console, path string) (*elfload.Collection, *elfload.Document, error) {
	return load(ctx, con, path, &f.loadFlags, func(p *elfload.Plan) error { return p.CheckHandover(f.handover.options()) })
}

// become makes the process CMD; it returns only with an error.
func become(con *console, coll *elfload.Collection, f *runFlags, o elfload.ExecOptions) error {
	h, err := coll.Handover(f.handover.options())
	if err != nil {
		return err
	}
	con.warnings("", h.Warnings())
	err = con.flush()
	if err == nil {
		err = h.Exec(o)
	}
	if errors.Is(err, elfload.ErrExec) {
		err = &commandError{err}
	}
	return errors.Join(err, h.Close())
}

// findCommand looks CMD up in PATH unless it has a slash. A relative directory
// of PATH counts, as for execvp(3).
func findCommand(name string) (string, error) {
	file, err := exec.LookPath(name)
	if errors.Is(err, exec.ErrDot) {
		err = nil
	}
	if err != nil {
		if lookup := (*exec.Error)(nil); errors.As(err, &lookup) {
			err = lookup.Err
		}
		return "", &commandError{fmt.Errorf("command %q: %w", name, err)}
	}
	return file, nil
}
