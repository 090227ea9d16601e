package bpfsys

// LinkType is enum bpf_link_type.
type LinkType uint32

// The types of links that BPF_LINK_UPDATE gives another program (update_prog of
// struct bpf_link_ops) and that say where they are attached.
const (
	LinkCgroup LinkType = 3
	LinkIter   LinkType = 4
	LinkNetNS  LinkType = 5
	LinkXDP    LinkType = 6
	// LinkOps is the type of links of struct_ops maps, which are given another map.
	LinkOps     LinkType = 9
	LinkTCX     LinkType = 11
	LinkNetkit  LinkType = 13
	LinkSockmap LinkType = 14
)

// LinkInfo describes a link.
type LinkInfo struct {
	Type   LinkType
	ID     uint32
	ProgID uint32
	// Place is what the link is attached to: an interface's index, a cgroup's id,
	// the inode of a network namespace, or a map's id; 0 for a link that is
	// detached, and for types that have no constant above.
	Place uint64
	// AttachType is enum bpf_attach_type for cgroups, network namespaces, TCX,
	// netkit and socket maps, else 0.
	AttachType uint32
}
