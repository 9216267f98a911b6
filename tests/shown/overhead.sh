#!/usr/bin/env bash
# What the probes cost, on this machine: the healthy shop of examples/web-service under the same load with all probes (PostgreSQL, the metrics endpoint) and with none, in
# rounds by turns; latency, CPU time of the load generator and of the service, with the probes ÷ without. `tests/shown/overhead.sh [ROUNDS]`, ROUNDS 10 or more; about
# forty seconds a round. The processes are watched in both. Not a part of the ordinary tests.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
rounds=${1:-10}
# shellcheck source=shop.sh
. "$root/tests/shown/shop.sh"

service() { # name
    cat <<EOF
[service.$1]
build = ["cargo", "build", "--release", "--locked", "--features", "postgres"]
start = ["{target}/release/web-service", "{port}"]
ready = "/health"
EOF
}

scenario() { # name, service
    cat <<EOF
[scenario.$1]
service = "$2"
rate = "500/s"
warm-up = "500 ms"
duration = "5 s"
[[scenario.$1.flow]]
name = "look"
data = "visitors.csv"
step = [{ name = "list", path = "/items" }, { name = "item", path = "/items/{item}" }]
EOF
}

{
    printf '[gate]\ntime-limit = "1 h"\n'
    service bare
    service watched
    # The probes of the example, as often as they look by themselves.
    sed -n '/^\[service.shop.postgres\]/,/^# What customers do/p' with-postgres.toml | sed 's/service\.shop/service.watched/; /^every = /d'
    scenario without bare
    scenario with watched
} >tollgate.toml
git commit -qam "The same load twice"
git checkout -q -b change
sed -i 's/usage: web-service PORT/usage: web-service PORT or so/' src/main.rs
git commit -qam "Nothing that matters"
code=0
"$tollgate" check --base main --max-rounds "$rounds" --json >"$work/judged.json" 2>"$work/log" || code=$?
case $code in 0 | 4) ;; *) tail -20 "$work/log" >&2 && exit 1 ;; esac

echo "with ÷ without, median of the pairs (95 % interval of the median)"
jq -r '
  def values($suite; $metric): [.rows[] | select(.id.suite == $suite and .id.benchmark == "all requests" and .id.metric == $metric)
                               | .base.statistics, .head.statistics] | add // [];
  def ratios($metric): [values("with"; $metric), values("without"; $metric)] | transpose | map(select(.[0] and .[1] and .[1] > 0) | .[0] / .[1]) | sort;
  def round: . * 1000 | floor / 1000;
  ("latency-p50", "latency-p99", "generator-cpu", "cpu-per-request") as $metric
  | ratios($metric) as $r | ($r | length) as $n | ([0, ($n / 2 - 0.98 * ($n | sqrt) | floor)] | max) as $k
  | "\($metric): \($r[$n / 2 | floor] | round) (\($r[$k] | round) to \($r[$n - 1 - $k] | round), \($n) pairs)"' "$work/judged.json"
[ -z "${KEEP:-}" ] || cp "$work/judged.json" "$KEEP/overhead.json"
