//go:build unix

package elfload

import (
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"syscall"
)

// A table on a stream socket is, in bytes:
//
//	bpfload/1 COUNT NAMES DOCUMENT\n
//	NAME:NAME:…\n
//	{ the document, in one line }\n
//
// COUNT is the number of descriptors, NAMES and DOCUMENT are the lengths of the
// two lines in bytes with their newlines, each as ten decimal digits. Names are
// escaped as in LISTEN_FDNAMES. The descriptors come as SCM_RIGHTS with the line
// of names, at most 253 with one message (SCM_MAX_FD). "fd" of the document is
// the descriptor's place among them, from 0.
const (
	sendHeader     = DocumentSchema + " %010d %010d %010d\n"
	sendHeaderSize = len(DocumentSchema) + 3*11 + 1
	maxSendBatch   = 253
	maxNamesLine   = 64 << 20
)

// Send passes the table over a connected Unix stream socket; Receive is the other
// end. The kernel keeps the maps alive until the receiver has taken them or is
// gone. Deadlines are the caller's.
func (h *Handover) Send(conn *net.UnixConn) error {
	line, err := h.Line(0)
	if err != nil {
		return err
	}
	batches := make([]string, 0, len(h.FDs)/maxSendBatch+1)
	size := 0
	for at := 0; at < len(h.FDs); at += maxSendBatch {
		end := min(at+maxSendBatch, len(h.FDs))
		names := joinFDNames(h.Names[at:end])
		if end < len(h.FDs) {
			names += ":"
		} else {
			names += "\n"
		}
		batches = append(batches, names)
		size += len(names)
	}
	if len(h.FDs) == 0 {
		batches, size = []string{"\n"}, 1
	}
	if _, err := fmt.Fprintf(conn, sendHeader, len(h.FDs), size, len(line)+1); err != nil {
		return sendError(err)
	}
	for i, names := range batches {
		if err := sendBatch(conn, names, h.FDs[i*maxSendBatch:min((i+1)*maxSendBatch, len(h.FDs))]); err != nil {
			return sendError(err)
		}
	}
	if _, err := conn.Write(append(line, '\n')); err != nil {
		return sendError(err)
	}
	return nil
}

func sendError(err error) *Error {
	return handoverError(nil, "send", "", fmt.Errorf("the table cannot be sent: %w", err))
}

// sendBatch sends a piece of the names with the descriptors that it is about.
func sendBatch(conn *net.UnixConn, names string, fds []int) error {
	var rights []byte
	if len(fds) > 0 {
		rights = syscall.UnixRights(fds...)
	}
	n, _, err := conn.WriteMsgUnix([]byte(names), rights, nil)
	if err == nil && n < len(names) {
		_, err = io.WriteString(conn, names[n:])
	}
	return err
}

// Receive takes over a table that Send passes, or bpfload load --send: one, and
// no byte after it. After an error, descriptors that came are closed. The caller
// closes the Table.
func Receive(conn *net.UnixConn) (*Table, error) {
	return receiveFrom(conn, host{})
}

func receiveFrom(conn *net.UnixConn, k kernel) (*Table, error) {
	in := &rightsReader{conn: conn}
	names, document, err := in.table()
	r := &receiver{k: k, fds: in.fds, names: names}
	if err != nil {
		return nil, joined([]error{receiveError("the table cannot be received: %w", err), r.closeRest()})
	}
	return r.receive(document)
}

// rightsReader reads exactly what it is asked for, and keeps what descriptors
// come with it.
type rightsReader struct {
	conn *net.UnixConn
	fds  []int
}

func (in *rightsReader) table() (names []string, document []byte, err error) {
	header, err := in.read(sendHeaderSize)
	if err != nil {
		return nil, nil, err
	}
	count, size, length, err := parseSendHeader(string(header))
	if err != nil {
		return nil, nil, err
	}
	line, err := in.read(size)
	if err != nil {
		return nil, nil, err
	}
	if document, err = in.read(length); err != nil {
		return nil, nil, err
	}
	if len(in.fds) != count {
		return nil, nil, fmt.Errorf("%d descriptors instead of %d", len(in.fds), count)
	}
	text, ok := strings.CutSuffix(string(line), "\n")
	if !ok {
		return nil, nil, errors.New("the line of names does not end")
	}
	names, err = splitFDNames(text, count)
	return names, document, err
}

// parseSendHeader reads the three numbers of the first line.
func parseSendHeader(s string) (count, names, document int, err error) {
	fields := strings.Fields(s)
	if len(fields) != 4 || fields[0] != DocumentSchema || !strings.HasSuffix(s, "\n") {
		return 0, 0, 0, fmt.Errorf("it does not begin with %s", DocumentSchema)
	}
	var n [3]int
	for i, most := range [...]uint64{maxPassed, maxNamesLine, maxDocument} {
		v, err := strconv.ParseUint(fields[i+1], 10, 64)
		if err != nil || v > most {
			return 0, 0, 0, fmt.Errorf("%q is not a number up to %d", fields[i+1], most)
		}
		n[i] = int(v)
	}
	return n[0], n[1], n[2], nil
}

// read reads n bytes; the buffer grows with what comes, not with n.
func (in *rightsReader) read(n int) ([]byte, error) {
	var out []byte
	chunk := make([]byte, min(n, 64<<10))
	oob := make([]byte, syscall.CmsgSpace(4*maxSendBatch))
	for len(out) < n {
		got, oobn, flags, _, err := in.conn.ReadMsgUnix(chunk[:min(len(chunk), n-len(out))], oob)
		if rightsErr := in.keep(oob[:oobn]); err == nil {
			err = rightsErr
		}
		switch {
		case err != nil:
			return nil, err
		case flags&syscall.MSG_CTRUNC != 0:
			return nil, errors.New("descriptors were lost: this process may not open so many")
		case got == 0:
			return nil, io.ErrUnexpectedEOF
		}
		out = append(out, chunk[:got]...)
	}
	return out, nil
}

// keep takes the descriptors of one message.
func (in *rightsReader) keep(oob []byte) error {
	if len(oob) == 0 {
		return nil
	}
	messages, err := syscall.ParseSocketControlMessage(oob)
	if err != nil {
		return err
	}
	for i := range messages {
		fds, err := syscall.ParseUnixRights(&messages[i])
		if err != nil {
			return err
		}
		in.fds = append(in.fds, fds...)
	}
	return nil
}
