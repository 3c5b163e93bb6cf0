#!/bin/sh
# `npm run test:vm [BOOT...]`: the sandbox's contract, the probe and the replays in virtual machines that are other hosts than
# this one: the distribution's cloud kernels with control groups v2, AppArmor, systemd. Emulated throughout: needs no KVM.
set -eu
top=$(cd "$(dirname "$0")/.." && pwd)
. "$top/setup/ready.sh"
. "$top/setup/microvm.sh"
cd_need_node
# The machines have this one's programs, so what they need is installed here.
cd_need_packages qemu-system-x86_64:qemu-system-x86 mke2fs:e2fsprogs depmod:kmod xz:xz-utils \
  systemctl:systemd dbus-daemon:dbus crun:crun apparmor_parser:apparmor ssh-keygen:openssh-client python3:python3 \
  newuidmap:uidmap setpriv:util-linux semodule:policycoreutils
[ "$(id -u)" = 0 ] || cd_lack 'only root can show this machine'\''s files to a virtual one as they are' 'sudo npm run test:vm'
# For the machine in which others run by KVM.
cd_need_microvm
cd_need_modules "$top"
cd_need_build "$top"

# A static shell for the moment before the root file system is there; nothing of it is installed.
cd_need_busybox() {
  [ ! -x "$CD_CACHE/busybox" ] || return 0
  cd_say 'fetching busybox-static for the virtual machines'
  staging=$(mktemp -d "$CD_CACHE/busybox.XXXXXX")
  (cd "$staging" && apt-get -qq -o APT::Sandbox::User=root download busybox-static >/dev/null 2>"$CD_CACHE/apt.log") ||
    cd_lack "apt-get download busybox-static failed: $(grep -E '^E: ' "$CD_CACHE/apt.log" | head -n 1 | cut -c 1-300)" 'apt-get update'
  dpkg-deb -x "$staging"/*.deb "$staging/tree"
  mv "$staging/tree/bin/busybox" "$CD_CACHE/busybox"
  rm -rf "$staging"
}
cd_alone "$CD_CACHE" cd_need_busybox
cd "$top"
PATH="$(dirname "$CD_NODE"):$PATH:/usr/sbin:/sbin" COFFERDAM_CACHE="$CD_CACHE" \
  exec "$CD_NODE" --disable-warning=ExperimentalWarning test/vm/run.ts "$@"
