package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/bpfload/bpfload/elfload"
)

func newLoadCmd(con *console) *cobra.Command {
	f := &loadFlags{}
	cmd := &cobra.Command{
		Use:   "load OBJ",
		Short: "create the maps, load the programs, print the map_data table",
		Long: `load creates the maps of an object in the order of their definitions, fills them, loads
the programs and prints the table of maps, map_data, with their file descriptors. All or
nothing: after an error nothing is left. Everything is released at exit unless it is
pinned (--pin) or held (--hold).
` + con.lists(passedHelp, dialectHelp, attachHelp),
		Example:           "  bpfload load filter.o --hold\n  bpfload load filter.o --pin /sys/fs/bpf/filter --var debug=1 --map events.max_entries=4096",
		Args:              oneObject,
		ValidArgsFunction: completeObject,
		RunE: func(cmd *cobra.Command, args []string) error {
			return runLoad(cmd.Context(), con, args[0], f)
		},
	}
	f.add(cmd.Flags())
	f.addLoadOnly(cmd.Flags())
	completeFlags(con, cmd)
	return cmd
}

// addLoadOnly adds what makes no sense when another command takes over.
func (f *loadFlags) addLoadOnly(fs *pflag.FlagSet) {
	fs.StringVar(&f.send, "send", "", sendUsage)
	fs.BoolVar(&f.keepGoing, "keep-going", false, "go on without maps and programs that fail; the exit status is the first failure's")
}

// runLoad loads, prints, and releases at once or after a signal. A signal
// during the load cancels it.
func runLoad(ctx context.Context, con *console, path string, f *loadFlags) error {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	failed := func(doc *elfload.Document, err error) error {
		return con.fail(doc, &failure{err: err, object: path, short: f.json, verbose: f.verbose})
	}
	manager, err := f.service.dial()
	if err != nil {
		return failed(elfload.NewDocument(path), err)
	}
	defer manager.Close()
	coll, doc, err := loadAndSend(ctx, con, path, f)
	if err != nil {
		return failed(doc, err)
	}
	if err := f.service.store(manager, coll); err != nil {
		return failed(coll.Plan.Document(), errors.Join(err, coll.Close()))
	}
	if f.json {
		err = doc.WriteJSON(con.out)
	} else {
		con.warnings("", doc.Warnings)
		con.printLoaded(doc)
	}
	if f.verbose {
		con.programLogs(coll)
	}
	if flushErr := con.flush(); err == nil {
		err = flushErr
	}
	if err == nil && f.hold {
		err = hold(ctx, con, manager, coll, doc)
	}
	return errors.Join(con.left(coll, path, f), err, coll.Close())
}

// hold waits for a signal, and tells the service manager when it begins and ends.
// Programs that somebody else still holds then may lose their program arrays.
func hold(ctx context.Context, con *console, manager *elfload.Service, coll *elfload.Collection, doc *elfload.Document) error {
	err := ready(manager, doc)
	if err == nil {
		<-ctx.Done()
		err = manager.Notify("STOPPING=1")
	}
	warns, releaseErr := coll.Release()
	con.warnings("", warns)
	return errors.Join(err, releaseErr)
}

// left tells what --keep-going went on without: all but the first failure, which
// it returns for the end.
func (c *console) left(coll *elfload.Collection, path string, f *loadFlags) error {
	var first error
	tell := func(err error) {
		if err == nil {
			return
		}
		err = &failure{err: err, object: path, short: f.json, verbose: f.verbose}
		if first == nil {
			first = err
			return
		}
		c.report(err)
	}
	for i := range coll.MapData {
		tell(coll.MapData[i].Err)
	}
	for i := range coll.Programs {
		tell(coll.Programs[i].Err)
	}
	return first
}

// loadAndSend loads, and passes what was loaded if --send says so; when that does
// not succeed, everything is released.
func loadAndSend(ctx context.Context, con *console, path string, f *loadFlags) (*elfload.Collection, *elfload.Document, error) {
	if f.send == "" {
		if f.handover.programs || f.handover.readOnly != nil {
			return nil, elfload.NewDocument(path), &usageError{err: errors.New("--progs and --read-only say what --send passes, and it is not given")}
		}
		return load(ctx, con, path, f)
	}
	conn, err := dialSocket(f.send)
	if err != nil {
		return nil, elfload.NewDocument(path), err
	}
	defer conn.Close()
	coll, doc, err := load(ctx, con, path, f, func(p *elfload.Plan) error { return p.CheckHandover(f.handover.options()) })
	if err != nil {
		return nil, doc, err
	}
	if err := send(con, coll, &f.handover, conn); err != nil {
		return nil, coll.Plan.Document(), errors.Join(err, coll.Close())
	}
	return coll, doc, nil
}

// load opens, plans and loads, if the plan passes the checks. The document is
// never nil and tells what was known at the end.
func load(ctx context.Context, con *console, path string, f *loadFlags, checks ...func(*elfload.Plan) error) (*elfload.Collection, *elfload.Document, error) {
	opts, err := f.options()
	if err != nil {
		return nil, elfload.NewDocument(path), err
	}
	if f.verbose {
		opts.Trace = func(event string) { fmt.Fprintln(con.err, block(event)) }
	}
	opts.Progress = con.migration()
	plan, doc, err := makePlan(path, &f.readFlags, opts)
	if err != nil {
		return nil, doc, err
	}
	for _, check := range checks {
		if err := check(plan); err != nil {
			return nil, plan.Document(), err
		}
	}
	coll, err := plan.Load(ctx)
	if err != nil {
		return nil, plan.Document(), err
	}
	return coll, coll.Document(), nil
}

// fail prints what a failed command still prints: warnings, or the document
// with the error. The failure itself is told by report.
func (c *console) fail(doc *elfload.Document, f *failure) error {
	doc.SetError(f.err)
	doc.Warnings = slices.DeleteFunc(doc.Warnings, func(w elfload.DocumentWarning) bool {
		return w.Code == doc.Error.Code && w.Message == doc.Error.Message // the same, told by the object
	})
	if !f.short {
		c.warnings("", doc.Warnings)
		return f
	}
	if err := doc.WriteJSON(c.out); err != nil {
		return errors.Join(f, err)
	}
	return f
}

// programLogs prints the verifier's log of every program.
func (c *console) programLogs(coll *elfload.Collection) {
	for i := range coll.Programs {
		if p := &coll.Programs[i]; p.Log != "" {
			fmt.Fprintf(c.err, "program %s:\n", quoteCell(p.Name))
			c.log(p.Log, true)
		}
	}
}
