#!/bin/sh
# Puts an SSH server for the tests into the cache and prints its path. It is the distribution's own package, whose digest apt has
# checked against the signed index; it is unpacked and never installed, so that no machine gets a server by running tests.
# A server that is on the machine is used as it is.
set -eu
top=$(cd "$(dirname "$0")/.." && pwd)
. "$top/setup/ready.sh"
for found in /usr/sbin/sshd /usr/local/sbin/sshd; do
  [ ! -x "$found" ] || { echo "$found"; exit 0; }
done
[ -d "$CD_CACHE" ] || mkdir -p "$CD_CACHE" 2>/dev/null || cd_lack "cannot write to $CD_CACHE" 'set XDG_CACHE_HOME to a folder that you can write to'

fetch_sshd() {
  [ ! -x "$CD_CACHE/sshd/usr/sbin/sshd" ] || return 0
  command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null ||
    cd_lack 'the tests need an SSH server, which is fetched on Debian and Ubuntu only' 'install sshd (OpenSSH); it need not run'
  staging="$CD_CACHE/sshd.new"
  rm -rf "$staging"
  mkdir -p "$staging/packages"
  download() {
    # Root's apt fetches as a user without rights, who cannot write here; the digest is checked all the same.
    (cd "$staging/packages" && apt-get -qq -o APT::Sandbox::User=root download openssh-server libwrap0 >/dev/null 2>"$CD_CACHE/apt.log")
  }
  download || { [ "$(id -u)" = 0 ] && apt-get update -qq >/dev/null 2>"$CD_CACHE/apt.log" && download; } ||
    cd_lack "apt-get download openssh-server failed: $(grep -E '^E: ' "$CD_CACHE/apt.log" | head -n 1 | cut -c 1-300)" 'apt-get update'
  for package in "$staging"/packages/*.deb; do dpkg-deb -x "$package" "$staging"; done
  rm -rf "$staging/packages" "$CD_CACHE/sshd"
  mv -T "$staging" "$CD_CACHE/sshd"
}

cd_alone "$CD_CACHE" fetch_sshd
echo "$CD_CACHE/sshd/usr/sbin/sshd"
