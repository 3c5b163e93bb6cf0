#!/bin/sh
# What action.yml runs: cofferdam check, once for the log and once as SARIF. Its inputs come in CHECK_ variables, which any text may be in.
set -eu
top=$(cd "$(dirname "$0")/.." && pwd)
set -- check --severity "$CHECK_SEVERITY" --persona "$CHECK_PERSONA"
[ -z "$CHECK_AGAINST" ] || set -- "$@" --against "$CHECK_AGAINST"
first=
while IFS= read -r path; do
  [ -n "$path" ] || continue
  # A path that looks like an option is none.
  case $path in -*) path=./$path ;; esac
  [ -n "$first" ] || first=$path
  set -- "$@" "$path"
done <<PATHS
$CHECK_PATHS
PATHS
sarif=${RUNNER_TEMP:-/tmp}/cofferdam-${GITHUB_ACTION:-check}-$$.sarif
status=0
"$top/cofferdam" "$@" --format sarif >"$sarif" || status=$?
# 1 is that something was found; with anything else there is no SARIF to read.
case $status in
  0 | 1) [ -z "${GITHUB_OUTPUT:-}" ] || printf 'sarif=%s\n' "$sarif" >>"$GITHUB_OUTPUT" ;;
  *) exit "$status" ;;
esac
exec "$top/cofferdam" "$@" --format "$CHECK_FORMAT"
