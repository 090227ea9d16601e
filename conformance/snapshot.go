//go:build linux

package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/cilium/ebpf"

	"github.com/bpfload/bpfload/internal/bpfsys"
)

// fact is one statement about a map or program.
type fact struct{ field, value string }

// thing is a map or a program in the kernel, under the name that its loader uses.
type thing struct {
	name  string
	typ   uint32 // enum bpf_map_type or bpf_prog_type
	id    uint32
	facts []fact
}

// fact is the value of a field, "" where there is none.
func (t *thing) fact(field string) string {
	for _, f := range t.facts {
		if f.field == field {
			return f.value
		}
	}
	return ""
}

func (t *thing) add(field string, value any) {
	t.facts = append(t.facts, fact{field, fmt.Sprint(value)})
}

// state is what a loader holds in the kernel: maps in the order of their
// creation, programs by name.
type state struct{ maps, programs []thing }

// snapshot reads what the process holds, while it holds it.
func (p *process) snapshot(a answer) (*state, error) {
	s := &state{}
	mapNames, programNames := make(map[uint32]string), make(map[uint32]string)
	for _, m := range a.Maps {
		id := p.objectID(m.FD, "map_id")
		if id == 0 {
			continue // not created
		}
		name := numbered(m.Name, s.maps)
		mapNames[id] = name
		s.maps = append(s.maps, thing{name: name, id: id})
	}
	for _, m := range a.Programs {
		id := p.objectID(m.FD, "prog_id")
		if id == 0 {
			continue
		}
		name := numbered(m.Name, s.programs)
		programNames[id] = name
		s.programs = append(s.programs, thing{name: name, id: id, facts: []fact{{"expected attach type", fmt.Sprint(m.AttachType)}}})
	}
	r := reader{mapNames: mapNames, programNames: programNames}
	for i := range s.maps {
		if err := r.readMap(&s.maps[i]); err != nil {
			return nil, fmt.Errorf("map %q: %w", s.maps[i].name, err)
		}
	}
	for i := range s.programs {
		if err := r.readProgram(&s.programs[i]); err != nil {
			return nil, fmt.Errorf("program %q: %w", s.programs[i].name, err)
		}
	}
	slices.SortFunc(s.maps, func(a, b thing) int { return int(a.id) - int(b.id) })
	slices.SortStableFunc(s.programs, func(a, b thing) int { return strings.Compare(a.name, b.name) })
	return s, nil
}

// numbered tells things of one name apart (R25) by their order in the loader's list.
func numbered(name string, have []thing) string {
	out := name
	for n := 2; find(have, out) != nil; n++ {
		out = fmt.Sprintf("%s#%d", name, n)
	}
	return out
}

// objectID is what the process's fdinfo says of one of its descriptors, 0 where
// the descriptor is of another kind, or none.
func (p *process) objectID(fd int, key string) uint32 {
	if fd < 0 {
		return 0
	}
	id, _ := strconv.ParseUint(fdinfo(p.cmd.Process.Pid, fd, key), 10, 32)
	return uint32(id)
}

func fdinfo(pid, fd int, key string) string {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/fdinfo/%d", pid, fd))
	for line := range strings.Lines(string(text)) {
		if k, v, ok := strings.Cut(line, ":"); ok && k == key {
			return strings.TrimSpace(v)
		}
	}
	return ""
}

// reader knows what the loader calls its kernel objects.
type reader struct{ mapNames, programNames map[uint32]string }

func (r *reader) readMap(t *thing) error {
	m, err := ebpf.NewMapFromID(ebpf.MapID(t.id))
	if err != nil {
		return err
	}
	defer func() { _ = m.Close() }()
	info, err := bpfsys.GetMapInfo(m.FD())
	if err != nil {
		return err
	}
	t.typ = info.Type
	t.add("type", ebpf.MapType(info.Type))
	t.add("kernel name", info.Name)
	t.add("key size", info.KeySize)
	t.add("value size", info.ValueSize)
	t.add("max entries", info.MaxEntries)
	t.add("flags", fmt.Sprintf("%#x", info.Flags))
	t.add("map extra", fmt.Sprintf("%#x", info.Extra))
	t.add("BTF", info.BTFID != 0)
	t.add("key type", info.KeyTypeID != 0)
	t.add("value type", info.ValueTypeID != 0)
	t.add("key type id", info.KeyTypeID)
	t.add("value type id", info.ValueTypeID)
	t.add("kernel value type", info.VmlinuxValueTypeID)
	t.add("frozen", fdinfo(os.Getpid(), m.FD(), "frozen"))
	t.add("contents", r.contents(m, &info))
	return nil
}

// maxShown is how many bytes of a value are written out; of longer ones, the hash.
const maxShown = 32

