package bpfsys

import "net"

// InterfaceIndex is the number of a network device in this network namespace.
func InterfaceIndex(name string) (uint32, error) {
	i, err := net.InterfaceByName(name)
	if err != nil {
		return 0, err
	}
	return uint32(i.Index), nil
}
