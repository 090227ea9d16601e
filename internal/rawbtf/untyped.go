package rawbtf

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
)

// EncodeUntyped makes the bytes of a variable that BTF does not describe: an
// integer where it has 1, 2, 4 or 8 bytes, `hex:` with exactly size bytes
// always. size 0 means that the size is not known either; then only `hex:`
// works, with as many bytes as it has.
func EncodeUntyped(order binary.ByteOrder, size uint64, text string) ([]byte, error) {
	if digits, ok := strings.CutPrefix(text, "hex:"); ok {
		b, err := hex.DecodeString(digits)
		if err != nil {
			return nil, fmt.Errorf("value is not hexadecimal after \"hex:\": %w", err)
		}
		if size != 0 && uint64(len(b)) != size {
			return nil, fmt.Errorf("value has %d bytes, but the variable has %d", len(b), size)
		}
		return b, nil
	}
	bits := int(size * 8)
	switch size {
	case 1, 2, 4, 8:
	default:
		return nil, fmt.Errorf("the type of the variable is not known, so its %d bytes can only be given as hex:…", size)
	}
	u, err := strconv.ParseUint(strings.TrimSpace(text), 0, bits)
	if err != nil {
		n, err := strconv.ParseInt(strings.TrimSpace(text), 0, bits)
		if err != nil {
			return nil, fmt.Errorf("value %q is no integer of %d bits, and the type of the variable is not known", text, bits)
		}
		u = uint64(n)
	}
	var b [8]byte
	order.PutUint64(b[:], u)
	if order.Uint16([]byte{1, 0}) == 1 {
		return append([]byte(nil), b[:size]...), nil
	}
	return append([]byte(nil), b[8-size:]...), nil
}
