#!/usr/bin/env bash
# Which finding appears for each mistake of examples/web-service, on this machine, with the program itself and a PostgreSQL of its own:
# `tests/shown/faults.sh [--runs N] [PART…]`, parts: off n-plus-one missing-index leak small-cache small-pool descriptor-leak no-keep-alive busy-loop lock
# slow-backend index. Base is the healthy shop; head has one mistake. About two minutes a part and run. Not a part of the ordinary tests.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
chmod 755 "$work"
runs=1
if [ "${1:-}" = --runs ]; then
    runs=$2
    shift 2
fi
parts=${*:-off n-plus-one missing-index leak small-cache small-pool descriptor-leak no-keep-alive busy-loop lock slow-backend index}
failed=0

expected() { # part → the rule that has to find it; "-" for none
    case $1 in
    off) echo - ;;
    n-plus-one | missing-index | descriptor-leak | lock) echo "$1" | sed 's/^lock$/waiting/' ;;
    leak) echo memory-leak ;;
    small-cache) echo cache-too-small ;;
    small-pool) echo pool-exhausted ;;
    no-keep-alive) echo connection-churn ;;
    busy-loop) echo more-work ;;
    slow-backend) echo waiting ;;
    *) echo "what is $1?" >&2 && exit 2 ;;
    esac
}

# PostgreSQL does not run as root.
as_server() {
    if [ "$(id -u)" = 0 ]; then setpriv --reuid=nobody --regid="$(id -g nobody)" --clear-groups "$@"; else "$@"; fi
}

bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | tail -1 || true)
[ -n "$bin" ] || bin=$(dirname "$(command -v initdb || echo /none)")
[ -x "$bin/initdb" ] || {
    echo "PostgreSQL is not installed: apt-get install postgresql" >&2
    exit 2
}
warehouse=
cleanup() {
    [ -z "$warehouse" ] || kill "$warehouse" 2>/dev/null || true
    [ ! -f "$work/db/data/postmaster.pid" ] || as_server "$bin/pg_ctl" -D "$work/db/data" -m immediate -w stop >/dev/null 2>&1 || true
    rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

database() { # a cluster on a free port; sets DATABASE_URL and WATCH_DATABASE_URL
    mkdir "$work/db"
    [ "$(id -u)" != 0 ] || chown nobody "$work/db"
    cd "$work"
    as_server "$bin/initdb" -D "$work/db/data" -U postgres -A trust --no-sync >"$work/initdb.log"
    local port options
    for _ in 1 2 3 4 5; do
        port=$((20000 + RANDOM % 10000))
        options="-p $port -k $work/db -c listen_addresses=127.0.0.1 -c shared_preload_libraries=pg_stat_statements -c fsync=off -c autovacuum=off"
        if as_server "$bin/pg_ctl" -D "$work/db/data" -l "$work/db/log" -w -o "$options" start >/dev/null; then break; fi
        port=
    done
    [ -n "$port" ] || { cat "$work/db/log" >&2 && exit 1; }
    sql() { "$bin/psql" -h "$work/db" -p "$port" -U postgres -qAt -v ON_ERROR_STOP=1 "$@"; }
    sql -c "create role shop login; create role watch login; grant pg_monitor, pg_read_all_data to watch"
    sql -c "create database shop owner shop"
    shop_sql() { sql -d shop "$@"; }
    shop_sql -c "create extension pg_stat_statements"
    # Whether an index would be used is only asked where this is installed.
    shop_sql -c "create extension hypopg" 2>/dev/null || true
    export DATABASE_URL="postgres://shop@127.0.0.1:$port/shop" WATCH_DATABASE_URL="postgres://watch@127.0.0.1:$port/shop"
}

stock() { # a warehouse beside the shop, on a free port; sets WAREHOUSE
    "$root/target/example/release/web-service" warehouse 0 >"$work/warehouse" &
    warehouse=$!
    for _ in $(seq 50); do
        WAREHOUSE=$(sed -n 's/^listening on //p' "$work/warehouse")
        [ -z "$WAREHOUSE" ] || break
        sleep 0.1
    done
    export WAREHOUSE
}

repository() { # the example with its database
    cp -r "$root/examples/web-service" "$work/shop"
    rm -rf "$work/shop/target" "$work/shop/.tollgate"
    cd "$work/shop"
    cp with-postgres.toml tollgate.toml
    git init -q -b main .
    git config user.name demo
    git config user.email demo@example.invalid
    git add -A && git commit -qm "A shop"
    # What every version of the shop depends on is built once, and both arms begin with it.
    mkdir -p .tollgate/target
    for arm in base head; do cp -r "$root/target/example" ".tollgate/target/$arm"; done
}

branch() { # part: a branch with that mistake, or with none
    local fault
    git checkout -q -f main
    git checkout -q -B "try-$1"
    if [ "$1" = off ]; then
        sed -i 's/usage: web-service PORT/usage: web-service PORT or so/' src/main.rs
    else
        fault=$(echo "$1" | sed -E 's/(^|-)([a-z])/\U\2/g')
        sed -i "s/= None;/= Some(Fault::$fault);/" src/faults.rs
    fi
    git commit -qam "Try: $1"
}

row() { # name, expected rule or "-", expected exit code or "-"
    local start=$SECONDS code=0 found others word=ok
    "$tollgate" --quiet check --base main --json >"$work/judged.json" 2>"$work/log" || code=$?
    found=$(jq -r --arg rule "$2" '[.findings[] | select(.rule == $rule) | "\(.number) \(.rule) (\(.certainty))"] | join(", ")' "$work/judged.json" 2>/dev/null) || found='no report'
    others=$(jq -r --arg rule "$2" '[.findings[] | select(.rule != $rule) | .rule] | join(", ")' "$work/judged.json" 2>/dev/null) || others='no report'
    if [ "$2" = - ]; then
        [ -z "$others" ] || word=WRONG
    else
        [ -n "$found" ] && [ -z "$others" ] || word=WRONG
    fi
    [ "$3" = - ] || [ "$3" = "$code" ] || word=WRONG
    [ "$word" = ok ] || failed=1
    printf '| %-16s | %4s | %-36s | %-30s | %4s s | %s |\n' "$1" "$code" "${found:-none}" "${others:-none}" $((SECONDS - start)) "$word"
    if [ "$word" = WRONG ]; then
        jq -r '.rows[] | select(.verdict.kind == "regressed" or .verdict.kind == "over-budget") | "    \(.role): \(.id.benchmark) \(.id.metric) \(.base.value // "-") > \(.head.value // "-")"' "$work/judged.json" 2>/dev/null | head -40
        tail -5 "$work/log"
    fi
    if [ -n "${KEEP:-}" ]; then cp "$work/judged.json" "$KEEP/$1.json" && cp "$work/log" "$KEEP/$1.log"; fi
}

index() { # the index that the finding proposes is created, and then nothing is found
    local create
    branch missing-index
    row index:before missing-index 10
    create=$(jq -r '[.findings[] | select(.rule == "missing-index") | .paste.text][0] // empty' "$work/judged.json")
    printf '    proposed: %s\n' "${create:-nothing}"
    [ -n "$create" ] || { failed=1 && return; }
    shop_sql -c "$create" -c "analyze"
    row index:after - 0
    shop_sql -c "select format('drop index %I', indexname) from pg_indexes where tablename = 'review' and indexname not in ('review_pkey', 'review_item')" |
        while read -r drop; do shop_sql -c "$drop"; done
}

for part in $parts; do [ "$part" = index ] || expected "$part" >/dev/null; done
tollgate=${TOLLGATE:-$root/target/release/tollgate}
[ -n "${TOLLGATE:-}" ] || cargo build --release --locked --quiet --manifest-path "$root/Cargo.toml" --bin tollgate
cargo build --release --locked --quiet --features postgres --manifest-path "$root/examples/web-service/Cargo.toml" --target-dir "$root/target/example"
database
stock
repository
printf '| %-16s | %4s | %-36s | %-30s | %6s | %s |\n' 'mistake in head' exit 'its finding' 'others beside it' time ''
for run in $(seq "$runs"); do
    [ "$runs" = 1 ] || echo "run $run of $runs"
    for part in $parts; do
        if [ "$part" = index ]; then
            index
            continue
        fi
        branch "$part"
        if [ "$part" = off ]; then row off - 0; else row "$part" "$(expected "$part")" 10; fi
    done
done
exit "$failed"
