#!/bin/sh
# `npm run test:rootless`: the contract of sandbox and gateway as an ordinary user: with a single id, and with a range of ids.
# As root it takes a user that the machine does not have, in mount namespaces of its own; anybody else is that user.
set -eu
top=$(cd "$(dirname "$0")/.." && pwd)
. "$top/setup/ready.sh"
cd_need_node
cd_need_packages crun:crun newuidmap:uidmap setpriv:util-linux python3:python3
cd_need_modules "$top"
cd_need_build "$top"
user=54321
one='src/sandbox/oci/open-sandbox.test.ts src/sandbox/process/confinement.test.ts src/sandbox/process/init-reach.test.ts
  src/sandbox/image src/egress src/engine/cell'
# Its servers are started as another user of the machine's, which nobody but root can do.
left_out='--exclude src/egress/git.test.ts'
# What tries ids that a single one does not leave, and limits of open files below those that crun needs itself.
range="$one src/sandbox/oci/limits.test.ts src/sandbox/seccomp src/sandbox/telemetry/attempts.test.ts
  src/sandbox/process/walls.test.ts"

suites() {
  cd "$1"
  shift
  # The configuration's own loader would write beside it.
  "$rootless" run "$CD_NODE" node_modules/vitest/vitest.mjs run --configLoader native $left_out "$@"
}

if [ "$(id -u)" != 0 ]; then
  rootless="$top/native/bin/$cd_machine/rootless"
  suites=$one
  grep -q "^\($(id -un)\|$(id -u)\):" /etc/subuid && suites=$range
  cd_say "as $(id -un)"
  # shellcheck disable=SC2086
  suites "$top" $suites "$@"
  exit
fi

# Folders that this user may pass through, whatever lies on the way to the real ones.
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
chmod 755 "$place"
mkdir "$place/project" "$place/node" "$place/home" "$place/account"
chown "$user:$user" "$place/home"
{ cat /etc/passwd; echo "ordinary:x:$user:$user::/:/bin/sh"; } >"$place/account/passwd"
echo 'ordinary:1200000:65536' | tee "$place/account/subuid" >"$place/account/subgid"
shown='mount --bind "$1" "$3/project" && mount --bind "$2" "$3/node" || exit 70
if [ "$4" = range ]; then for file in passwd subuid subgid; do mount --bind "$3/account/$file" "/etc/$file" || exit 70; done; fi
cd "$3/project"; shift 4; exec "$@"'

# usage: as_user one|range SUITE...
as_user() {
  cd_say "as an ordinary user, ids: $1"
  ids=$1
  shift
  groups=--clear-groups
  [ "$ids" = range ] && groups="--groups=$user,4"
  unshare --mount --propagation private sh -c "$shown" sh "$top" "$(dirname "$CD_NODE")" "$place" "$ids" \
    setpriv "--reuid=$user" "--regid=$user" "$groups" \
    env -i "PATH=$place/node:/usr/sbin:/usr/bin:/sbin:/bin" "HOME=$place/home" NO_COLOR=1 \
    "$place/project/native/bin/$cd_machine/rootless" run "$place/node/$(basename "$CD_NODE")" \
    node_modules/vitest/vitest.mjs run --configLoader native $left_out "$@"
}

failed=0
# shellcheck disable=SC2086
as_user one $one "$@" || failed=1
# shellcheck disable=SC2086
as_user range $range "$@" || failed=1
exit "$failed"
