package main

import (
	"github.com/spf13/cobra"

	"github.com/bpfload/bpfload/elfload"
)

func newPlanCmd(con *console) *cobra.Command {
	f := &planFlags{}
	cmd := &cobra.Command{
		Use:   "plan OBJ",
		Short: "print every step that load would take, in order",
		Long: `plan prints, as stable text, every step that load would take with the same flags. It asks
nothing of the kernel and needs no privilege.
` + con.lists("", dialectHelp, attachHelp),
		Example:           "  bpfload plan filter.o > filter.plan",
		Args:              oneObject,
		ValidArgsFunction: completeObject,
		RunE: func(_ *cobra.Command, args []string) error {
			return runPlan(con, args[0], f)
		},
	}
	f.add(cmd.Flags())
	completeFlags(con, cmd)
	return cmd
}

func runPlan(con *console, path string, f *planFlags) error {
	doc := elfload.NewDocument(path)
	var plan *elfload.Plan
	opts, err := f.options()
	if err == nil {
		plan, doc, err = makePlan(path, &f.readFlags, opts)
	}
	switch {
	case err != nil:
		return con.fail(doc, &failure{err: err, object: path, short: f.json})
	case f.json:
		return plan.Document().WriteJSON(con.out)
	}
	return plan.WriteText(con.out)
}

// makePlan opens and plans. After an error the document tells what was known,
// without one it is nil.
func makePlan(path string, f *readFlags, opts elfload.Options) (*elfload.Plan, *elfload.Document, error) {
	obj, err := f.open(path)
	if err != nil {
		return nil, elfload.NewDocument(path), err
	}
	plan, err := obj.Plan(opts)
	if err != nil {
		return nil, obj.Document(), err
	}
	return plan, nil, nil
}
