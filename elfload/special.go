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
	w := specialWalk{t: t, budget: specialBudget}
	return w.find(id, 0)
}

// Bounds of walks, in members: that of one type, and those of many.
const (
	specialBudget  = 1 << 12
	specialBudgets = 1 << 22
)

// specialFields are those of many types of one table: thousands of maps may share a
// type of thousands of members.
type specialFields struct {
	t     *rawbtf.Table
	known map[rawbtf.ID]string // looked up only
	spent int
}

func newSpecialFields(t *rawbtf.Table) *specialFields {
	return &specialFields{t: t}
}

// of is what specialField is.
func (s *specialFields) of(id rawbtf.ID) string {
	if id == 0 {
		return ""
	}
	if s.plain(id) {
		return ""
	}
	name, ok := s.known[id]
	if !ok {
		budget := min(specialBudget, specialBudgets-s.spent)
		w := specialWalk{t: s.t, budget: budget}
		name = w.find(id, 0)
		if s.known == nil {
			s.known = make(map[rawbtf.ID]string)
		}
		s.known[id] = name
		s.spent += budget - max(w.budget, 0)
	}
	return name
}

// plain tells of the types of most values, at a glance, that they have no members.
func (s *specialFields) plain(id rawbtf.ID) bool {
	for range 4 {
		switch ty := s.t.Type(id); ty.Kind {
		case rawbtf.Int, rawbtf.Enum, rawbtf.Enum64, rawbtf.Float:
			return true
		case rawbtf.Typedef, rawbtf.Const, rawbtf.Volatile:
			id = ty.Ref()
		default:
			return false
		}
	}
	return false
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
		for i := 0; i < ty.Vlen && w.budget >= 0; i++ {
			if s := w.find(ty.Member(i).Type, depth+1); s != "" {
				return s
			}
		}
	}
	return ""
}
