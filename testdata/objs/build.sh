#!/bin/bash
# Compiles every fixture of this directory. From NAME.c come
#   NAME.o           little endian, by $CLANG
#   NAME.eb.o        big endian, by $CLANG
#   NAME.clang14.o   little endian, by $CLANG14    with "also: clang14"
#   NAME.old.o       NAME.o with the symbols of an old clang, with "also: old"
# With "compiler: clang22" it is $CLANG22 instead of $CLANG; where that is not
# installed, the objects are left as they are.
# Comments in the source steer this: "// cflags: …" adds flags, "// also: …" asks
# for further forms. NAME.link lists sources that are compiled one by one and
# linked by `bpftool gen object`, in this order.
#
# Nothing of the machine gets into an object: sources are named relative to this
# directory, and DWARF is stripped. Two runs give the same bytes.
#
# usage: build.sh [NAME…]
set -euo pipefail
cd "$(dirname "$0")"
: "${CLANG:=clang-19}" "${CLANG14:=clang-14}" "${CLANG22:=clang-22}" "${STRIP:=llvm-strip-19}" "${BPFTOOL:=bpftool}"

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
go build -o "$tmp/oldclang" ../../internal/elftest/oldclang

# said KEY FILE: what the comment "// KEY: …" of the file says.
said() { sed -n "s,^// $1: ,,p" "$2"; }

# compile COMPILER TARGET SOURCE OUT
compile() {
	local flags
	read -ra flags <<<"$(said cflags "$3")"
	"$1" -target "$2" -O2 -g -mcpu=v3 -Wall -Werror -fno-ident -fdebug-compilation-dir=. \
		${flags[@]+"${flags[@]}"} -c "$3" -o "$4"
	"$STRIP" -g "$4"
}

build() {
	local name=$1 also
	if [[ -e $name.link ]]; then
		link "$name"
		return
	fi
	local clang=$CLANG
	if [[ $(said compiler "$name.c") == clang22 ]]; then
		clang=$CLANG22
		if ! command -v "$clang" >/dev/null; then
			echo "$clang is not installed: $name.o is taken as committed"
			return
		fi
	fi
	compile "$clang" bpfel "$name.c" "$name.o"
	compile "$clang" bpfeb "$name.c" "$name.eb.o"
	also=" $(said also "$name.c") "
	[[ $also != *" clang14 "* ]] || compile "$CLANG14" bpfel "$name.c" "$name.clang14.o"
	[[ $also != *" old "* ]] || "$tmp/oldclang" "$name.o" "$name.old.o"
}

link() {
	local source parts=()
	while read -r source; do
		compile "$CLANG" bpfel "$source" "$tmp/${source//\//_}.o"
		parts+=("$tmp/${source//\//_}.o")
	done <"$1.link"
	"$BPFTOOL" gen object "$1.o" "${parts[@]}"
}

if [[ $# -eq 0 ]]; then
	shopt -s nullglob
	set -- *.c *.link
fi
for name; do
	name=${name%.c}
	build "${name%.link}"
done
