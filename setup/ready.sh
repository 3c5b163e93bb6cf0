# What a machine needs before Cofferdam can start, sourced by the launcher and by the project's own commands.
# Says what it installs, on standard error, and installs nothing that is already there.
# Sets CD_NODE to a Node.js that is new enough. POSIX sh; nothing here may need Node.js itself.

CD_NODE_MAJOR=24
CD_NODE_VERSION=24.21.0
CD_CACHE="${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/cofferdam"

cd_say() { printf 'cofferdam: %s\n' "$*" >&2; }

# A machine that lacks something is exit 69 (EX_UNAVAILABLE of sysexits.h), with the one command that mends it.
cd_lack() { cd_say "$1"; printf '  fix: %s\n' "$2" >&2; exit 69; }

# The system's Node.js is asked once for its version and remembered by its path, size and date.
cd_system_node() {
  cd_found=$(command -v node 2>/dev/null) || return 1
  cd_major=$("$cd_found" -p 'process.versions.node.split(".")[0]' 2>/dev/null) || return 1
  [ "$cd_major" -ge "$CD_NODE_MAJOR" ] 2>/dev/null || return 1
  CD_NODE=$cd_found
}

cd_need_node() {
  case $(uname -m) in
    x86_64) cd_arch=x64 ;;
    aarch64) cd_arch=arm64 ;;
    *) cd_lack "this machine's processor is not supported" "use an x86_64 or aarch64 Linux machine" ;;
  esac
  CD_NODE="$CD_CACHE/node-$CD_NODE_VERSION/node_modules/node-linux-$cd_arch/bin/node"
  [ -x "$CD_NODE" ] && return 0
  cd_system_node && return 0
  command -v npm >/dev/null 2>&1 || cd_lack "neither Node.js $CD_NODE_MAJOR nor npm is here" "install Node.js with npm, any maintained version"
  cd_say "installing Node.js $CD_NODE_VERSION (npm package node-linux-$cd_arch) into $CD_CACHE"
  cd_staging="$CD_CACHE/node-$CD_NODE_VERSION.$$"
  mkdir -p "$cd_staging" || cd_lack "cannot write to $CD_CACHE" "set XDG_CACHE_HOME to a folder that you can write to"
  npm install --prefix "$cd_staging" --no-save --ignore-scripts --no-audit --no-fund --loglevel=error \
    "node-linux-$cd_arch@$CD_NODE_VERSION" >/dev/null || {
    rm -rf "$cd_staging"
    cd_lack "Node.js $CD_NODE_VERSION could not be installed through npm" "install Node.js $CD_NODE_MAJOR or newer"
  }
  CD_NODE="$CD_CACHE/node-$CD_NODE_VERSION/node_modules/node-linux-$cd_arch/bin/node"
  # Whoever renames first wins; the bytes are the same.
  mv -T "$cd_staging" "$CD_CACHE/node-$CD_NODE_VERSION" 2>/dev/null || rm -rf "$cd_staging"
  [ -x "$CD_NODE" ] || cd_lack "Node.js $CD_NODE_VERSION was installed and does not start" "install Node.js $CD_NODE_MAJOR or newer"
}

cd_has() { command -v "$1" >/dev/null 2>&1 || [ -x "/usr/sbin/$1" ] || [ -x "/sbin/$1" ]; }

# The OCI runtime, the two network tools and git, all Debian and Ubuntu packages; then whatever is named as PROGRAM:PACKAGE.
cd_need_packages() {
  cd_missing=
  cd_has runc || cd_missing="$cd_missing runc"
  cd_has nft || cd_missing="$cd_missing nftables"
  cd_has ip || cd_missing="$cd_missing iproute2"
  cd_has git || cd_missing="$cd_missing git"
  for cd_program in "$@"; do
    cd_has "${cd_program%%:*}" || cd_missing="$cd_missing ${cd_program#*:}"
  done
  [ -z "$cd_missing" ] && return 0
  cd_fix="apt-get update && apt-get install -y --no-install-recommends$cd_missing"
  command -v apt-get >/dev/null 2>&1 || cd_lack "not on this machine:$cd_missing" "install these with your package manager"
  [ "$(id -u)" = 0 ] || cd_lack "not on this machine:$cd_missing" "sudo sh -c '$cd_fix'"
  cd_say "installing by apt-get:$cd_missing"
  # shellcheck disable=SC2086
  { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $cd_missing; } >/dev/null 2>"$CD_CACHE/apt.log" ||
    cd_lack "apt-get failed: $(tail -n 1 "$CD_CACHE/apt.log")" "$cd_fix"
}

# A checkout needs its packages (a published package carries what it needs in dist/).
cd_need_modules() {
  cd_stamp="$1/node_modules/.package-lock.json"
  [ -f "$cd_stamp" ] && [ ! "$1/package-lock.json" -nt "$cd_stamp" ] && return 0
  cd_say "installing the packages that package-lock.json names"
  (cd "$1" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null) ||
    cd_lack "npm ci failed" "cd $1 && npm ci"
  touch "$cd_stamp"
}

# A checkout is built when its sources are newer than what was built from them.
cd_need_build() {
  [ -d "$1/src" ] || return 0
  if [ -f "$1/dist/.built" ] && [ -z "$(find "$1/src" "$1/package-lock.json" "$1/tsconfig.json" "$1/setup" -newer "$1/dist/.built" -print -quit)" ]; then return 0; fi
  cd_need_modules "$1"
  cd_say "building"
  CD_NODE="$CD_NODE" sh "$1/setup/build.sh" || { cd_say "the build failed"; exit 70; }
}
