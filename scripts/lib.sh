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

# patiently COMMAND…: what needs a network gets four tries within PATIENCE seconds
# or so (default: 100).
patiently() {
	local part
	for part in 20 5 1; do
		"$@" && return
		echo "note: \"$*\" failed; once more in $((${PATIENCE:-100} / part)) s" >&2
		sleep $((${PATIENCE:-100} / part))
	done
	"$@"
}

# apt_install PACKAGE…: with lists as new as they can be had; old ones may do.
apt_install() { patiently apt_install_once "$@"; }

apt_install_once() {
	apt-get update -q || echo "note: package lists are not up to date" >&2
	apt-get install -q -y --no-install-recommends -o DPkg::Lock::Timeout=300 "$@"
}

# from_package PACKAGE DIRECTORY BENCH CACHE: the objects of a Debian package, also those inside
# its programs, in CACHE/PACKAGE; BENCH is the built command of bench/. What is there is kept.
from_package() {
	[[ -e $4/$1/.complete ]] && return
	local tmp
	tmp=$(mktemp -d)
	(cd "$tmp" && { apt-get download -q "$1" || { apt-get update -q && apt-get download -q "$1"; }; } && dpkg-deb -x "$1"_*.deb .)
	mkdir -p "$4/$1"
	if compgen -G "$tmp/$2/*.o" >/dev/null; then cp "$tmp/$2"/*.o "$4/$1"; else "$3" -extract "$tmp/$2" "$4/$1"; fi
	rm -rf "$tmp"
	touch "$4/$1/.complete"
}
