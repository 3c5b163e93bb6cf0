#!/bin/sh
# `npm run test:tiers`: the contract of a sandbox for every runtime, with gVisor's built from its sources where it is not installed.
set -eu
top=$(cd "$(dirname "$0")/.." && pwd)
. "$top/setup/ready.sh"
runsc="$CD_CACHE/runsc/runsc"
if ! command -v runsc >/dev/null && [ ! -x "$runsc" ]; then
  command -v go >/dev/null || cd_lack 'neither runsc nor go is on this machine' 'install Go 1.25 or later, or runsc in /usr/local/bin'
  cd_say 'building runsc (gVisor) from its sources'
  scratch=$(mktemp -d)
  trap 'rm -rf "$scratch"' EXIT
  (
    cd "$scratch"
    printf 'module scratch\ngo 1.25\n' >go.mod
    GOFLAGS=-mod=mod go get gvisor.dev/gvisor/runsc@v0.0.0-20260905035102-160fafc42237
    GOFLAGS=-mod=mod CGO_ENABLED=0 go build -o runsc gvisor.dev/gvisor/runsc
  )
  mkdir -p "$CD_CACHE/runsc"
  mv "$scratch/runsc" "$runsc"
fi
exec sh "$top/setup/test.sh" src/sandbox/oci test/e2e/runtimes.test.ts "$@"
