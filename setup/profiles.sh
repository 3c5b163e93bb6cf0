#!/bin/sh
# `npm run test:profiles`: the profiles with the programs that they are for, from the distribution.
set -eu
top=$(cd "$(dirname "$0")/.." && pwd)
. "$top/setup/ready.sh"
cd_need_packages buildah:buildah curl:curl skopeo:skopeo gdb:gdb gcore:gdb strace:strace chromium:chromium busybox:busybox-static dpkg-deb:dpkg
exec sh "$top/setup/test.sh" --config vitest.profiles.config.ts "$@"
