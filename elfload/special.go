package elfload

import (
	"errors"
	"slices"

	"github.com/bpfload/bpfload/internal/rawbtf"
)

// specials are the structs that the kernel finds in map values and manages
// itself (kernel/bpf/btf.c, btf_find_field).
var specials = []string{"bpf_spin_lock", "bpf_res_spin_lock", "bpf_timer", "bpf_wq", "bpf_task_work",
	"bpf_list_head", "bpf_list_node", "bpf_rb_root", "bpf_rb_node", "bpf_refcount"}

// kptrTags are the type tags that make a pointer in a map value the kernel's.
var kptrTags = []string{"kptr", "kptr_untrusted", "kptr_ref", "percpu_kptr", "uptr"}

// specialField names the first field of the type that only the kernel may
// touch, "" if there is none. Such a map is useless without its BTF.
func specialField(t *rawbtf.Table, id rawbtf.ID) string {
	w := specialWalk{t: t, budget: 4096}
	return w.find(id, 0)
}

// specialWalk bounds the walk over nested members: types may nest as a graph.
type specialWalk struct {
	t      *rawbtf.Table
	budget int
	except []string // of the specials
}

func (w *specialWalk) find(id rawbtf.ID, depth int) string {
	if w.budget--; w.budget < 0 || depth > 16 {
		return ""
	}
	ty, err := w.t.Strip(id)
	if errors.Is(err, rawbtf.ErrCycle) {
		return ""
	}
	switch ty.Kind {
	case rawbtf.Array:
		return w.find(ty.Array().Elem, depth+1)
	case rawbtf.Ptr:
		if tag := w.t.Type(ty.Ref()); tag.Kind == rawbtf.TypeTag {
			for _, name := range kptrTags {
				if tag.NameIs(name) {
					return name
				}
			}
		}
	case rawbtf.Struct, rawbtf.Union:
		for _, name := range specials {
			if ty.NameIs(name) && !slices.Contains(w.except, name) {
				return name
			}
		}
		for i := range ty.Vlen {
			if s := w.find(ty.Member(i).Type, depth+1); s != "" {
				return s
			}
		}
	}
	return ""
}
