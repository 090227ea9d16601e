package elfload

// members are the lines of a struct_ops map's function pointers.
func (t *planText) members(m *PlannedMap) {
	if m.StructOps == nil {
		return
	}
	t.add("%s bytes=%d sha256=%s", Quote(m.StructOps.TypeName), len(m.StructOps.Data), shortSum(m.StructOps.Data))
	t.end(under + "struct ")
	for _, s := range m.StructOps.Programs {
		t.add(".%s -> %d %s", Quote(s.Name), s.Program, Quote(t.plan.Programs[s.Program].Name))
		t.end(under + "member ")
	}
}
