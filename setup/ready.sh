# What a machine needs before Cofferdam can start, sourced by the launcher and by the project's own commands.
# Says what it installs, on standard error, and installs nothing that is already there.
# Sets CD_NODE to a Node.js that is new enough. POSIX sh; nothing here may need Node.js itself.
# Whatever may take long happens under a lock, so that two commands at once, or one after another that was killed,
# find either nothing or the whole of it.

CD_NODE_MAJOR=24
CD_NODE_VERSION=24.21.0
# V8's own size of what is young holds 100 MB of what a check of many files leaves behind.
CD_CHECK_FLAGS=--max-semi-space-size=4
# A service has no HOME: what the machine knows of the user stands for it.
if [ -z "${HOME:-}" ]; then
  HOME=$(getent passwd "$(id -u)" | cut -d : -f 6)
  export HOME
fi
CD_CACHE="${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/cofferdam"

cd_say() { printf 'cofferdam: %s\n' "$*" >&2; }

# A machine that lacks something is exit 69 (EX_UNAVAILABLE of sysexits.h), with the one command that mends it.
cd_lack() { cd_say "$1"; printf '  fix: %s\n' "$2" >&2; exit 69; }

# Runs the rest of the arguments, in this shell, while no other process holds the folder's lock. A set-up whose shell was
# killed may live on: its programs hold the lock until they end. Closed afterwards, lest Cofferdam and its jobs inherit it.
cd_alone() {
  exec 9<"$1"
  if command -v flock >/dev/null 2>&1 && ! flock -n 9; then
    cd_say "waiting for another set-up in $1"
    flock 9
  fi
  shift
  "$@"
  exec 9<&-
}

# The system's Node.js is asked once for its version, and remembered by its path, size and date: asking costs a start.
cd_system_node() {
  cd_found=$(command -v node 2>/dev/null) || return 1
  cd_mark=$(stat -L -c '%n %s %Y' "$cd_found" 2>/dev/null) || return 1
  cd_known=
  [ -f "$CD_CACHE/system-node" ] && read -r cd_known <"$CD_CACHE/system-node"
  if [ "${cd_known#* }" = "$cd_mark" ]; then
    cd_major=${cd_known%% *}
  else
    cd_major=$("$cd_found" -p 'process.versions.node.split(".")[0]' 2>/dev/null) || return 1
    printf '%s %s\n' "$cd_major" "$cd_mark" 2>/dev/null >"$CD_CACHE/system-node"
  fi
  [ "$cd_major" -ge "$CD_NODE_MAJOR" ] 2>/dev/null || return 1
  CD_NODE=$cd_found
}

cd_need_node() {
  # The kernel says it in a file since Linux 6.1, which saves a program's start.
  cd_machine=
  [ ! -r /proc/sys/kernel/arch ] || read -r cd_machine </proc/sys/kernel/arch
  case ${cd_machine:-$(uname -m)} in
    x86_64) cd_arch=x64 cd_machine=x86_64 ;;
    aarch64) cd_arch=arm64 cd_machine=aarch64 ;;
    *) cd_lack "$(uname -sm) is not supported" "use an x86_64 or aarch64 Linux machine" ;;
  esac
  [ -d "$CD_CACHE" ] || mkdir -p "$CD_CACHE" 2>/dev/null || cd_lack "cannot write to $CD_CACHE" "set XDG_CACHE_HOME to a folder that you can write to"
  CD_NODE="$CD_CACHE/node-$CD_NODE_VERSION/node_modules/node-linux-$cd_arch/bin/node"
  cd_major=$CD_NODE_MAJOR
  [ -x "$CD_NODE" ] || cd_system_node || cd_alone "$CD_CACHE" cd_install_node
  # V8's last compiler costs a check more than it gives. A later Node.js may not know the word, and would not start with it.
  [ "$cd_major" != "$CD_NODE_MAJOR" ] || CD_CHECK_FLAGS="--max-semi-space-size=4 --max-opt=2"
}

