#!/usr/bin/env bash
# What load scenarios promise, shown on this machine with the program itself: `tests/shown/load.sh [PART…]`, parts: check green stress spike soak. About 15 minutes in all.
# Not a part of the ordinary tests, which take less time and look closer.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
pid=
trap 'rm -rf "$work"; [ -z "$pid" ] || kill "$pid" 2>/dev/null || true' EXIT
cargo build --release --locked --manifest-path "$root/Cargo.toml" --bin tollgate --example served
tollgate=$root/target/release/tollgate
served=$root/target/release/examples/served
parts=${*:-check green stress spike soak}
failed=0

verdict() { # what, expected, got, seconds
    local word=ok
    [ "$2" = "$3" ] || { word=WRONG; failed=1; }
    printf '%-44s expected %-8s got %-8s %4s s  %s\n' "$1" "$2" "$3" "$4" "$word"
}

shop() { # a repository with the example, and a branch on which one route sleeps
    cp -r "$root/examples/web-service" "$work/shop"
    rm -rf "$work/shop/target"
    cd "$work/shop"
    git init -q -b main .
    git config user.name demo
    git config user.email demo@example.invalid
    git add -A && git commit -qm "A shop"
    git checkout -qb slow
    sed -i 's|^async fn items(.*|&\n    tokio::time::sleep(std::time::Duration::from_millis(20)).await;|' src/main.rs
    git commit -qam "Look at every item before it is listed"
    git checkout -q main && git checkout -qb same
    echo '// nothing' >>src/main.rs && sed -i 's/usage: web-service PORT/usage: web-service PORT /' src/main.rs
    git commit -qam "Another word"
}

once() { # branch, expected exit code
    local start=$SECONDS code=0
    git checkout -q "$1"
    "$tollgate" --quiet check --base main --json >"$work/judged.json" 2>"$work/log" || code=$?
    verdict "check of branch $1" "$2" "$code" $((SECONDS - start))
    if [ "$2" = 10 ]; then
        jq -r '.rows[] | select(.verdict.kind == "regressed" and .role == "gated") | "    regressed: \(.id.benchmark) \(.id.metric)"' "$work/judged.json"
        jq -e 'any(.rows[]; .verdict.kind == "regressed" and .id.benchmark == "list" and .id.metric == "latency-p95")' "$work/judged.json" >/dev/null ||
            verdict "the p95 of list is named" yes no 0
    fi
}

serve() { # words of the test service → $url, $pid
    "$served" port=0 "$@" >"$work/served" &
    pid=$!
    for _ in $(seq 50); do
        port=$(sed -n 's/.*listening on //p' "$work/served")
        [ -n "$port" ] && break
        sleep 0.1
    done
    url=http://127.0.0.1:$port/
}

load() { # name of a metric, then options → its value, or nothing
    local metric=$1
    shift
    "$tollgate" --quiet load --url "$url" "$@" --json="$work/load.json" >"$work/log" 2>&1 || true
    kill "$pid"
    wait "$pid" 2>/dev/null || true
    jq -r --arg name "$metric" '[.metrics[] | select(.metric == $name) | .value][0] // empty' "$work/load.json"
}

near() { # what, truth, share that it may be off, value, seconds
    local word
    word=$(awk -v t="$2" -v s="$3" -v v="${4:-nan}" 'BEGIN { print (v + 0 == v && v >= t * (1 - s) && v <= t * (1 + s)) ? "ok" : "WRONG" }')
    [ "$word" = ok ] || failed=1
    printf '%-44s truth    %-8s got %-8.6g %4s s  %s\n' "$1" "$2" "${4:-0}" "$5" "$word"
}

for part in $parts; do
    case $part in
    check | green)
        [ -d "$work/shop" ] || shop
        cd "$work/shop"
        for _ in 1 2 3; do
            if [ "$part" = check ]; then once slow 10; else once same 0; fi
        done
        ;;
    stress)
        for _ in 1 2 3; do
            start=$SECONDS
            serve slots=8 work-ms=10
            found=$(load breaking-point --profile stress --rate 200/s --max 5000/s --connections 512)
            near "breaking point of 8 × 10 ms, a second" 800 0.1 "$found" $((SECONDS - start))
        done
        ;;
    spike)
        for recover_ms in 1500 4000; do
            start=$SECONDS
            serve overload-above=300 overload-ms=40 recover-ms=$recover_ms
            found=$(load recovery-time --profile spike --rate 100/s --peak 600/s --after '10 s')
            near "recovery after a spike, seconds" "$(awk -v m=$recover_ms 'BEGIN { print m / 1000 }')" 0.1 "$found" $((SECONDS - start))
        done
        ;;
    soak)
        for leak in 1024 0; do
            start=$SECONDS
            mkdir -p "$work/soak-$leak" && cd "$work/soak-$leak" && git init -q .
            cat >tollgate.toml <<EOF
[service.leaky]
start = ["$served", "port={port}", "leak-bytes=$leak"]
[scenario.long]
service = "leaky"
profile = "soak"
rate = "300/s"
duration = "75 s"
EOF
            "$tollgate" --quiet load long --json="$work/load.json" >"$work/log" 2>&1 || true
            found=$(jq -r '[.metrics[] | select(.metric == "memory-growth") | .value][0] // empty' "$work/load.json")
            printf '%-44s leaks    %-8s got %-8.6g %4s s\n' "memory growth, bytes a request" "$leak" "${found:-0}" $((SECONDS - start))
        done
        ;;
    *)
        echo "what is $part? parts: check green stress spike soak"
        exit 2
        ;;
    esac
done
exit "$failed"
