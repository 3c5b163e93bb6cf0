# What a microVM needs beyond a container, sourced after ready.sh when one is asked for: QEMU, and a kernel for guests in the
# cache. The kernel is the distribution's own package, whose digest apt checks against the signed index. It is not installed:
# of it are taken the kernel, uncompressed, and the drivers that a guest needs.

CD_GUEST="$CD_CACHE/microvm"
# The same as src/sandbox/microvm/guest-kernel.ts, with what they need in turn.
CD_GUEST_MODULES='9p 9pnet 9pnet_virtio failover fscache net_failover netfs virtio virtio_console virtio_net virtio_pci virtio_pci_legacy_dev virtio_pci_modern_dev virtio_ring'

# usage: cd_need_microvm [SERIES]   SERIES: 6.12, say; without it the distribution's own kernel.
cd_need_microvm() {
  cd_need_packages qemu-system-x86_64:qemu-system-x86 xz:xz-utils
  cd_series=${1:-}
  [ -z "${COFFERDAM_GUEST_KERNEL:-}" ] || return 0
  [ ! -f "$CD_GUEST/kernel$cd_series/vmlinux" ] || return 0
  [ "$(id -u)" = 0 ] || cd_lack 'there is no kernel for guests yet' 'sudo cofferdam exec --isolation microvm -- true'
  command -v dpkg-deb >/dev/null 2>&1 || cd_lack 'a kernel for guests comes from Debian or Ubuntu, and this machine is neither' \
    'set COFFERDAM_GUEST_KERNEL to a folder with vmlinux (not compressed) and modules/ (virtio_pci, virtio_console, virtio_net, 9pnet_virtio, 9p and what they need)'
  cd_alone "$CD_CACHE" cd_fetch_guest_kernel
}

cd_fetch_guest_kernel() {
  [ ! -f "$CD_GUEST/kernel$cd_series/vmlinux" ] || return 0
  # Debian's name, then Ubuntu's.
  for cd_meta in "linux-image-${cd_series:+$cd_series-}amd64" linux-image-generic; do
    cd_image=$(cd_concrete "$cd_meta") && break
  done
  if [ -z "$cd_image" ]; then
    apt-get update -qq >/dev/null 2>"$CD_CACHE/apt.log" || true
    cd_image=$(cd_concrete "$cd_meta") || cd_lack "apt knows no $cd_meta" 'apt-get update, and see that the distribution has it'
  fi
  cd_release=${cd_image#linux-image-}
  cd_size=$(apt-cache show --no-all-versions "$cd_image" | sed -n 's/^Size: //p')
  cd_say "fetching a kernel for guests: $cd_image, $((${cd_size:-0} / 1000000)) MB, into $CD_GUEST"
  cd_new="$CD_GUEST/new"
  rm -rf "$cd_new"
  mkdir -p "$cd_new/tree" "$cd_new/kernel/modules"
  cd_fetched=$cd_image
  # Where the modules are a package of their own.
  apt-cache show "linux-modules-$cd_release" >/dev/null 2>&1 && cd_fetched="$cd_image linux-modules-$cd_release"
  # Root's apt fetches as a user without rights, who cannot write here; the digest is checked all the same.
  # shellcheck disable=SC2086
  (cd "$cd_new" && apt-get -qq -o APT::Sandbox::User=root -o DPkg::Lock::Timeout=300 download $cd_fetched >/dev/null 2>"$CD_CACHE/apt.log") ||
    cd_lack "apt-get download $cd_fetched failed: $(sed -n 's/^E: //p' "$CD_CACHE/apt.log" | head -n 1 | cut -c 1-300)" 'apt-get update'
  for cd_file in "$cd_new"/*.deb; do
    dpkg-deb --fsys-tarfile "$cd_file" | tar -x -C "$cd_new/tree" --wildcards --no-wildcards-match-slash \
      './boot/vmlinuz-*' --wildcards-match-slash './lib/modules/*/virtio*.ko*' './lib/modules/*/9p*.ko*' './lib/modules/*/*failover.ko*' \
      './lib/modules/*/fscache.ko*' './lib/modules/*/netfs.ko*' './usr/lib/modules/*/virtio*.ko*' './usr/lib/modules/*/9p*.ko*' \
      './usr/lib/modules/*/*failover.ko*' './usr/lib/modules/*/fscache.ko*' './usr/lib/modules/*/netfs.ko*' 2>/dev/null || true
  done
  for cd_name in $CD_GUEST_MODULES; do
    # One that is not there is built in; what is really missing shows when the guest boots.
    cd_module=$(find "$cd_new/tree" -name "$cd_name.ko*" | head -n 1)
    [ -z "$cd_module" ] || cd_plain "$cd_module" >"$cd_new/kernel/modules/$cd_name.ko" || cd_lack "$cd_module cannot be decompressed" 'see that the disk has room'
  done
  cd_kernel_of "$cd_new/tree/boot/vmlinuz-$cd_release" >"$cd_new/kernel/vmlinux" || cd_lack "the kernel in $cd_image cannot be decompressed" 'set COFFERDAM_GUEST_KERNEL to a folder with vmlinux and modules/'
  chmod -R go-w "$cd_new/kernel"
  rm -rf "$CD_GUEST/kernel$cd_series"
  mv -T "$cd_new/kernel" "$CD_GUEST/kernel$cd_series"
  rm -rf "$cd_new"
}

# The package that another stands for at this moment.
cd_concrete() {
  cd_found=$(apt-cache depends --important "$1" 2>/dev/null | sed -n 's/^ *Depends: \(linux-image-[0-9][^ ]*\)$/\1/p' | head -n 1)
  [ -n "$cd_found" ] && echo "$cd_found"
}

# By its first bytes, as names vary.
cd_plain() {
  case $(od -An -tx1 -N4 "$1" | tr -d ' \n') in
    7f454c46) cat "$1" ;;
    fd377a58) xz -dc "$1" ;;
    1f8b*) gzip -dc "$1" ;;
    28b52ffd) zstd -dcq "$1" ;;
    02214c18) lz4 -dc "$1" ;;
    *) return 1 ;;
  esac
}

# The kernel without what unpacks it, by the boot protocol's own header (payload_offset at 0x248, payload_length at 0x24c).
cd_kernel_of() {
  cd_sectors=$(od -An -tu1 -j497 -N1 "$1" | tr -d ' ')
  cd_offset=$(od -An -tu4 -j584 -N4 "$1" | tr -d ' ')
  cd_length=$(od -An -tu4 -j588 -N4 "$1" | tr -d ' ')
  tail -c "+$(((cd_sectors + 1) * 512 + cd_offset + 1))" "$1" | head -c "$cd_length" >"$cd_new/payload"
  # The last four bytes are the size of what comes out, after which some of these programs complain.
  cd_plain "$cd_new/payload" >"$cd_new/vmlinux" 2>/dev/null || true
  [ "$(od -An -tx1 -N4 "$cd_new/vmlinux" | tr -d ' \n')" = 7f454c46 ] && cat "$cd_new/vmlinux"
}
