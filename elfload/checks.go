package elfload

import (
	"errors"

	"github.com/bpfload/bpfload/internal/bpfsys"
)

// checkSizes finds zero sizes that no kernel takes before any system call is
// made (D17). perCPU: max_entries 0 stands for the number of CPUs. What else a
// kernel may refuse is left to it: it may be older than this table, or newer. a is overwritten.
func checkSizes(a *bpfsys.MapAttr, d *MapDef, perCPU bool, page int) error {
	*a = bpfsys.MapAttr{Type: d.Type, KeySize: d.KeySize, ValueSize: d.ValueSize, MaxEntries: d.MaxEntries,
		Flags: d.Flags, Extra: d.Extra, KeyTypeID: d.KeyType, ValueTypeID: d.ValueType}
	zero := func(attribute string) bool {
		return attribute == "key_size" && d.KeySize == 0 || attribute == "value_size" && d.ValueSize == 0 ||
			attribute == "max_entries" && d.MaxEntries == 0 && !perCPU
	}
	for _, p := range bpfsys.CheckMap(a, uint32(page)) {
		if zero(p.Attribute) {
			return mapError(d, "map_size", errors.New(p.Reason),
				"change the definition, or override it with --map "+d.Name+"."+p.Attribute+"=N")
		}
	}
	return nil
}
