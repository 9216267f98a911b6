#!/usr/bin/env bash
# Which finding appears for each mistake of examples/web-service, on this machine, with the program itself and a PostgreSQL of its own:
# `tests/shown/faults.sh [--runs N] [PART…]`, parts: off n-plus-one missing-index leak small-cache small-pool descriptor-leak no-keep-alive busy-loop lock
# slow-backend index. Base is the healthy shop; head has one mistake. About three minutes a part and run. Not a part of the ordinary tests.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
runs=1
if [ "${1:-}" = --runs ]; then
    runs=$2
    shift 2
fi
parts=("$@")
[ $# != 0 ] || parts=(off n-plus-one missing-index leak small-cache small-pool descriptor-leak no-keep-alive busy-loop lock slow-backend index)
failed=0

expected() { # part → the rule that has to find it; "-" for none
    case $1 in
    off) echo - ;;
    n-plus-one | missing-index | descriptor-leak) echo "$1" ;;
    leak) echo memory-leak ;;
    small-cache) echo cache-too-small ;;
    small-pool) echo pool-exhausted ;;
    no-keep-alive) echo connection-churn ;;
    busy-loop) echo more-work ;;
    lock | slow-backend) echo waiting ;;
    *) echo "what is $1?" >&2 && exit 2 ;;
    esac
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
    "$tollgate" check --base main --json >"$work/judged.json" 2>"$work/log" || code=$?
    found=$(jq -r --arg rule "$2" '[.findings[] | select(.rule == $rule) | "\(.number) \(.rule) (\(.certainty))"] | join(", ")' "$work/judged.json" 2>/dev/null) || found='no report'
    # Of what failed beside it, a rule or a row that no finding explains.
    others=$(jq -r --arg rule "$2" '[.findings[] | .row, .others[]] as $told | [.findings[] | select(.rule != $rule) | .rule]
        + [.rows[] | select(.outcome | startswith("fail")) | .id | select(. as $id | any($told[]; . == $id) | not) | "\(.benchmark):\(.metric)"]
        | join(", ")' "$work/judged.json" 2>/dev/null) || others='no report'
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

for part in "${parts[@]}"; do [ "$part" = index ] || expected "$part" >/dev/null; done
# shellcheck source=shop.sh
. "$root/tests/shown/shop.sh"
printf '| %-16s | %4s | %-36s | %-30s | %6s | %s |\n' 'mistake in head' exit 'its finding' 'others beside it' time ''
for run in $(seq "$runs"); do
    [ "$runs" = 1 ] || echo "run $run of $runs"
    for part in "${parts[@]}"; do
        if [ "$part" = index ]; then
            index
            continue
        fi
        branch "$part"
        if [ "$part" = off ]; then row off - 0; else row "$part" "$(expected "$part")" 10; fi
    done
done
exit "$failed"
