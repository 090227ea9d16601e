package btfmaps_test

import (
	"encoding/binary"
	"errors"
	"strings"
	"testing"

	"github.com/bpfload/bpfload/btfmaps"
	"github.com/bpfload/bpfload/internal/elftest"
	"github.com/bpfload/bpfload/internal/mapdef"
)

// Map types of the tests.
const (
	hash        = 1
	array       = 2
	progArray   = 3
	perfArray   = 4
	arrayOfMaps = 12
	hashOfMaps  = 13
	ringbuf     = 27
	userRingbuf = 31
)

// eachOrder runs a test in both byte orders.
func eachOrder(t *testing.T, test func(t *testing.T, order binary.ByteOrder)) {
	t.Helper()
	for _, order := range elftest.Orders() {
		t.Run(order.String(), func(t *testing.T) { test(t, order) })
	}
}

// parse reads what the builder holds and must succeed.
func parse(t *testing.T, m *elftest.Maps) ([]mapdef.Def, []mapdef.Warning) {
	t.Helper()
	defs, warns, err := btfmaps.Parse(m.Object().File())
	if err != nil {
		t.Fatalf("Parse: %v", err)
	}
	return defs, warns
}

// wantError checks that err is a placed *mapdef.Error of the read stage with that
// code whose message contains text, and gives it back.
func wantError(t *testing.T, err error, code, text string) *mapdef.Error {
	t.Helper()
	var e *mapdef.Error
	if !errors.As(err, &e) {
		t.Fatalf("error is %v, want a *mapdef.Error with code %q", err, code)
	}
	if e.Code != code || e.Stage != mapdef.StageRead || e.Section != ".maps" || !errors.Is(err, mapdef.ErrBadObject) {
		t.Errorf("error has code %q, stage %q, section %q (%v), want code %q of stage read in .maps", e.Code, e.Stage, e.Section, err, code)
	}
	if !strings.Contains(e.Error(), text) {
		t.Errorf("message is %q, want it to contain %q", e, text)
	}
	return e
}

// fails expects Parse to refuse the builder's object, without a result.
func fails(t *testing.T, m *elftest.Maps, code, text string) *mapdef.Error {
	t.Helper()
	defs, warns, err := btfmaps.Parse(m.Object().File())
	if defs != nil || warns != nil {
		t.Errorf("results besides the error: %v, %v", defs, warns)
	}
	return wantError(t, err, code, text)
}

// params are the fields of a definition that tests of the grammar compare.
type params struct {
	Type, Key, Value, Max, Flags, Numa uint32
	Extra                              uint64
	Pin                                mapdef.Pinning
}

func paramsOf(d *mapdef.Def) params {
	return params{d.Type, d.KeySize, d.ValueSize, d.MaxEntries, d.Flags, d.NumaNode, d.Extra, d.Pinning}
}

// nativeOne is what the bytes 1, 0 mean on the host.
func nativeOne() uint16 { return binary.NativeEndian.Uint16([]byte{1, 0}) }
