#!/bin/sh
# `npm run test:replay`: every attack, against every runtime that is here, gVisor's from the cache of `npm run test:tiers` too.
set -eu
top=$(cd "$(dirname "$0")/.." && pwd)
. "$top/setup/ready.sh"
runsc="$CD_CACHE/runsc/runsc"
if ! command -v runsc >/dev/null && [ -x "$runsc" ]; then set -- --runtime "runsc=$runsc" "$@"; fi
exec "$top/cofferdam" replay --all --every-runtime "$@"
