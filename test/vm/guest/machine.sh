#!/bin/sh
# Process 1 of a test machine without systemd: what its distribution would have mounted, then the suites, then off.
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root
mount -t securityfs securityfs /sys/kernel/security
mkdir -p /dev/pts /dev/shm
mount -t devpts -o gid=5,mode=620,ptmxmode=666 devpts /dev/pts
mount -t tmpfs -o mode=1777 shm /dev/shm
ln -sf /proc/self/fd /dev/fd
ln -sf /proc/self/fd/0 /dev/stdin
ln -sf /proc/self/fd/1 /dev/stdout
ln -sf /proc/self/fd/2 /dev/stderr
# As a machine that has been up for a while: virtual machines find their first randomness late.
ip link set lo up
hostname vm
as=
case $(cat /proc/cmdline) in
  *vm.cgroup=v2*) mount -t cgroup2 -o nsdelegate cgroup2 /sys/fs/cgroup ;;
  *)
    mount -t tmpfs -o mode=755 cgroup /sys/fs/cgroup
    for one in cpu,cpuacct cpuset memory devices freezer blkio pids net_cls,net_prio perf_event; do
      mkdir "/sys/fs/cgroup/$one" && mount -t cgroup -o "$one" cgroup "/sys/fs/cgroup/$one"
    done
    for one in cpu cpuacct; do ln -s cpu,cpuacct "/sys/fs/cgroup/$one"; done
    ;;
esac
if [ -f /results/policy ]; then
  mount -t selinuxfs selinuxfs /sys/fs/selinux
  # As the distribution's set-up labels them.
  for one in null full; do chcon system_u:object_r:null_device_t:s0 "/dev/$one"; done
  chcon system_u:object_r:zero_device_t:s0 /dev/zero
  chcon system_u:object_r:random_device_t:s0 /dev/random
  chcon system_u:object_r:urandom_device_t:s0 /dev/urandom
  chcon system_u:object_r:devtty_t:s0 /dev/tty
  # As `setsebool allow_execmem=1` does: Node.js makes code as it runs.
  echo 1 >/sys/fs/selinux/booleans/allow_execmem
  echo 1 >/sys/fs/selinux/commit_pending_bools
  # Where files can be given labels of their own, which the disk's mount keeps from them.
  mount -t tmpfs -o mode=1777 tmp /tmp
  chcon system_u:object_r:tmp_t:s0 /tmp
  as='runcon system_u:system_r:unconfined_t:s0-s0:c0.c1023'
fi
# shellcheck disable=SC2086
$as setsid sh /cofferdam/test/vm/guest/suites.sh
sync
echo o >/proc/sysrq-trigger
sleep 60
