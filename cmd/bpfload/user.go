package main

import (
	"fmt"
	"math"
	"os/user"
	"strconv"
	"strings"

	"github.com/bpfload/bpfload/elfload"
)

// credentials reads --user's USER[:GROUP]; nil for "". With a group, that is the
// only one; without, it is the user's login group, and the groups that name the
// user are supplementary. A user by number that has no entry needs a group.
func credentials(spec string) (*elfload.Credentials, error) {
	if spec == "" {
		return nil, nil
	}
	name, group, hasGroup := strings.Cut(spec, ":")
	bad := func(err error) error { return &usageError{err: fmt.Errorf("--user %q: %w", spec, err)} }
	u, lookupErr := lookupUser(name)
	c := &elfload.Credentials{}
	var err error
	switch {
	case lookupErr == nil:
		c.UID, err = parseID(u.Uid)
	case hasGroup:
		if c.UID, err = parseID(name); err != nil {
			err = lookupErr
		}
	default:
		err = lookupErr
	}
	if err != nil {
		return nil, bad(err)
	}
	if hasGroup {
		if c.GID, err = lookupGroup(group); err != nil {
			return nil, bad(err)
		}
		c.Groups = []uint32{c.GID}
		return c, nil
	}
	if c.GID, err = parseID(u.Gid); err != nil {
		return nil, bad(err)
	}
	ids, err := u.GroupIds()
	if err != nil {
		return nil, bad(err)
	}
	for _, id := range ids {
		gid, err := parseID(id)
		if err != nil {
			return nil, bad(err)
		}
		c.Groups = append(c.Groups, gid)
	}
	return c, nil
}

// lookupUser finds a user by name, or else by number.
func lookupUser(name string) (*user.User, error) {
	u, err := user.Lookup(name)
	if err == nil {
		return u, nil
	}
	if _, notNumber := parseID(name); notNumber == nil {
		return user.LookupId(name)
	}
	return nil, err
}

// lookupGroup is the id of a group by name, or else the number itself.
func lookupGroup(name string) (uint32, error) {
	g, err := user.LookupGroup(name)
	if err == nil {
		return parseID(g.Gid)
	}
	if id, notNumber := parseID(name); notNumber == nil {
		return id, nil
	}
	return 0, err
}

// parseID reads a user's or group's number. The highest one means "unchanged" to
// the kernel and is refused.
func parseID(s string) (uint32, error) {
	n, err := strconv.ParseUint(s, 10, 32)
	if err != nil || n == math.MaxUint32 {
		return 0, fmt.Errorf("%q is not a number of a user or group", s)
	}
	return uint32(n), nil
}
