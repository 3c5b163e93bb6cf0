#!/bin/sh
# Puts the distribution's own forward proxies into the cache for `npm run bench`, and prints the folder. They are unpacked and never
# installed, so that no machine gets a server by being measured. What cannot be fetched is said, and left out of the table.
set -eu
top=$(cd "$(dirname "$0")/.." && pwd)
. "$top/setup/ready.sh"
folder="$CD_CACHE/proxies"

fetch_proxies() {
  [ ! -d "$folder" ] || return 0
  command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null || { cd_say 'squid and tinyproxy are fetched on Debian and Ubuntu only'; return 0; }
  rm -rf "$folder.new"
  mkdir -p "$folder.new/packages"
  download() {
    # Root's apt fetches as a user without rights, who cannot write here; the digest is checked all the same.
    (cd "$folder.new/packages" && apt-get -qq -o APT::Sandbox::User=root download "$@" >/dev/null 2>"$CD_CACHE/apt.log")
  }
  download tinyproxy-bin || { [ "$(id -u)" = 0 ] && apt-get update -qq >/dev/null 2>"$CD_CACHE/apt.log" && download tinyproxy-bin; } ||
    { cd_say 'tinyproxy could not be fetched'; rm -rf "$folder.new"; return 0; }
  download squid squid-common libecap3 libltdl7 || cd_say 'squid could not be fetched'
  for package in "$folder.new"/packages/*.deb; do dpkg-deb -x "$package" "$folder.new"; done
  rm -rf "$folder.new/packages"
  mv -T "$folder.new" "$folder"
}

cd_alone "$CD_CACHE" fetch_proxies >&2
echo "$folder"