cd_install_node() {
  CD_NODE="$CD_CACHE/node-$CD_NODE_VERSION/node_modules/node-linux-$cd_arch/bin/node"
  [ -x "$CD_NODE" ] && return 0
  command -v npm >/dev/null 2>&1 || cd_lack "neither Node.js $CD_NODE_MAJOR nor npm is here" "install Node.js with npm, any maintained version"
  cd_say "installing Node.js $CD_NODE_VERSION (npm package node-linux-$cd_arch) into $CD_CACHE"
  cd_staging="$CD_CACHE/node-$CD_NODE_VERSION.new"
  rm -rf "$cd_staging" "$CD_CACHE/node-$CD_NODE_VERSION"
  mkdir -p "$cd_staging"
  cd_npm install --prefix "$cd_staging" --no-save "node-linux-$cd_arch@$CD_NODE_VERSION" ||
    cd_lack "Node.js $CD_NODE_VERSION could not be installed through npm: $cd_why" "$cd_remedy, or install Node.js $CD_NODE_MAJOR or newer"
  "$cd_staging/node_modules/node-linux-$cd_arch/bin/node" --version >/dev/null 2>&1 ||
    cd_lack "Node.js $CD_NODE_VERSION was installed and does not start here" "install Node.js $CD_NODE_MAJOR or newer"
  mv -T "$cd_staging" "$CD_CACHE/node-$CD_NODE_VERSION"
}

# npm without scripts, quick to give up, trusting whom the system trusts (a distribution's Node.js does so by itself).
# Why it failed ends up in cd_why, what to look at in cd_remedy. npm tells of files that it could not write by a warning
# only, and ends well: that is a failure here.
cd_npm() {
  NODE_USE_SYSTEM_CA=1 npm "$@" --ignore-scripts --no-audit --no-fund --no-update-notifier --loglevel=warn --fetch-retries=2 \
    --fetch-retry-mintimeout=1000 --fetch-retry-maxtimeout=4000 >/dev/null 2>"$CD_CACHE/npm.log" && cd_why= || cd_why="npm ended with status $?"
  [ -z "$cd_why" ] || [ -s "$CD_CACHE/npm.log" ] || cd_why="$cd_why and could not write what it says to $CD_CACHE"
  cd_unwritten=$(sed -n 's/^npm [Ww][Aa][Rr][Nn] tar TAR_ENTRY_ERROR //p' "$CD_CACHE/npm.log" | head -n 1 | cut -c 1-300)
  [ -n "$cd_why$cd_unwritten" ] || return 0
  cd_said=$(sed -n 's/^npm \(error\|ERR!\) //p' "$CD_CACHE/npm.log" | grep -v -E '^(code|errno|syscall|type|path|dest|network *$|A complete log)' |
    head -n 1 | sed -E 's/^(network|rofs|nospc|enoent|eacces) //' | cut -c 1-300)
  cd_why=${cd_unwritten:-${cd_said:-$cd_why}}
  case $cd_why in
    *ENOSPC* | *EDQUOT* | *EROFS* | *EACCES* | *EPERM* | *"mkdir "* | *"could not write"*) cd_remedy="make room there, or make it writable" ;;
    *) cd_remedy="see that your npm reaches its registry: npm ping" ;;
  esac
  return 1
}

cd_has() { command -v "$1" >/dev/null 2>&1 || [ -x "/usr/sbin/$1" ] || [ -x "/sbin/$1" ]; }

# The OCI runtime, the two network tools and git, all Debian and Ubuntu packages; then whatever is named as PROGRAM:PACKAGE.
cd_need_packages() {
  cd_missing_packages "$@" || return 0
  cd_fix="apt-get update && apt-get install -y --no-install-recommends$cd_missing"
  command -v apt-get >/dev/null 2>&1 || cd_lack "not on this machine:$cd_missing" "install these with your package manager"
  [ "$(id -u)" = 0 ] || cd_lack "not on this machine:$cd_missing" "sudo sh -c '$cd_fix'"
  [ -d "$CD_CACHE" ] || mkdir -p "$CD_CACHE" 2>/dev/null || cd_lack "cannot write to $CD_CACHE" "set XDG_CACHE_HOME to a folder that you can write to"
  cd_alone "$CD_CACHE" cd_install_packages "$@"
}

