package elfload

import (
	"syscall"

	"github.com/bpfload/bpfload/internal/bpfsys"
)

// recordedToken is what a recorder answers about tokens.
type recordedToken struct {
	userNS bool
	allows bpfsys.Token
}

func (r *recorder) CreateToken(dir string) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.call("token_create", nil, " %s", dir); err != nil {
		return noFD, err
	}
	return r.open("token"), nil
}

func (r *recorder) TokenInfo(fd int) (bpfsys.Token, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.uses(fd)
	return r.token.allows, r.call("token_info", nil, "")
}

func (r *recorder) InUserNS() bool { return r.token.userNS }

// needsToken refuses what is to be made without a token.
func (r *recorder) needsToken() {
	r.refuse = func(_ string, attr any) syscall.Errno {
		fd := 0
		switch a := attr.(type) {
		case *bpfsys.MapAttr:
			fd = a.TokenFD
		case *bpfsys.BTFAttr:
			fd = a.TokenFD
		case *bpfsys.ProgAttr:
			fd = a.TokenFD
		default:
			return 0
		}
		if r.fds[fd] != "token" {
			return syscall.EPERM
		}
		return 0
	}
}
