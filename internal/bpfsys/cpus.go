package bpfsys

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// maxCPUs bounds what is believed of a CPU list; the kernel's own bound is
// CONFIG_NR_CPUS, 8192 at most.
const maxCPUs = 1 << 16

// PossibleCPUs is how many values an element of a per-CPU map has: the number
// of CPUs that may ever be plugged in (spec R78).
func PossibleCPUs() (int, error) { return possibleCPUs("/") }

func possibleCPUs(root string) (int, error) {
	path := filepath.Join(root, "sys/devices/system/cpu/possible")
	b, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	n, err := parseCPUs(string(b))
	if err != nil {
		return 0, fmt.Errorf("%s: %w", path, err)
	}
	return n, nil
}

// parseCPUs counts the CPUs of a list such as "0-3,8-11\n". The kernel numbers
// the values of a per-CPU element without gaps, so the count is what matters,
// not the highest number.
func parseCPUs(list string) (int, error) {
	total, next := 0, 0
	for part := range strings.SplitSeq(strings.TrimSpace(list), ",") {
		lo, hi, isRange := strings.Cut(part, "-")
		first, err := strconv.ParseUint(lo, 10, 32)
		if err != nil {
			return 0, fmt.Errorf("CPU list %q: %q is not a number", list, lo)
		}
		last := first
		if isRange {
			if last, err = strconv.ParseUint(hi, 10, 32); err != nil {
				return 0, fmt.Errorf("CPU list %q: %q is not a number", list, hi)
			}
		}
		if last < first || first < uint64(next) || last >= maxCPUs {
			return 0, fmt.Errorf("CPU list %q: range %q is out of order or too large", list, part)
		}
		total += int(last-first) + 1
		next = int(last) + 1
	}
	return total, nil
}
