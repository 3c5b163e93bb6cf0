#!/bin/sh
# Builds native/bin/ARCH/PROGRAM from native/PROGRAM/*.c, for every architecture, byte for byte the same on every machine.
# `--check` builds elsewhere and compares with what is committed. Needs python3 with pip; users never need it.
set -eu
top=$(cd "$(dirname "$0")/.." && pwd)
zig_version=0.17.1
cache="${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/cofferdam"
zig="$cache/ziglang-$zig_version"
if [ ! -d "$zig" ]; then
  command -v python3 >/dev/null || { echo 'native: python3 with pip is needed to build the native programs' >&2; exit 69; }
  python3 -m pip install --quiet --disable-pip-version-check --target "$zig.$$" "ziglang==$zig_version" >&2
  mv -T "$zig.$$" "$zig" 2>/dev/null || rm -rf "$zig.$$"
fi
out="$top/native/bin"
case "${1:-}" in
  --check) out=$(mktemp -d); trap 'rm -rf "$out"' EXIT; shift ;;
esac
cd "$top/native"
for source in ${1:-*/}; do
  program=${source%/}
  [ "$program" = bin ] && continue
  for target in x86_64-linux-musl aarch64-linux-musl; do
    mkdir -p "$out/${target%%-*}"
    PYTHONPATH="$zig" python3 -m ziglang cc -target "$target" -static -Os -s -std=c11 -Wall -Wextra -Werror \
      -fno-ident -ffile-prefix-map="$top=." -o "$out/${target%%-*}/$program" "$program"/*.c
  done
done
if [ "$out" = "$top/native/bin" ]; then
  (cd "$out" && sha256sum -- */* >../SHA256SUMS)
  # Their C library is linked in, and its licence asks to go along.
  { printf 'musl (MIT), linked into the programs in native/bin\n\n'; cat "$zig/ziglang/lib/libc/musl/COPYRIGHT"; } >"$top/native/THIRD-PARTY-LICENSES"
else
  (cd "$out" && sha256sum --check --quiet "$top/native/SHA256SUMS") && echo 'native: the committed programs are what their sources build'
fi
