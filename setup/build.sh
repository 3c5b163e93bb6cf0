#!/bin/sh
# Compiles src/ with tsc, then bundles it: loading many small files costs more than any sandbox.
set -eu
top=$(cd "$(dirname "$0")/.." && pwd)
. "$top/setup/ready.sh"
mkdir -p "$CD_CACHE"
cd_need_node
cd_need_modules "$top"
cd "$top"
rm -rf .build dist.new
"$CD_NODE" node_modules/typescript/bin/tsc -p tsconfig.build.json
"$CD_NODE" setup/bundle.mjs dist.new
touch dist.new/.built
rm -rf dist && mv dist.new dist
