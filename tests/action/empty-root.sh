#!/usr/bin/env bash
# Shows that a static binary needs nothing: runs it in a root that holds the binary alone, by its path. `tests/action/empty-root.sh BINARY`
# Needs user namespaces (`unshare -r`) or root. With hyperfine, also how long a start takes, beside that of /bin/true.
set -euo pipefail

binary=${1:?usage: tests/action/empty-root.sh BINARY}
root=$(mktemp -d)
trap 'rm -rf -- "$root"' EXIT
cp -- "$binary" "$root/tollgate"

inside() {
    if [ "$(id -u)" = 0 ]; then
        chroot "$root" /tollgate "$@"
    else
        unshare --user --map-root-user chroot "$root" /tollgate "$@"
    fi
}

inside --version
inside schema config >"$root/schema.json"
grep -q '"title"' "$root/schema.json"
# Templates and all else that a report is made of are inside.
cp -- "$(dirname -- "${BASH_SOURCE[0]}")/../fixtures/judgements/v1.json" "$root/judgement.json"
inside report --format html /judgement.json >"$root/report.html"
grep -qi '^<!doctype html>' "$root/report.html"
# Without a repository it says so, and ends as its exit codes say.
status=0
inside check --list 2>"$root/said" || status=$?
cat "$root/said"
[ "$status" = 2 ] || { echo "error: \`check --list\` without a repository ended with $status, not with 2" >&2; exit 1; }
printf 'size: %s bytes\n' "$(stat -c %s -- "$binary")"
if command -v hyperfine >/dev/null; then
    hyperfine --shell=none --warmup 20 --runs 300 "$binary --version" /bin/true
fi
