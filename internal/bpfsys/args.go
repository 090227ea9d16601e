package bpfsys

import (
	"fmt"
	"slices"
	"strconv"
)

// num is a decimal argument.
func num[T ~int | ~int32 | ~uint32 | ~uint64](name string, v T) Arg {
	return Arg{name, fmt.Sprintf("%d", v)}
}

// hex is a hexadecimal argument.
func hex[T ~uint32 | ~uint64](name string, v T) Arg {
	return Arg{name, fmt.Sprintf("%#x", uint64(v))}
}

// text is a quoted argument.
func text(name, v string) Arg { return Arg{name, strconv.Quote(v)} }

// absent is an argument that is not shown.
var absent = Arg{}

// set keeps the arguments that are present.
func set(all ...Arg) []Arg {
	return slices.DeleteFunc(all, func(a Arg) bool { return a == absent })
}

// unless0 is the argument made of v, absent for the zero value.
func unless0[T comparable](arg func(string, T) Arg, name string, v T) Arg {
	var zero T
	if v == zero {
		return absent
	}
	return arg(name, v)
}

// flagsArg is the number and, where there are any, the names of its bits.
func flagsArg(name string, v uint32, words string) Arg {
	if v == 0 {
		return Arg{name, "0x0"}
	}
	return Arg{name, fmt.Sprintf("%#x (%s)", v, words)}
}

// args is the call's attributes in words: the five that every map has, and
// what else is set.
func (a *MapAttr) args() []Arg {
	always := []Arg{
		{"map_type", typeText(MapTypeName(a.Type), a.Type)},
		num("key_size", a.KeySize), num("value_size", a.ValueSize), num("max_entries", a.MaxEntries),
		flagsArg("map_flags", a.wireFlags(), FlagNames(a.wireFlags())),
	}
	return append(always, set(
		unless0(num[int], "inner_map_fd", a.InnerMapFD), numaArg(a),
		unless0(text, "map_name", a.Name), unless0(num[uint32], "map_ifindex", a.Ifindex),
		unless0(num[int], "btf_fd", a.BTFFD),
		unless0(num[uint32], "btf_key_type_id", a.KeyTypeID),
		unless0(num[uint32], "btf_value_type_id", a.ValueTypeID),
		unless0(num[uint32], "btf_vmlinux_value_type_id", a.VmlinuxValueTypeID),
		unless0(hex[uint64], "map_extra", a.Extra),
		unless0(num[int], "value_type_btf_obj_fd", a.ValueTypeBTFObjFD),
		unless0(num[int], "map_token_fd", a.TokenFD))...)
}

// numaArg shows node 0 too where the flag says that it counts.
func numaArg(a *MapAttr) Arg {
	if a.Flags&FlagNumaNode != 0 {
		return num("numa_node", a.NumaNode)
	}
	return unless0(num[uint32], "numa_node", a.NumaNode)
}

func (a *BTFAttr) args() []Arg {
	return set(num("btf_size", len(a.Raw)),
		unless0(num[uint32], "btf_log_level", a.LogLevel), unless0(num[int], "btf_token_fd", a.TokenFD))
}

func (a *ProgAttr) args() []Arg {
	always := []Arg{
		{"prog_type", typeText(ProgTypeName(a.Type), a.Type)},
		num("insn_cnt", len(a.Insns)/insnSize), text("license", a.License),
	}
	return append(always, set(
		unless0(hex[uint32], "kern_version", a.KernVersion),
		unless0(hex[uint32], "prog_flags", a.wireFlags()),
		unless0(text, "prog_name", a.Name), unless0(num[uint32], "prog_ifindex", a.Ifindex),
		unless0(num[uint32], "expected_attach_type", a.AttachType),
		unless0(num[int], "prog_btf_fd", a.BTFFD),
		unless0(num[int], "func_info bytes", len(a.FuncInfo)),
		unless0(num[int], "line_info bytes", len(a.LineInfo)),
		unless0(num[uint32], "attach_btf_id", a.AttachBTFID),
		unless0(num[int], "attach_prog_fd", a.AttachProgFD),
		unless0(num[int], "attach_btf_obj_fd", a.AttachBTFObjFD),
		unless0(num[int], "fd_array length", len(a.FDArray)),
		unless0(num[int], "core_relos bytes", len(a.CORERelos)),
		unless0(num[uint32], "log_level", a.LogLevel),
		unless0(num[int], "prog_token_fd", a.TokenFD))...)
}

// typeText is "hash (1)", or the bare number where there is no name.
func typeText(name string, n uint32) string {
	if name == "" {
		return strconv.FormatUint(uint64(n), 10)
	}
	return fmt.Sprintf("%s (%d)", name, n)
}

// keyText is the key as hexadecimal bytes, the first 32 of them.
func keyText(key []byte) string {
	const most = 32
	if len(key) == 0 {
		return "none"
	}
	if len(key) > most {
		return fmt.Sprintf("%x… (%d bytes)", key[:most], len(key))
	}
	return fmt.Sprintf("%x", key)
}
