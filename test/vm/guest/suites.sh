#!/bin/sh
# What a test machine does: `task` in the results' folder says which suites and replays. Every result is a file there; `done` is
# the last of them.
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root CI=true NO_COLOR=1
# Nothing of this machine's cache: a virtual machine in a virtual machine would take minutes to come to nothing.
export XDG_CACHE_HOME=/tmp/cache
results=/results
cd /cofferdam || exit 1
. "$results/task"
export PATH="$(dirname "$node"):$PATH"
say() { echo "vm: $*" >/dev/console; }
{
  uname -r
  cat /sys/kernel/security/lsm 2>/dev/null || echo none
  echo
  stat -f -c %T /sys/fs/cgroup
  cat /proc/1/comm
} >"$results/machine"
say 'a first sandbox'
# As on a machine that is up: its first sandbox loads the kernel's modules, for which an emulated processor takes longer than is
# waited for.
mkdir -p /tmp/first
(cd /tmp/first && exec "$node" /cofferdam/dist/cofferdam.mjs exec --apply never -- true) >"$results/first.said" 2>&1
if [ -n "$doctor" ]; then
  say 'doctor'
  "$node" dist/cofferdam.mjs doctor --json >"$results/doctor" 2>"$results/doctor.said"
  echo $? >"$results/doctor.status"
fi
if [ -n "$suites" ]; then
  say 'suites'
  # Without a copy of its configuration in a folder that others empty meanwhile.
  # shellcheck disable=SC2086
  VM_GUEST_KERNEL=$guest_kernel COFFERDAM_TESTED_RUNTIMES=$runtimes "$node" node_modules/vitest/vitest.mjs run --configLoader native --config vitest.vm.config.ts $suites >"$results/tests.said" 2>&1
  echo $? >"$results/tests.status"
fi
if [ -n "$replay" ]; then
  say 'replays'
  # shellcheck disable=SC2086
  "$node" dist/cofferdam.mjs replay $replay --patience 10 --json >"$results/replay" 2>"$results/replay.said"
  echo $? >"$results/replay.status"
fi
dmesg >"$results/dmesg"
echo done >"$results/done"
say 'done'
