#!/bin/sh
# `npm run bench`: ratios against peers measured in the same run. Needs root; peers that are not here are named as such.
set -eu
top=$(cd "$(dirname "$0")/.." && pwd)
. "$top/setup/ready.sh"
cd_need_node
cd_need_packages
cd_need_modules "$top"
cd_need_build "$top"
PATH="$PATH:/usr/sbin:/sbin" exec "$CD_NODE" --disable-warning=ExperimentalWarning "$top/bench/bench.ts"
