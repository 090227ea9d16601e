package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/bpfload/bpfload/check"
)

func newCompareCmd(con *console) *cobra.Command {
	var failOn []string
	cmd := &cobra.Command{
		Use:   "compare OLD NEW",
		Short: "compare what two checks measured",
		Long: `compare reads two reports that check --save wrote (or check --format json) and prints what
changed: verified instructions, states, peak states, stack and memory of programs, memory
of maps, the number of maps; new and vanished programs and maps; verdicts. With --fail-on
the status is 1 if a number grew by more, or if something fails that did not.`,
		Example: "  bpfload check --save new.json build/ && bpfload compare main.json new.json --fail-on '+10%'",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 2 {
				return &usageError{err: fmt.Errorf("two reports are compared, not %d", len(args)), hint: seeHelp(cmd)}
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error {
			return runCompare(con, args[0], args[1], failOn)
		},
	}
	repeatable(cmd.Flags(), &failOn, "fail-on", "fail when a number grows by more than `LIMIT`: +10%, +500, or instructions:+10%; repeatable")
	return cmd
}

func runCompare(con *console, before, after string, failOn []string) error {
	var limits []check.Limit
	for _, s := range failOn {
		l, err := check.ParseLimit(s)
		if err != nil {
			return err
		}
		limits = append(limits, l)
	}
	old, err := check.ReadReport(before)
	if err != nil {
		return err
	}
	now, err := check.ReadReport(after)
	if err != nil {
		return err
	}
	c := check.Compare(old, now, limits)
	if err := c.Write(con.out, con.outColour); err != nil {
		return err
	}
	if c.Worse && len(limits) > 0 {
		return errors.New("it got worse than --fail-on allows")
	}
	return nil
}
