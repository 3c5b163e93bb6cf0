#!/bin/sh
# `npm run test:microvm`: the contract of a sandbox, the attacks on its link and whole runs, in machines that are really booted.
# Needs root and minutes; installs QEMU and fetches a kernel for guests where they are not there.
set -eu
top=$(cd "$(dirname "$0")/.." && pwd)
. "$top/setup/ready.sh"
. "$top/setup/microvm.sh"
cd_need_packages buildah:buildah gdb:gdb strace:strace chromium:chromium busybox:busybox-static
cd_need_microvm
exec sh "$top/setup/test.sh" --config vitest.microvm.config.ts "$@"