cd_missing_packages() {
  cd_missing=
  cd_has runc || { cd_has crun && [ "$(id -u)" != 0 ]; } || cd_missing="$cd_missing runc"
  # A user with a single id needs the runtime that can do without root inside.
  cd_has crun || cd_has newuidmap || [ "$(id -u)" = 0 ] || cd_missing="$cd_missing crun"
  cd_has nft || cd_missing="$cd_missing nftables"
  cd_has ip || cd_missing="$cd_missing iproute2"
  cd_has git || cd_missing="$cd_missing git"
  # A kernel that has AppArmor is a second wall, which wants its parser.
  [ ! -e /sys/kernel/security/apparmor/.load ] || cd_has apparmor_parser || cd_missing="$cd_missing apparmor"
  for cd_program in "$@"; do
    cd_has "${cd_program%%:*}" || cd_missing="$cd_missing ${cd_program#*:}"
  done
  [ -n "$cd_missing" ]
}

cd_install_packages() {
  cd_missing_packages "$@" || return 0
  cd_say "installing by apt-get:$cd_missing"
  # A machine's package lists go stale, so they come first. Another apt is waited for.
  # shellcheck disable=SC2086
  cd_apt $cd_missing && return 0
  if grep -q 'dpkg --configure -a' "$CD_CACHE/apt.log"; then
    cd_say "finishing an installation of packages that was interrupted: dpkg --configure -a"
    DEBIAN_FRONTEND=noninteractive dpkg --configure -a >/dev/null 2>"$CD_CACHE/apt.log" </dev/null
    # shellcheck disable=SC2086
    cd_apt $cd_missing && return 0
  fi
  # Lists that could not be fetched are a warning to apt; that a package is not in them is then no news.
  cd_why=$(sed -n -E 's/^[EW]: (Failed to fetch)/\1/p' "$CD_CACHE/apt.log" | head -n 1)
  : "${cd_why:=$(sed -n 's/^E: //p' "$CD_CACHE/apt.log" | head -n 1)}"
  cd_lack "apt-get failed: $(printf %s "${cd_why:-it did not say why}" | cut -c 1-300)" "$cd_fix"
}

cd_apt() {
  { apt-get update -qq &&
    DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 install -y -qq --no-install-recommends "$@"; } \
    >/dev/null 2>"$CD_CACHE/apt.log" </dev/null
}

# A checkout needs its packages (a published package carries what it needs in dist/). The lockfile that was installed is
# kept beside what was installed from it: dates do not survive a clone, and an interrupted npm leaves a part of it.
cd_need_modules() {
  cmp -s "$1/package-lock.json" "$1/node_modules/.installed-lock.json" || cd_alone "$1" cd_install_modules "$1"
}

cd_install_modules() {
  cmp -s "$1/package-lock.json" "$1/node_modules/.installed-lock.json" && return 0
  cd_say "installing the packages that package-lock.json names into $1/node_modules"
  # With the Node.js that will run them: npm leaves out an optional package, here a tool's native half, that the Node.js
  # running npm is too old for.
  cd_path=$PATH
  PATH="$(dirname "$CD_NODE"):$PATH"
  cd_npm ci --prefix "$1" || cd_lack "npm ci failed: $cd_why" "$cd_remedy"
  PATH=$cd_path
  cp "$1/package-lock.json" "$1/node_modules/.installed-lock.json"
}

# A checkout is built when its sources are newer than what was built from them.
cd_need_build() {
  [ -d "$1/src" ] || return 0
  cd_built "$1" && return 0
  cd_need_modules "$1"
  sh "$1/setup/build.sh" --if-stale || { cd_say "the build failed"; exit 70; }
}

cd_built() {
  [ -f "$1/dist/.built" ] && [ -z "$(find "$1/src" "$1/package-lock.json" "$1/tsconfig.json" "$1/setup" -newer "$1/dist/.built" -print -quit)" ]
}
