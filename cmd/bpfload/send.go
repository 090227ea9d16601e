package main

import (
	"errors"
	"fmt"
	"net"

	"github.com/spf13/pflag"

	"github.com/bpfload/bpfload/elfload"
)

// handoverFlags say what another process is given.
type handoverFlags struct {
	programs bool
	readOnly []string
}

func (f *handoverFlags) add(fs *pflag.FlagSet) {
	fs.BoolVar(&f.programs, "progs", false, "pass the programs too, after the maps")
	repeatable(fs, &f.readOnly, "read-only", "pass map `NAME` with a descriptor that cannot write; repeatable")
}

func (f *handoverFlags) options() elfload.HandoverOptions {
	return elfload.HandoverOptions{Programs: f.programs, ReadOnly: f.readOnly}
}

// sendUsage is the help of --send, which load has and run has not.
const sendUsage = "pass the maps over the Unix stream socket `PATH`, as SCM_RIGHTS with names and the document, to elfload.Receive"

// dialSocket connects to --send's socket, before anything is loaded.
func dialSocket(path string) (*net.UnixConn, error) {
	conn, err := net.DialUnix("unix", nil, &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		return nil, fmt.Errorf("--send: %w", err)
	}
	return conn, nil
}

// send passes what was loaded.
func send(con *console, coll *elfload.Collection, f *handoverFlags, conn *net.UnixConn) error {
	h, err := coll.Handover(f.options())
	if err != nil {
		return err
	}
	con.warnings("", h.Warnings())
	return errors.Join(h.Send(conn), h.Close())
}
