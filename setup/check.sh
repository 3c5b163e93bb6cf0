#!/bin/sh
# `npm run check`: types, lint with the import order of the rooms, format, unused code.
set -eu
top=$(cd "$(dirname "$0")/.." && pwd)
. "$top/setup/ready.sh"
cd_need_node
cd_need_modules "$top"
cd "$top"
export PATH="$(dirname "$CD_NODE"):$PATH"
echo 'types';  "$CD_NODE" node_modules/typescript/bin/tsc -p tsconfig.json
"$CD_NODE" setup/lock.mjs --check
"$CD_NODE" setup/lint-config.mjs --check
echo 'lint';   "$CD_NODE" node_modules/oxlint/bin/oxlint --config .oxlintrc.json --deny-warnings src test setup
echo 'format'; "$CD_NODE" node_modules/@biomejs/biome/bin/biome format .
echo 'unused'; "$CD_NODE" node_modules/knip/bin/knip.js
