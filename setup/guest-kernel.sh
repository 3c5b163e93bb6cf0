#!/bin/sh
# Puts a kernel for virtual machines into the cache and prints its folder: `vmlinuz`, `modules/` (what belongs in
# /lib/modules/RELEASE, with modules.dep), `config` and `release`. It is the distribution's own package for clouds, whose
# digest apt has checked against the signed index. Nothing is installed into this machine, and nothing is fetched when one is
# there. usage: guest-kernel.sh [--newer] [SERIES]   SERIES: 6.12, say; without it the distribution's own.
set -eu
top=$(cd "$(dirname "$0")/.." && pwd)
. "$top/setup/ready.sh"

newer=
[ "${1:-}" != --newer ] || { newer=1; shift; }
series=${1:-}
case $series in *[!0-9.]*) cd_lack "not a series of kernels: $series" 'name one as 6.12' ;; esac
[ -d "$CD_CACHE" ] || mkdir -p "$CD_CACHE" 2>/dev/null || cd_lack "cannot write to $CD_CACHE" 'set XDG_CACHE_HOME to a folder that you can write to'
kernels="$CD_CACHE/guest-kernel"

# A folder gets its name when it is whole, and the series' own link when that is there.
link="$kernels/${series:-default}"

fetch_kernel() {
  [ -n "$newer" ] || [ ! -f "$link/vmlinuz" ] || return 0
  command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null ||
    cd_lack 'a kernel for virtual machines comes from Debian or Ubuntu, and this machine is neither' "put vmlinuz, modules/ and release into $link"
  arch=$(dpkg --print-architecture)
  meta="linux-image-${series:+$series-}cloud-$arch"
  package=$(concrete) || {
    [ "$(id -u)" = 0 ] || cd_lack "apt does not know $meta" 'sudo apt-get update'
    apt-get update -qq >/dev/null 2>"$CD_CACHE/apt.log" || true
    package=$(concrete) || cd_lack "no package $meta: $(grep -E '^E: ' "$CD_CACHE/apt.log" | head -n 1 | cut -c 1-300)" 'apt-get update, and see that the distribution has it'
  }
  if [ ! -f "$kernels/$package/vmlinuz" ]; then
    cd_need_packages depmod:kmod
    size=$(apt-cache show --no-all-versions "$package" | sed -n 's/^Size: //p')
    cd_say "fetching the kernel for virtual machines: $package, $((${size:-0} / 1000000)) MB, into $kernels"
    staging="$kernels/new"
    rm -rf "$staging"
    mkdir -p "$staging/tree"
    # Root's apt fetches as a user without rights, who cannot write here; the digest is checked all the same.
    (cd "$staging" && apt-get -qq -o APT::Sandbox::User=root download "$package" >/dev/null 2>"$CD_CACHE/apt.log") ||
      cd_lack "apt-get download $package failed: $(grep -E '^E: ' "$CD_CACHE/apt.log" | head -n 1 | cut -c 1-300)" 'sudo apt-get update'
    dpkg-deb -x "$staging"/*.deb "$staging/tree"
    release=$(ls "$staging/tree/lib/modules")
    PATH="$PATH:/usr/sbin:/sbin" depmod -b "$staging/tree" "$release"
    mkdir "$staging/kernel"
    mv "$staging/tree/boot/vmlinuz-$release" "$staging/kernel/vmlinuz"
    mv "$staging/tree/boot/config-$release" "$staging/kernel/config"
    mv "$staging/tree/lib/modules/$release" "$staging/kernel/modules"
    echo "$release" >"$staging/kernel/release"
    rm -rf "${kernels:?}/$package"
    mv -T "$staging/kernel" "$kernels/$package"
    rm -rf "$staging"
  fi
  ln -sfn "$package" "$link"
}

# The package that the series' own stands for at this moment.
concrete() {
  found=$(apt-cache depends --important "$meta" 2>/dev/null | sed -n "s/^ *Depends: \(linux-image-[^ ]*\)$/\1/p" | head -n 1)
  [ -n "$found" ] && echo "$found"
}

cd_alone "$CD_CACHE" fetch_kernel
(cd "$link" && pwd -P)
