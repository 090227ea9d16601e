package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/bpfload/bpfload/elfload"
)

func newInspectCmd(con *console) *cobra.Command {
	f := &readFlags{}
	cmd := &cobra.Command{
		Use:   "inspect OBJ…",
		Short: "print what objects hold: maps, programs, globals, externs",
		Long: `inspect prints what objects hold: maps in definition order with their dialect, types and
initialisers; programs; global variables with their initial values, as --var of load takes
them; externs. It asks nothing of the kernel and needs no privilege. The other objects are
still printed when one of them cannot be read.

With --json and several objects the document is {"schema": …, "objects": [ … ]}.
` + con.lists("", dialectHelp),
		Example:           "  bpfload inspect filter.o\n  bpfload inspect --json filter.o | jq '.maps[].name'",
		Args:              someObjects,
		ValidArgsFunction: completeObjects,
		RunE: func(_ *cobra.Command, args []string) error {
			return runInspect(con, args, f)
		},
	}
	f.add(cmd.Flags())
	completeFlags(con, cmd)
	return cmd
}

func someObjects(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return nil
	}
	return oneObject(cmd, args)
}

// runInspect prints every object that can be read. The error is that of the
// first that cannot; those of others are told on the way.
func runInspect(con *console, paths []string, f *readFlags) error {
	var first error
	docs := make([]*elfload.Document, 0, len(paths))
	for i, path := range paths {
		doc := elfload.NewDocument(path)
		obj, err := f.open(path)
		switch {
		case err != nil:
			err = &failure{err: err, object: path, short: f.json}
			doc.SetError(err)
			if first != nil {
				con.report(err)
			} else {
				first = err
			}
		case f.json:
			doc = obj.Document()
		default:
			doc = obj.Document()
			object := ""
			if len(paths) > 1 {
				object = path
			}
			con.warnings(object, doc.Warnings)
			if i > 0 {
				fmt.Fprintln(con.out)
			}
			con.printInspected(doc)
		}
		docs = append(docs, doc)
	}
	if !f.json {
		return first
	}
	if len(docs) == 1 {
		return errors.Join(first, docs[0].WriteJSON(con.out))
	}
	return errors.Join(first, elfload.WriteJSON(con.out, struct {
		Schema  string              `json:"schema"`
		Objects []*elfload.Document `json:"objects"`
	}{elfload.DocumentSchema, docs}))
}
