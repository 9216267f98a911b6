#!/usr/bin/env bash
# What the live picture of `tollgate load` costs: requests a second with it and without it, in pairs whose order alternates.
#
#   cargo build --release --bin tollgate --example served && benches/peers/live_view.sh [PAIRS] [SECONDS]
#
# The picture is drawn on a terminal made by `script` (util-linux). The server is pinned to one core and Tollgate to another where there are two.
set -euo pipefail
pairs=${1:-10} seconds=${2:-3}
folder=${TOLLGATE_TARGET:-target/release}
work=$(mktemp -d)
on_first=() on_second=()
if command -v taskset >/dev/null && [ "$(nproc)" -gt 1 ]; then on_first=(taskset -c 0) on_second=(taskset -c 1); fi
"${on_first[@]}" "$folder/examples/served" port=0 >"$work/server" &
server=$!
trap 'kill "$server"; rm -rf "$work"' EXIT
until grep -q listening "$work/server"; do sleep 0.1; done
port=$(grep -o '[0-9]*$' "$work/server")
once() { # with or without → requests
  local quiet=()
  [ "$1" = without ] && quiet=(--quiet)
  local command=("$folder/tollgate" load --url "http://127.0.0.1:$port/" --users 64 --warm-up '500 ms' --duration "$seconds s" "${quiet[@]}" "--json=$work/out.json")
  "${on_second[@]}" script -qec "$(printf '%q ' "${command[@]}")" /dev/null >/dev/null
  grep -o '"requests":[0-9]*' "$work/out.json" | head -1 | cut -d: -f2
}
for pair in $(seq "$pairs"); do
  if [ $((pair % 2)) = 0 ]; then with=$(once with) without=$(once without); else without=$(once without) with=$(once with); fi
  echo "$with $without"
done | tee "$work/pairs" | awk '{ printf "pair %d: with %d, without %d, ratio %.4f\n", NR, $1, $2, $1 / $2 }'
awk '{ print $1 / $2 }' "$work/pairs" | sort -n | awk '{ r[NR] = $1 } END { printf "median ratio with ÷ without: %.4f\n", (r[int((NR + 1) / 2)] + r[int(NR / 2) + 1]) / 2 }'
