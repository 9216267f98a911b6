#!/usr/bin/env bash
# What a soak says of memory, shown on this machine with the program itself: a leak of half a KiB a request is found in one minute at 1,000 requests a second; a
# cache that fills and a collector that lets memory rise and fall are not. `tests/shown/leak.sh [MODE…]`, modes: leak plateau sawtooth clean descriptors; `ROUNDS=2`
# for more than one run of each. A little more than a minute a run. Prints what the memory grew by a request, and the 64 B that the gate lets pass.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
[ -n "${BUILT:-}" ] || cargo build --release --locked --manifest-path "$root/Cargo.toml" --bin tollgate --example served
tollgate=${TOLLGATE:-$root/target/release/tollgate}
served=${SERVED:-$root/target/release/examples/served}
seconds=${SECONDS_EACH:-60}
failed=0

soak() { # words of the test service → $work/load.json
    rm -rf "$work/soak" && mkdir "$work/soak" && cd "$work/soak" && git init -q .
    local words
    words=$(printf ', "%s"' "$@")
    cat >tollgate.toml <<EOF
[service.leaky]
start = ["$served", "port={port}"$words]
[scenario.long]
service = "leaky"
profile = "soak"
rate = "1000/s"
duration = "$seconds s"
rest = "5 s"
[[budget]]
metric = "memory-growth"
critical = "64 B"
EOF
    "$tollgate" --quiet load long --json="$work/load.json" >"$work/log" 2>&1 || true
}

value() { # name of a metric
    jq -r --arg name "$1" '[.metrics[] | select(.metric == $name) | .value][0] // "nan"' "$work/load.json"
}

told() { # mode, lower limit, upper limit, metric
    local found word
    found=$(value "$4")
    word=$(awk -v v="$found" -v l="$2" -v u="$3" 'BEGIN { print (v + 0 == v && v >= l && v <= u) ? "ok" : "WRONG" }')
    [ "$word" = ok ] || failed=1
    printf '%-12s %-18s expected %8s to %-8s got %-10.6g peak %4.0f MiB  %s\n' "$1" "$4" "$2" "$3" "$found" \
        "$(value memory-peak | awk '{ print $1 / 1048576 }')" "$word"
}

[ $# != 0 ] || set -- leak plateau sawtooth clean descriptors
for mode in "$@"; do
    for _ in $(seq "${ROUNDS:-1}"); do
        case $mode in
        leak) soak leak-bytes=512 && told leak 400 640 memory-growth ;;
        # 20 MiB that are full after 30 of the 60 seconds.
        plateau) soak leak-bytes=$((20 * 1048576 / (500 * seconds))) "leak-until=$((500 * seconds))" && told plateau -64 64 memory-growth ;;
        # 16 MiB in four seconds, and back.
        sawtooth) soak leak-bytes=4096 collect-every=4000 && told sawtooth -64 64 memory-growth ;;
        clean) soak && told clean -64 64 memory-growth ;;
        descriptors) soak leak-descriptors-every=100 && told descriptors $((7 * seconds)) $((12 * seconds)) descriptors-left ;;
        *)
            echo "what is $mode? modes: leak plateau sawtooth clean descriptors"
            exit 2
            ;;
        esac
    done
done
exit "$failed"
