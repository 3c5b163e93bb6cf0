#!/bin/sh
# Runs one of the project's tools with the right Node.js.
set -eu
top=$(cd "$(dirname "$0")/.." && pwd)
. "$top/setup/ready.sh"
cd_need_node
cd_need_modules "$top"
cd "$top"
exec "$CD_NODE" "$@"
