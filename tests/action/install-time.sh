#!/usr/bin/env bash
# How long the action takes from nothing until Tollgate runs, with BINARY as the release: `tests/action/install-time.sh BINARY`.
set -euo pipefail
binary=$(realpath -- "${1:?usage: tests/action/install-time.sh BINARY}")
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
"$here/prepare"
cd "$here/../../target/action-tests"
TOLLGATE_ROOT=$here/../.. TOLLGATE_BINARY=$binary exec node --import ./json.mjs install-time.mjs
