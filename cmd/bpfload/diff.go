package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/bpfload/bpfload/elfload"
)

// diffFlags are those of `bpfload diff`: what a load would be told.
type diffFlags struct {
	planFlags
	pinMode string
}

func newDiffCmd(con *console) *cobra.Command {
	f := &diffFlags{}
	cmd := &cobra.Command{
		Use:   "diff OBJ --pin DIR | diff OLD NEW",
		Short: "compare map definitions with pinned maps, or with an older object's",
		Long: `diff compares the maps of an object with those that are pinned where "load" with the same
flags would pin them, or with the maps of an older object, and changes nothing. For each map
it prints one of

    same           nothing differs
    compatible     a load uses the pinned map, though something differs that does not matter to it
    incompatible   a load does not: its fields, old and new, and what --on-mismatch does about it
    missing        only the object has it: a load makes it
    left over      only the pin directory, or the older object, has it

Types of keys and values are compared field by field. The status is 7 if a load would fail over
one of the maps. Between two objects the flags that change a plan are those of NEW.
` + con.lists("", dialectHelp),
		Example:           "  bpfload diff filter.o --pin /sys/fs/bpf/filter\n  bpfload diff filter.o --pin /sys/fs/bpf/filter --on-mismatch migrate\n  bpfload diff old/filter.o filter.o --json",
		Args:              diffArgs,
		ValidArgsFunction: completeObjects,
		RunE: func(cmd *cobra.Command, args []string) error {
			return runDiff(cmd.Context(), con, args, f)
		},
	}
	f.planFlags.add(cmd.Flags())
	addPinMode(cmd.Flags(), &f.pinMode)
	completeFlags(con, cmd)
	return cmd
}

func diffArgs(cmd *cobra.Command, args []string) error {
	switch {
	case len(args) == 0:
		return &usageError{err: errors.New("no object file given"), hint: seeHelp(cmd)}
	case len(args) > 2:
		return &usageError{err: fmt.Errorf("one object is compared with its pins, or two with each other, not %d", len(args)), hint: seeHelp(cmd)}
	case len(args) == 2 && cmd.Flags().Changed("pin"):
		return &usageError{err: errors.New("two objects are compared with each other, or one with the pins below --pin"), hint: seeHelp(cmd)}
	}
	return nil
}

// runDiff prints the comparison; that a load would fail is the error at its end.
func runDiff(ctx context.Context, con *console, args []string, f *diffFlags) error {
	object, old := args[len(args)-1], f.pin
	if len(args) == 2 {
		old = args[0]
	} else if old == "" {
		old = f.bpffs
	}
	diff, err := makeDiff(ctx, args, f)
	if err != nil {
		if f.json {
			doc := elfload.NewDiffDocument(object, old)
			doc.SetError(err)
			err = errors.Join(err, elfload.WriteJSON(con.out, doc))
		}
		return &failure{err: err, object: object, short: f.json}
	}
	doc := diff.Document(object, old)
	if f.json {
		if err := elfload.WriteJSON(con.out, doc); err != nil {
			return err
		}
	} else {
		con.warnings("", doc.Warnings)
		con.printDiff(doc)
	}
	if err := diff.Err(); err != nil {
		return &failure{err: err, object: object, short: f.json}
	}
	return nil
}

func makeDiff(ctx context.Context, args []string, f *diffFlags) (*elfload.Diff, error) {
	opts, err := f.options()
	if err != nil {
		return nil, err
	}
	if opts.PinMode, err = pinMode(f.pinMode); err != nil {
		return nil, err
	}
	plan, _, err := makePlan(args[len(args)-1], &f.readFlags, opts)
	if err != nil {
		return nil, err
	}
	if len(args) == 1 {
		return plan.DiffPins(ctx)
	}
	old, _, err := makePlan(args[0], &f.readFlags, elfload.Options{Dialect: f.dialect})
	if err != nil {
		return nil, fmt.Errorf("the older object %q: %w", args[0], err)
	}
	return plan.Diff(old)
}

// diffColours are the colours of results; others have none.
var diffColours = map[elfload.DiffStatus]string{elfload.DiffIncompatible: red, elfload.DiffMissing: yellow, elfload.DiffLeftOver: yellow}

// printDiff prints a row per map, and one per field that differs.
func (c *console) printDiff(d *elfload.DiffDocument) {
	columns := []column{{"#", true}, {"NAME", false}, {"RESULT", false}, {"FIELD", false}, {"OLD", false}, {"NEW", false}, {"PIN", false}}
	var rows [][]string
	for i := range d.Maps {
		m := &d.Maps[i]
		index := "-"
		if m.Index != nil {
			index = strconv.Itoa(*m.Index)
		}
		row := []string{index, nameCell(m.Name), paint(c.outColour, diffColours[m.Status], diffResult(m)), "", "", "", dash(textCell(m.PinPath))}
		for n, f := range m.Fields {
			if n > 0 {
				row = []string{"", "", "", "", "", "", ""}
			}
			row[3], row[4], row[5] = nameCell(f.Field), dash(textCell(f.Old)), dash(textCell(f.New))
			rows = append(rows, row)
		}
		if len(m.Fields) == 0 {
			rows = append(rows, row)
		}
	}
	c.printTable("maps", columns, rows)
	if len(rows) == 0 {
		fmt.Fprintln(c.out, "no maps")
	}
}

// diffResult is the result in words, with what a load would do about it.
func diffResult(m *elfload.DocumentMapDiff) string {
	switch {
	case m.Status == elfload.DiffLeftOver:
		return "left over"
	case m.Status == elfload.DiffIncompatible && m.OnMismatch != elfload.MismatchFail && m.Refused == nil:
		return fmt.Sprintf("%s (%s)", m.Status, m.OnMismatch)
	case m.Refused != nil:
		return string(m.Status) + " (fails)"
	}
	return string(m.Status)
}
