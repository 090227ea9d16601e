#!/bin/bash
# Compiles the fixtures of this directory. Nothing of the machine gets into an
# object.
set -euo pipefail
cd "$(dirname "$0")"
: "${CLANG:=clang-19}" "${STRIP:=llvm-strip-19}"
for source in *.c; do
	"$CLANG" -target bpfel -O2 -g -mcpu=v3 -Wall -Werror -fno-ident -fdebug-compilation-dir=. -c "$source" -o "${source%.c}.o"
	"$STRIP" -g "${source%.c}.o"
done