// contents are all elements that are neither empty nor zeros, of those maps that
// a loader fills.
func (r *reader) contents(m *ebpf.Map, info *bpfsys.MapInfo) string {
	switch m.Type() {
	case ebpf.ArrayOfMaps, ebpf.ProgramArray:
		return r.slots(m, arrayKeys(min(info.MaxEntries, 4096)))
	case ebpf.HashOfMaps:
		return r.slots(m, mapKeys(m))
	case ebpf.Array:
		return elements(m, info)
	}
	return ""
}

func arrayKeys(n uint32) [][]byte {
	keys := make([][]byte, n)
	for i := range keys {
		keys[i] = binary.NativeEndian.AppendUint32(nil, uint32(i))
	}
	return keys
}

func mapKeys(m *ebpf.Map) (keys [][]byte) {
	var last any
	for {
		key, err := m.NextKeyBytes(last)
		if err != nil || key == nil || len(keys) > 4096 {
			slices.SortFunc(keys, bytes.Compare)
			return keys
		}
		keys = append(keys, key)
		last = key
	}
}

// slots writes "slot=name …".
func (r *reader) slots(m *ebpf.Map, keys [][]byte) string {
	names := r.mapNames
	if m.Type() == ebpf.ProgramArray {
		names = r.programNames
	}
	var words []string
	for _, key := range keys {
		value := make([]byte, 4)
		if bpfsys.MapLookup(m.FD(), key, value, 0) != nil {
			continue // empty
		}
		name, ok := names[binary.NativeEndian.Uint32(value)]
		if !ok {
			name = "?"
		}
		words = append(words, fmt.Sprintf("%x=%s", key, name))
	}
	return strings.Join(words, " ")
}

// elements writes the first elements of an array.
func elements(m *ebpf.Map, info *bpfsys.MapInfo) string {
	var words []string
	for i, key := range arrayKeys(min(info.MaxEntries, 64)) {
		value := make([]byte, info.ValueSize)
		if err := bpfsys.MapLookup(m.FD(), key, value, 0); err != nil {
			return "unreadable: " + bpfsys.ErrnoName(bpfsys.Errno(err))
		}
		hideAddresses(value)
		switch {
		case len(bytes.Trim(value, "\x00")) == 0:
		case len(value) <= maxShown:
			words = append(words, fmt.Sprintf("%d=%x", i, value))
		default:
			words = append(words, fmt.Sprintf("%d=sha256:%x", i, sha256.Sum256(value)))
		}
	}
	return strings.Join(words, " ")
}

// hideAddresses blanks words that look like addresses of the kernel's memory: empty
// lists are made of them.
func hideAddresses(value []byte) {
	for i := 0; i+8 <= len(value); i += 8 {
		if word := binary.NativeEndian.Uint64(value[i:]); word>>40 >= 0xffff80 && word>>40 < 0xffffff {
			copy(value[i:], "address.")
		}
	}
}

func (r *reader) readProgram(t *thing) error {
	fd, err := bpfsys.ProgByID(t.id)
	if err != nil {
		return err
	}
	defer func() { _ = bpfsys.Close(fd) }()
	info, err := bpfsys.GetProgInfo(fd)
	if err != nil {
		return err
	}
	t.typ = info.Type
	t.add("type", ebpf.ProgramType(info.Type))
	t.add("kernel name", info.Name)
	t.add("attach BTF id", info.AttachBTFID)
	t.add("attach BTF", r.btfName(info.AttachBTFObjID))
	t.add("GPL", info.GPLCompatible)
	t.add("function records", info.FuncInfos)
	t.add("line records", info.LineInfos)
	t.add("maps", r.usedMaps(info.MapIDs))
	t.add("tag", fmt.Sprintf("%x", info.Tag))
	t.add("instructions", info.XlatedLen/8)
	t.add("verified instructions", info.VerifiedInsns)
	t.add("BTF", info.BTFID != 0)
	return nil
}

// btfName is "vmlinux" or a module's name, and "program" for what is not the kernel's.
func (r *reader) btfName(id uint32) string {
	if id == 0 {
		return ""
	}
	fd, err := bpfsys.BTFByID(id)
	if err != nil {
		return err.Error()
	}
	defer func() { _ = bpfsys.Close(fd) }()
	info, err := bpfsys.GetBTFInfo(fd)
	switch {
	case err != nil:
		return err.Error()
	case !info.Kernel:
		return "program"
	}
	return info.Name
}

// usedMaps names maps; one that the loader does not list goes by the kernel's name.
func (r *reader) usedMaps(ids []uint32) string {
	names := make([]string, len(ids))
	for i, id := range ids {
		name, ok := r.mapNames[id]
		if !ok {
			name = "(" + kernelMapName(id) + ")"
		}
		names[i] = name
	}
	slices.Sort(names)
	return strings.Join(names, " ")
}

func kernelMapName(id uint32) string {
	m, err := ebpf.NewMapFromID(ebpf.MapID(id))
	if err != nil {
		return err.Error()
	}
	defer func() { _ = m.Close() }()
	info, err := bpfsys.GetMapInfo(m.FD())
	if err != nil {
		return err.Error()
	}
	return info.Name
}
