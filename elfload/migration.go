package elfload

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/cilium/ebpf"
)

// contents is how the entries of a map are read and written. Entries move only
// between maps of one kind of contents.
type contents uint8

const (
	noContents contents = iota
	hashValues
	arrayValues
	trieValues
	perCPUHashValues
	perCPUArrayValues
	innerMaps // by id
	programs  // by id
)

// contentsOf tells for each type that entries can be moved of how.
var contentsOf = map[ebpf.MapType]contents{
	ebpf.Hash: hashValues, ebpf.LRUHash: hashValues, ebpf.PerCPUHash: perCPUHashValues, ebpf.LRUCPUHash: perCPUHashValues,
	ebpf.Array: arrayValues, ebpf.PerCPUArray: perCPUArrayValues, ebpf.LPMTrie: trieValues,
	ebpf.ArrayOfMaps: innerMaps, ebpf.HashOfMaps: innerMaps, ebpf.ProgramArray: programs,
}

// whyNotMoved says of other types why not.
var whyNotMoved = map[ebpf.MapType]string{
	ebpf.RingBuf: "records belong to whoever reads the ring buffer", ebpf.UserRingbuf: "records belong to the program that reads the ring buffer",
	ebpf.PerfEventArray: "perf events belong to the process that opened them",
	ebpf.Queue:          "reading takes the elements out", ebpf.Stack: "reading takes the elements out",
	ebpf.BloomFilter: "a bloom filter does not tell what is in it", ebpf.StackTrace: "only the kernel writes stack traces",
	ebpf.SkStorage: "storage hangs on its socket", ebpf.InodeStorage: "storage hangs on its inode",
	ebpf.TaskStorage: "storage hangs on its task", ebpf.CgroupStorage: "storage hangs on its cgroup",
	ebpf.PerCPUCGroupStorage: "storage hangs on its cgroup", ebpf.CGroupArray: "cgroups cannot be read back",
	ebpf.SockMap: "sockets cannot be read back", ebpf.SockHash: "sockets cannot be read back", ebpf.XSKMap: "sockets cannot be read back",
	ebpf.ReusePortSockArray: "sockets cannot be read back", ebpf.Arena: "memory may hold pointers into itself",
	ebpf.StructOpsMap: "a registration cannot be moved",
}

func (c contents) perCPU() bool { return c == perCPUHashValues || c == perCPUArrayValues }
func (c contents) array() bool  { return c == arrayValues || c == perCPUArrayValues }
func (c contents) byID() bool   { return c == innerMaps || c == programs }

// migration is how the entries of one map become those of another.
type migration struct {
	contents contents
	value    *valueCopy
	// dropped are variables of a data section that the new one does not have.
	dropped []string
}

// planMigration finds out whether and how entries can be moved from the older
// map to the newer. It is pure; the error says what stands in the way.
func planMigration(old, new *mapShape) (*migration, error) {
	from, to := contentsOf[ebpf.MapType(old.typ)], contentsOf[ebpf.MapType(new.typ)]
	switch {
	case from == noContents:
		return nil, notMoved(old.typ)
	case to == noContents:
		return nil, notMoved(new.typ)
	case from != to:
		return nil, fmt.Errorf("entries of type %s do not become entries of type %s", mapTypeText(old.typ), mapTypeText(new.typ))
	case old.keySize != new.keySize:
		return nil, fmt.Errorf("keys of %d bytes do not become keys of %d", old.keySize, new.keySize)
	case new.flags&flagRdonly != 0:
		return nil, errors.New("the new map cannot be written (BPF_F_RDONLY)")
	}
	if diffs := old.keyDifferences(new); len(diffs) > 0 {
		return nil, fmt.Errorf("keys are not the same: %s", fieldTexts(diffs))
	}
	m := &migration{contents: from}
	if from.byID() {
		return m, nil
	}
	c, err := planValueCopy(old, new)
	if err != nil {
		return nil, err
	}
	m.value, m.dropped = c, c.dropped
	return m, nil
}

func notMoved(typ uint32) error {
	why := whyNotMoved[ebpf.MapType(typ)]
	if why == "" {
		why = "what is in it cannot be read back"
	}
	return fmt.Errorf("entries of type %s cannot be copied: %s", mapTypeText(typ), why)
}

// keyDifferences are the fields in which keys differ.
func (old *mapShape) keyDifferences(new *mapShape) []FieldDiff {
	return slices.DeleteFunc(old.typeDifferences(new), func(d FieldDiff) bool { return !strings.HasPrefix(d.Field, "key.") })
}
