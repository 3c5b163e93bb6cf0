#!/bin/busybox sh
# The first program of a test machine: loads what leads to the root file system, puts a layer in memory over it, goes there.
export PATH=/bin
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t devtmpfs dev /dev
while read -r module; do insmod "/modules/$module" || echo "vm: no $module"; done </modules/order
fail() { echo "vm: $1 failed"; poweroff -f; }
mount -t virtiofs results /results || fail 'mounting the results'
# Before anything else is mounted, as on a machine whose first file system holds the policy. The labels that a distribution's
# set-up would give each file are not there: all of them have one that its programs have, by the mount.
labelled=
if [ -f /results/policy ]; then
  mount -t sysfs sys /sys
  mount -t selinuxfs selinuxfs /sys/fs/selinux
  # The kernel takes it in one piece.
  dd if=/results/policy of=/sys/fs/selinux/load bs=16M 2>/dev/null || fail 'loading the policy'
  echo 1 >/sys/fs/selinux/enforce
  umount /sys/fs/selinux /sys
  labelled=context=system_u:object_r:bin_t:s0
fi
umount /results
mount -t virtiofs -o "ro${labelled:+,$labelled}" root /lower || fail 'mounting the root'
mount -t tmpfs -o mode=755 upper /upper
mkdir /upper/upper /upper/work
mount -t overlay -o "lowerdir=/lower,upperdir=/upper/upper,workdir=/upper/work${labelled:+,$labelled}" root /root || fail 'the layer over it'
umount /proc
mount --move /dev /root/dev
cd /root || fail 'the root'
mkdir -p proc sys dev run tmp disk cofferdam results
mount -t proc proc proc
mount -t sysfs sys sys
mount -t tmpfs -o mode=755,nosuid,nodev run run
mount -t ext4 ${labelled:+-o context=system_u:object_r:tmp_t:s0} dev/vda disk || fail 'the disk'
# Not the layers below: whoever starts a machine empties /tmp.
mkdir -m 1777 disk/tmp
mount --bind disk/tmp tmp
over() {
  mkdir -p "run/$1" "disk/$1/upper" "disk/$1/work"
  mount -t virtiofs -o "ro${labelled:+,$labelled}" "$1" "run/$1" || fail "mounting $1"
  mount -t overlay -o "lowerdir=run/$1,upperdir=disk/$1/upper,workdir=disk/$1/work${labelled:+,$labelled}" "$1" "$2" || fail "the layer over $1"
}
over project cofferdam
mkdir -p cofferdam/node_modules
over packages cofferdam/node_modules
mount -t virtiofs ${labelled:+-o $labelled} results results || fail 'mounting the results'
mkdir -p run/modules usr/lib/modules
mount -t virtiofs -o "ro${labelled:+,context=system_u:object_r:modules_object_t:s0}" modules run/modules || fail 'mounting the modules'
ln -s /run/modules "usr/lib/modules/$(uname -r)"
case $(cat proc/cmdline) in
  *vm.init=systemd*)
    cp cofferdam/test/vm/guest/vm.service etc/systemd/system/vm.service
    # What this machine's own disks and services are, the test machine has not.
    : >etc/fstab
    # A machine, and no container, whatever this one is: systemd looks for this file.
    rm -f .dockerenv
    exec switch_root /root /lib/systemd/systemd
    ;;
  *) exec switch_root /root /bin/sh /cofferdam/test/vm/guest/machine.sh ;;
esac
