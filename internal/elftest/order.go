package elftest

import "encoding/binary"

// Orders are the two byte orders, for tests that run in both.
func Orders() []binary.ByteOrder { return []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} }

func appender(o binary.ByteOrder) binary.AppendByteOrder { return o.(binary.AppendByteOrder) }

func isBig(o binary.ByteOrder) bool { return o.Uint16([]byte{0, 1}) == 1 }

func put16(o binary.ByteOrder, b []byte, v uint16) []byte { return appender(o).AppendUint16(b, v) }
func put32(o binary.ByteOrder, b []byte, v uint32) []byte { return appender(o).AppendUint32(b, v) }
func put64(o binary.ByteOrder, b []byte, v uint64) []byte { return appender(o).AppendUint64(b, v) }
