package bpfsys

import (
	"fmt"
	"syscall"
)

// checkFlags is the problems of map_flags.
func (r *mapRule) checkFlags(name string, flags uint32) []Problem {
	var all []Problem
	add := func(bit uint32, format string, args ...any) {
		all = append(all, Problem{"map_flags", bit, fmt.Sprintf(format, args...), syscall.EINVAL})
	}
	flags &^= flagTokenFD
	if bad := flags &^ r.allowed; bad != 0 {
		for bit := range 32 {
			if one := bad & (1 << bit); one != 0 {
				add(one, "map_flags bit %#x (%s) is not allowed for %s maps", one, flagText(one), name)
			}
		}
	}
	if lacks := r.required &^ flags; lacks != 0 {
		add(0, "%s maps need %s in map_flags", name, FlagNames(lacks))
	}
	if both := uint32(FlagRdonlyProg | FlagWronlyProg); flags&both == both {
		add(FlagWronlyProg, "BPF_F_RDONLY_PROG and BPF_F_WRONLY_PROG exclude each other")
	}
	if both := uint32(FlagRdonly | FlagWronly); flags&both == both {
		add(FlagWronly, "BPF_F_RDONLY and BPF_F_WRONLY exclude each other")
	}
	return all
}

// flagText is a bit's name, or that it has none.
func flagText(bit uint32) string {
	if name := FlagNames(bit); name != fmt.Sprintf("%#x", bit) {
		return name
	}
	return "a bit without a name"
}

// checkBTFIDs is the problems of btf_key_type_id and btf_value_type_id.
func checkBTFIDs(r *mapRule, a *MapAttr) []Problem {
	var all []Problem
	if r.btf && (a.BTFFD == 0 || a.KeyTypeID == 0 || a.ValueTypeID == 0) {
		all = append(all, Problem{"btf_key_type_id", 0,
			MapTypeName(a.Type) + " maps need BTF types of key and value", syscall.EINVAL})
	}
	if !r.btf && a.KeyTypeID != 0 && a.ValueTypeID == 0 {
		all = append(all, Problem{"btf_value_type_id", 0,
			"a key type without a value type is refused", syscall.EINVAL})
	}
	if a.VmlinuxValueTypeID != 0 && a.Type != mapStructOps {
		all = append(all, Problem{"btf_vmlinux_value_type_id", 0,
			"only struct_ops maps have a kernel value type", syscall.EINVAL})
	}
	return all
}

// checkName is the problem of a name with characters that the kernel refuses
// (bpf_obj_name_cpy).
func checkName(name string) []Problem {
	for i := range min(len(name), objNameLen-1) {
		c := name[i]
		ok := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '.'
		if !ok {
			return []Problem{{"map_name", 0, fmt.Sprintf("the kernel refuses the character %q in the name %q", c, name), syscall.EINVAL}}
		}
	}
	return nil
}

// hashSizes is the rules of hash tables beyond single attributes.
func hashSizes(a *MapAttr, _ uint32) []Problem {
	// KMALLOC_MAX_SIZE with 4 KiB pages is 4 MiB; an element with its header
	// must stay below.
	const most = 4 << 20
	var all []Problem
	if uint64(a.KeySize)+uint64(a.ValueSize) >= most-64 {
		all = append(all, Problem{"value_size", 0,
			fmt.Sprintf("key and value of a hash element take %s, the kernel's limit is 4 MiB",
				Bytes(uint64(a.KeySize)+uint64(a.ValueSize))), syscall.E2BIG})
	}
	return append(all, perCPUNuma(a)...)
}

// perCPUNuma refuses a NUMA node for hash tables whose elements are per CPU.
func perCPUNuma(a *MapAttr) []Problem {
	perCPU := a.Type == mapPercpuHash || a.Type == mapLRUPercpuHash
	if a.Flags&FlagNumaNode != 0 && (perCPU || a.Flags&FlagNoCommonLRU != 0) {
		return []Problem{{"numa_node", 0, "a map with per-CPU memory cannot be put on one NUMA node", syscall.EINVAL}}
	}
	return nil
}

// stackDepth is the rule of value_size of stack_trace maps.
func stackDepth(a *MapAttr, _ uint32) []Problem {
	frame, what := uint32(8), "addresses of 8 bytes"
	if a.Flags&FlagStackBuildID != 0 {
		frame, what = 32, "struct bpf_stack_build_id of 32 bytes"
	}
	switch {
	case a.ValueSize%frame != 0:
		return []Problem{{"value_size", 0, fmt.Sprintf("a stack trace is %s, and value_size %d is not a multiple", what, a.ValueSize), syscall.EINVAL}}
	case a.ValueSize/frame > maxStackDepth:
		return []Problem{{"value_size", 0, fmt.Sprintf("value_size %d is a stack of %d frames, kernel.perf_event_max_stack is %d unless changed",
			a.ValueSize, a.ValueSize/frame, maxStackDepth), syscall.EINVAL}}
	}
	return nil
}

// needsInner is the rule of maps of maps.
func needsInner(a *MapAttr, _ uint32) []Problem {
	if a.InnerMapFD == 0 {
		return []Problem{{"inner_map_fd", 0, "a map of maps needs an inner map as template", syscall.EBADF}}
	}
	return nil
}

// needsKernelType is the rule of struct_ops maps.
func needsKernelType(a *MapAttr, _ uint32) []Problem {
	if a.VmlinuxValueTypeID == 0 {
		return []Problem{{"btf_vmlinux_value_type_id", 0, "a struct_ops map needs the kernel's value type", syscall.EINVAL}}
	}
	return nil
}

// ringEntries is the rule of max_entries of ring buffers, which is in bytes.
func ringEntries(a *MapAttr, pageSize uint32) []Problem {
	n := a.MaxEntries
	if n != 0 && n&(n-1) == 0 && (pageSize == 0 || n%pageSize == 0) {
		return nil
	}
	return []Problem{{"max_entries", 0, fmt.Sprintf("max_entries of a ring buffer is its size in bytes: a power of 2 and a multiple of the page size %d, not %d",
		pageSize, n), syscall.EINVAL}}
}

// arenaExtra is the rules of an arena: map_extra is its address in user space,
// max_entries its pages.
func arenaExtra(a *MapAttr, pageSize uint32) []Problem {
	if pageSize == 0 {
		return nil
	}
	var all []Problem
	if a.Extra%uint64(pageSize) != 0 {
		all = append(all, Problem{"map_extra", 0, fmt.Sprintf("map_extra %#x is not a multiple of the page size %d", a.Extra, pageSize), syscall.EINVAL})
	}
	total := uint64(a.MaxEntries) * uint64(pageSize)
	if total > 1<<32 {
		all = append(all, Problem{"max_entries", 0, fmt.Sprintf("an arena holds at most 4 GiB, not %s", Bytes(total)), syscall.E2BIG})
	} else if a.Extra != 0 && total != 0 && a.Extra>>32 != (a.Extra+total-1)>>32 {
		all = append(all, Problem{"map_extra", 0, "an arena must not cross a 4 GiB boundary of addresses", syscall.ERANGE})
	}
	return all
}
