#!/bin/sh
# `npm run bench`: ratios against peers measured in the same run. Needs root; peers that are not here are named as such.
set -eu
top=$(cd "$(dirname "$0")/.." && pwd)
. "$top/setup/ready.sh"
cd_need_node
# The peers that a registry has; what cannot be installed is named in the table as not here.
cd_need_packages bwrap:bubblewrap socat:socat rg:ripgrep crun:crun
# A kernel for guests, where one can be had.
. "$top/setup/microvm.sh"
(cd_need_microvm) || true
cd_need_modules "$top"
cd_need_build "$top"
CD_SRT=0.0.83
cd_peers="$CD_CACHE/peers-srt-$CD_SRT"
if [ ! -d "$cd_peers" ]; then
  cd_say "installing a peer to compare with: sandbox-runtime $CD_SRT"
  rm -rf "$cd_peers.new"
  mkdir -p "$cd_peers.new"
  if cd_npm install --prefix "$cd_peers.new" --no-save "@anthropic-ai/sandbox-runtime@$CD_SRT"; then mv -T "$cd_peers.new" "$cd_peers"; else cd_say "it could not be installed: $cd_why"; fi
fi
BENCH_PROXIES=$(sh "$top/setup/proxies.sh")
export BENCH_PROXIES CD_CHECK_FLAGS
PATH="$(dirname "$CD_NODE"):$cd_peers/node_modules/.bin:$PATH:$CD_CACHE/runsc:/usr/sbin:/sbin" exec "$CD_NODE" --disable-warning=ExperimentalWarning "$top/bench/bench.ts" "$@"
