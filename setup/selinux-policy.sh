#!/bin/sh
# Makes the policies of a test machine that enforces SELinux: the distribution's own with a login, and the same after the
# administrator's `semodule -i` of our module. usage: selinux-policy.sh FOLDER   writes FOLDER/policy.plain and FOLDER/policy
# Nothing of this machine's own policy is read or changed.
set -eu
top=$(cd "$(dirname "$0")/.." && pwd)
. "$top/setup/ready.sh"
PATH="$PATH:/usr/sbin:/sbin"
store="$CD_CACHE/selinux-policy"

cd_need_policy() {
  [ ! -f "$store/etc/selinux/default/policy/policy.33" ] || return 0
  cd_say 'fetching selinux-policy-default for the virtual machines'
  staging=$(mktemp -d "$CD_CACHE/selinux-policy.XXXXXX")
  (cd "$staging" && apt-get -qq -o APT::Sandbox::User=root download selinux-policy-default >/dev/null 2>"$CD_CACHE/apt.log") ||
    cd_lack "apt-get download selinux-policy-default failed: $(grep -E '^E: ' "$CD_CACHE/apt.log" | head -n 1 | cut -c 1-300)" 'apt-get update'
  dpkg-deb -x "$staging"/*.deb "$staging/store"
  mkdir -p "$staging/store/var/lib/selinux/default"
  semodule --noreload --path="$staging/store" --store=default -i "$staging"/store/usr/share/selinux/default/*.pp.bz2 2>"$staging/said" ||
    { cat "$staging/said" >&2; cd_lack 'semodule could not build the policy' 'apt-get install --reinstall policycoreutils'; }
  rm -rf "$store"
  mv -T "$staging/store" "$store"
  rm -rf "$staging"
}
cd_alone "$CD_CACHE" cd_need_policy
changed=$(mktemp -d)
trap 'rm -rf "$changed"' EXIT
cp -a "$store/." "$changed"
semodule --noreload --path="$changed" --store=default -i "$top/test/vm/guest/selinux-login.cil"
cp "$changed/etc/selinux/default/policy/policy.33" "$1/policy.plain"
semodule --noreload --path="$changed" --store=default -i "$top/setup/selinux/cofferdam.cil"
cp "$changed/etc/selinux/default/policy/policy.33" "$1/policy"
