package bpfsys

import (
	"os"
	"strconv"
	"strings"
)

// Token is what a BPF token allows, one bit for each value of the enum, as the
// mount options of its bpffs say: delegate_cmds, delegate_maps, delegate_progs
// and delegate_attachs.
type Token struct {
	Commands uint64 // enum bpf_cmd
	Maps     uint64 // enum bpf_map_type
	Programs uint64 // enum bpf_prog_type
	Attach   uint64 // enum bpf_attach_type; programs without one count as type 0
}

// Commands whose bits in Token.Commands a load needs.
const (
	CmdMapCreate = cmdMapCreate
	CmdProgLoad  = cmdProgLoad
	CmdBTFLoad   = cmdBTFLoad
)

// TokenInfo reads what the token allows from /proc/self/fdinfo (Linux 6.9).
func TokenInfo(fd int) (Token, error) {
	text, err := os.ReadFile("/proc/self/fdinfo/" + strconv.Itoa(fd))
	if err != nil {
		return Token{}, err
	}
	return parseToken(string(text)), nil
}

// parseToken reads lines such as "allowed_cmds:\t0x41" or "allowed_maps:\tany"
// (bpf_token_show_fdinfo). What is not there is not allowed.
func parseToken(text string) Token {
	var t Token
	masks := map[string]*uint64{"allowed_cmds": &t.Commands, "allowed_maps": &t.Maps, "allowed_progs": &t.Programs, "allowed_attachs": &t.Attach}
	for line := range strings.Lines(text) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ":")
		mask := masks[name]
		if mask == nil {
			continue
		}
		if value = strings.TrimSpace(value); value == "any" {
			*mask = ^uint64(0)
			continue
		}
		*mask, _ = strconv.ParseUint(value, 0, 64) // 0 where it is no number
	}
	return t
}

// Allows tells whether mask, one of Token's, has bit n.
func Allows(mask uint64, n uint32) bool { return n < 64 && mask&(1<<n) != 0 }
