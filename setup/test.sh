#!/bin/sh
# `npm test`: does the set-up that is missing, builds, and runs every hermetic suite.
set -eu
top=$(cd "$(dirname "$0")/.." && pwd)
. "$top/setup/ready.sh"
cd_need_node
cd_need_packages ssh-keygen:openssh-client python3:python3 openssl:openssl curl:curl crun:crun newuidmap:uidmap setpriv:util-linux
cd_need_modules "$top"
cd_need_build "$top"
COFFERDAM_TEST_SSHD=$(sh "$top/setup/sshd.sh")
export COFFERDAM_TEST_SSHD
cd "$top"
PATH="$(dirname "$CD_NODE"):$PATH:/usr/sbin:/sbin" exec "$CD_NODE" node_modules/vitest/vitest.mjs run "$@"
