package elfload

import (
	"errors"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/btf"
)

// structOps makes the map what cilium/ebpf expects of a struct_ops map: the
// variable's own struct as value, its bytes as contents.
func (c *specMaker) structOps(m *PlannedMap, s *ebpf.MapSpec) {
	s.Key, s.Value = &btf.Int{Size: 4}, c.typ(m.StructOps.Type)
	s.Contents = []ebpf.MapKV{{Key: uint32(0), Value: append([]byte(nil), m.StructOps.Data...)}}
	if st, ok := s.Value.(*btf.Struct); ok && st.Name != m.StructOps.TypeName { // C101: that library knows no flavours
		plain := *st
		plain.Name = m.StructOps.TypeName
		s.Value = &plain
	}
}

// attachStructOps tells programs by name of the members that they are.
func (c *specMaker) attachStructOps() {
	for i := range c.plan.Maps {
		m := &c.plan.Maps[i]
		if m.StructOps == nil || !m.Create {
			continue
		}
		for _, member := range m.StructOps.Programs {
			if p := c.spec.Programs[c.plan.Programs[member.Program].Name]; p != nil {
				p.AttachTo = m.StructOps.TypeName + ":" + member.Name
			}
		}
	}
}

// noArenaData refuses what that library cannot fill.
func noArenaData(m *PlannedMap) error {
	if m.DataSection == 0 {
		return nil
	}
	return mapError(&m.MapDef, "arena", errors.New("a CollectionSpec cannot hold an arena with variables"), "")
}
