package elfload

import (
	"fmt"
	"strconv"
	"strings"
)

// escapeFDName writes a name as LISTEN_FDNAMES can carry it (sd_listen_fds(3)):
// printable ASCII but for the colon, which separates names, and the backslash,
// which systemd's own parser takes away. These, the percent sign, blanks and all
// other bytes become % and two upper-case hex digits; the empty name is a lone
// %. No two names become one.
func escapeFDName(name string) string {
	if name == "" {
		return "%"
	}
	var b strings.Builder
	for i := 0; i < len(name); i++ {
		if c := name[i]; c <= ' ' || c >= 0x7f || strings.IndexByte(`:%\`, c) >= 0 {
			fmt.Fprintf(&b, "%%%02X", c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

// unescapeFDName is the inverse of escapeFDName.
func unescapeFDName(s string) (string, error) {
	if s == "%" {
		return "", nil
	}
	var b strings.Builder
	for {
		plain, rest, found := strings.Cut(s, "%")
		b.WriteString(plain)
		if !found {
			return b.String(), nil
		}
		if len(rest) < 2 {
			return "", fmt.Errorf("name %q ends within an escape", s)
		}
		n, err := strconv.ParseUint(rest[:2], 16, 8)
		if err != nil {
			return "", fmt.Errorf("name %q has an escape that is not %% and two hex digits", s)
		}
		b.WriteByte(byte(n))
		s = rest[2:]
	}
}

// joinFDNames is the value of LISTEN_FDNAMES.
func joinFDNames(names []string) string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = escapeFDName(n)
	}
	return strings.Join(out, ":")
}

// splitFDNames is the inverse of joinFDNames for count names.
func splitFDNames(s string, count int) ([]string, error) {
	if count == 0 && s == "" {
		return nil, nil
	}
	parts := strings.Split(s, ":")
	if len(parts) != count {
		return nil, fmt.Errorf("%d names for %d descriptors", len(parts), count)
	}
	for i := range parts {
		name, err := unescapeFDName(parts[i])
		if err != nil {
			return nil, err
		}
		parts[i] = name
	}
	return parts, nil
}
