# Shared by the scripts of this directory; to be sourced.
: "${GO:=$(command -v go || echo /usr/local/go/bin/go)}"
export GO

# mount_bpffs mounts /sys/fs/bpf where it is missing and may be mounted. Without
# it the tests that pin fail or skip by themselves.
mount_bpffs() {
	[[ $(uname -s) == Linux && $(id -u) -eq 0 ]] || return 0
	if [[ $(stat -f -c %t /sys/fs/bpf 2>/dev/null) != cafe4a11 ]]; then
		mount -t bpf bpf /sys/fs/bpf || echo "note: cannot mount bpffs on /sys/fs/bpf" >&2
	fi
}
