package elfload

import (
	"fmt"
	"strconv"
	"strings"
)

// Names of the environment variables of a handover. The first three are
// systemd's (sd_listen_fds(3)), the last two tc's.
const (
	envListenPID     = "LISTEN_PID"
	envListenFDs     = "LISTEN_FDS"
	envListenFDNames = "LISTEN_FDNAMES"
	envMapData       = "BPFLOAD_MAP_DATA"
	envMapDataFD     = "BPFLOAD_MAP_DATA_FD"
	envNumMaps       = "BPF_NUM_MAPS"
	envMapPrefix     = "BPF_MAP"
)

// firstPassedFD is the number of the first descriptor passed
// (SD_LISTEN_FDS_START).
const firstPassedFD = 3

const (
	// maxEnvDocument is the most bytes of BPFLOAD_MAP_DATA.
	maxEnvDocument = 96 << 10
	// maxEnvString is the most bytes of one NAME=VALUE, its terminating zero
	// included (Linux, MAX_ARG_STRLEN).
	maxEnvString = 128 << 10
)

// isHandoverVariable tells the variables that a handover sets, or that would be
// wrong beside those (LISTEN_PIDFDID names the process that they are for).
func isHandoverVariable(name string) bool {
	switch name {
	case envListenPID, envListenFDs, envListenFDNames, "LISTEN_PIDFDID", envMapData, envMapDataFD, envNumMaps:
		return true
	}
	digits, ok := strings.CutPrefix(name, envMapPrefix)
	if !ok || digits == "" {
		return false
	}
	return strings.Trim(digits, "0123456789") == ""
}

// environment is env with the variables of the handover instead of any that it
// had before, for a process with that id that has the descriptors from 3 on. A
// document that is too long for a variable is returned: its descriptor has to
// follow the others.
func (h *Handover) environment(env []string, pid int) (out []string, document []byte, err error) {
	for _, v := range env {
		if name, _, _ := strings.Cut(v, "="); !isHandoverVariable(name) {
			out = append(out, v)
		}
	}
	set := func(name, value string) {
		if err == nil && len(name)+len(value)+2 > maxEnvString {
			err = handoverError(ErrUsage, "environment", "", fmt.Errorf("%s would have %d bytes, and one environment variable holds %d", name, len(value), maxEnvString))
		}
		out = append(out, name+"="+value)
	}
	set(envListenPID, strconv.Itoa(pid))
	set(envListenFDs, strconv.Itoa(len(h.FDs)))
	set(envListenFDNames, joinFDNames(h.Names))
	line, lineErr := h.Line(firstPassedFD)
	if lineErr != nil {
		return nil, nil, lineErr
	}
	if len(line) <= maxEnvDocument {
		set(envMapData, string(line))
		line = nil
	} else {
		set(envMapDataFD, strconv.Itoa(firstPassedFD+len(h.FDs)))
	}
	set(envNumMaps, strconv.Itoa(h.maps))
	for _, n := range h.Numbers {
		set(envMapPrefix+strconv.FormatUint(n.N, 10), strconv.Itoa(firstPassedFD+n.At))
	}
	if err != nil {
		return nil, nil, err
	}
	return out, line, nil
}
