#!/bin/sh
# Compiles src/ with tsc, then bundles it: loading many small files costs more than any sandbox.
set -eu
top=$(cd "$(dirname "$0")/.." && pwd)
. "$top/setup/ready.sh"
cd_need_node
cd_need_modules "$top"
cd "$top"

build() {
  [ "${1:-}" = --if-stale ] && cd_built "$top" && return 0
  cd_say "building"
  rm -rf .build dist.new
  # Dated before the sources are read: what changes meanwhile is newer.
  mkdir dist.new
  touch dist.new/.built
  "$CD_NODE" node_modules/typescript/bin/tsc -p tsconfig.build.json
  "$CD_NODE" setup/bundle.mjs dist.new
  # The attacks that `replay` runs inside are files, as they would be outside.
  (cd src/replay && find attacks -name attack.mjs) | while read -r attack; do
    mkdir -p "dist.new/${attack%/*}" && cp "src/replay/$attack" "dist.new/$attack"
  done
  # The programs that a profile shows inside.
  (cd src/sandbox && find profiles -path '*/programs/*' -type f) | while read -r program; do
    mkdir -p "dist.new/${program%/*}" && cp -p "src/sandbox/$program" "dist.new/$program"
  done
  "$CD_NODE" $CD_CHECK_FLAGS setup/compile-ahead.mjs dist.new
  rm -rf dist && mv dist.new dist
}
cd_alone "$top" build "$@"
