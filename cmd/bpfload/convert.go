package main

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/bpfload/bpfload/elfload"
)

func newConvertCmd(con *console) *cobra.Command {
	f := &planFlags{}
	cmd := &cobra.Command{
		Use:   "convert OBJ",
		Short: "print the C that replaces an object's legacy definitions",
		Long: `convert prints C with BTF definitions (SEC(".maps")) of the same maps in the same order as
the object's legacy definitions, with what they need to compile alone. It asks nothing of
the kernel and needs no privilege. What C cannot say is a comment there and a warning.

Put it behind the headers that the source includes. With BPFLOAD_NO_TYPES defined it leaves
out types that the source has; with BPFLOAD_STUBS, programs in slots are defined as
functions that return 0.
` + con.lists("", dialectHelp),
		Example: "  bpfload convert old.o > maps.bpf.h\n" +
			"  bpfload convert old.o | clang -target bpf -g -O2 -DBPFLOAD_STUBS -x c -c - -o maps.o",
		Args:              oneObject,
		ValidArgsFunction: completeObject,
		RunE: func(_ *cobra.Command, args []string) error {
			return runConvert(con, args[0], f)
		},
	}
	fs := cmd.Flags()
	f.addReading(fs)
	repeatable(fs, &f.maps, "map", "override a field of a map, `NAME.FIELD=VALUE`, as the host of the object did: "+strings.Join(elfload.MapFields(), ", ")+"; repeatable")
	repeatable(fs, &f.inner, "inner", "give a map of maps that has no inner definition a template, `OUTER=INNER`; repeatable")
	completeFlags(con, cmd)
	return cmd
}

func runConvert(con *console, path string, f *planFlags) error {
	opts, err := f.options()
	if err != nil {
		return err
	}
	obj, err := f.open(path)
	if err != nil {
		return &failure{err: err, object: path}
	}
	warns, err := obj.Convert(con.out, elfload.ConvertOptions{Maps: opts.Maps, Inner: opts.Inner})
	con.warnings("", elfload.DocumentWarnings(warns))
	if err != nil {
		return &failure{err: err, object: path}
	}
	return nil
}
