package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/pflag"

	"github.com/bpfload/bpfload/elfload"
)

// storeWait is how long the service manager may take to read what it is sent.
const storeWait = 30 * time.Second

// serviceFlags say what the service manager keeps.
type serviceFlags struct{ fdstore bool }

func (f *serviceFlags) add(fs *pflag.FlagSet) {
	fs.BoolVar(&f.fdstore, "fdstore", false, "store the maps with the service manager ($NOTIFY_SOCKET), which passes them to the service's next start")
}

// dial connects to the service manager; nil where there is none to tell.
func (f *serviceFlags) dial() (*elfload.Service, error) {
	s, err := elfload.DialService()
	if err == nil && s == nil && f.fdstore {
		err = &usageError{err: errors.New("--fdstore: no service manager is there to store anything: $NOTIFY_SOCKET is not set"),
			hint: "in a unit, FileDescriptorStoreMax=64 and NotifyAccess=main set it"}
	}
	return s, err
}

// store has the service manager keep what was loaded.
func (f *serviceFlags) store(s *elfload.Service, coll *elfload.Collection) error {
	if !f.fdstore {
		return nil
	}
	return s.Store(coll, storeWait)
}

// ready tells the service manager that the service is up.
func ready(s *elfload.Service, doc *elfload.Document) error {
	return s.Notify("READY=1", fmt.Sprintf("STATUS=holding %d maps, %d programs, %d links", len(doc.Maps), len(doc.Programs), len(doc.Links)))
}

// passedHelp tells of descriptors from outside.
const passedHelp = `
Descriptors that the process was started with (LISTEN_PID, LISTEN_FDS, LISTEN_FDNAMES, as
sd_listen_fds(3) says) and that have the names of maps are used instead of new maps, once they
have proved to be compatible; if they are not, --on-mismatch says what happens: by default
nothing is created and the status is 7.
`
