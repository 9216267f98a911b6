#!/usr/bin/env bash
# Whether the latencies of an open model are those of other programs: Tollgate beside oha (with --latency-correction) and an open model in C
# (open_model.c, built here), in alternating order, each quantile in milliseconds and as a ratio to Tollgate's.
#   benches/peers/latency.sh stall [rounds] [rate]   a server that stops for 200 ms every 5 s, beside what that must give; 25 s a run
#   benches/peers/latency.sh nginx [rounds] [rate]   nginx with a small body; 10 s a run
# Needs a C compiler and nginx; oha from PATH or $OHA. wrk2 and vegeta would be peers too; neither is in Debian. A machine that does nothing else: server on
# core 0, client on core 1. LOAD names a bench target that is built already.
set -euo pipefail
cd "$(dirname "$0")/../.."
oha=${OHA:-$(command -v oha || true)}
load=${LOAD:-}
if [ -z "$load" ]; then
    load=$(cargo bench --bench load --no-run --message-format=json | sed -n 's/.*"executable":"\([^"]*\/load-[^"]*\)".*/\1/p')
fi
folder=$(mktemp -d)
port=18432
server=
finish() {
    [ -z "$server" ] || kill "$server" 2>/dev/null || true
    rm -rf "$folder"
}
trap finish EXIT
cc -O2 -pthread -o "$folder/open_model" benches/peers/open_model.c

# The whole server stops: one thread that answers everything and then sleeps.
stalls() {
    taskset -c 0 "$load" "$port" 3600 serve 5000 200 >"$folder/server" &
    server=$!
    sleep 0.5
}

nginx_starts() {
    cat >"$folder/nginx.conf" <<CONF
worker_processes 1;
daemon off;
pid $folder/pid;
error_log stderr crit;
events { worker_connections 4096; }
http {
    access_log off;
    keepalive_requests 1000000000;
    client_body_temp_path $folder/b; proxy_temp_path $folder/p; fastcgi_temp_path $folder/f; uwsgi_temp_path $folder/u; scgi_temp_path $folder/s;
    server { listen 127.0.0.1:$port; location / { default_type text/plain; return 200 "Hello, world!"; } }
}
CONF
    taskset -c 0 nginx -e stderr -p "$folder" -c "$folder/nginx.conf" &
    server=$!
    sleep 1
}

stops() {
    kill "$server"
    wait "$server" 2>/dev/null || true
    server=
}

# One run of a tool: p50 p90 p97 p99 p99.9 max, in milliseconds; `-` where it does not say.
run() {
    local tool=$1 seconds=$2 rate=$3 connections=$4
    case $tool in
        tollgate) taskset -c 1 "$load" "$port" "$seconds" rate "$rate" "$connections" >"$folder/out"
            sed -n 's/^response ms p50=\(.*\) p90=\(.*\) p99=\(.*\) p99.9=\(.*\) max=\(.*\) p97=\(.*\)$/\1 \2 \6 \3 \4 \5/p' "$folder/out" ;;
        c) taskset -c 1 "$folder/open_model" "$port" "$seconds" "$rate" "$connections" 1 | cut -d' ' -f1-6 ;;
        oha) taskset -c 1 "$oha" --no-tui -q "$rate" -z "${seconds}s" -c "$connections" --latency-correction --output-format json "http://127.0.0.1:$port/" |
            awk -F'[:,]' '/"slowest"/ && !m { m = $2 } /"latencyPercentiles"/ { p = 1 } /"p50"/ && p && !a { a = $2 } /"p90"/ && p && !b { b = $2 }
                /"p99"/ && p && !c { c = $2 } /"p99.9"/ && p && !d { d = $2 } END { printf "%.3f %.3f - %.3f %.3f %.3f\n", a * 1e3, b * 1e3, c * 1e3, d * 1e3, m * 1e3 }' ;;
    esac
}

compare() {
    local rounds=$1 seconds=$2 rate=$3 round tool
    local -a tools=(tollgate c)
    [ -z "$oha" ] || tools+=(oha)
    echo "# round tool p50 p90 p97 p99 p99.9 max (ms) at $rate/s, load average $(cut -d' ' -f1 /proc/loadavg)"
    for round in $(seq "$rounds"); do
        for tool in "${tools[@]}"; do
            echo "$round $tool $(run "$tool" "$seconds" "$rate" "$((rate / 4))")"
        done
        # Another one is first.
        tools=("${tools[@]:1}" "${tools[0]}")
    done | tee "$folder/figures"
    awk '
        { for (at = 3; at <= 8; at++) seen[$2, at, ++count[$2, at]] = $at; tools[$2] = 1 }
        function median(tool, at,    n, i, j, t, v) {
            n = count[tool, at]
            for (i = 1; i <= n; i++) v[i] = seen[tool, at, i]
            for (i = 1; i <= n; i++) for (j = i + 1; j <= n; j++) if (v[j] + 0 < v[i] + 0) { t = v[i]; v[i] = v[j]; v[j] = t }
            return v[int((n + 1) / 2)]
        }
        END {
            for (tool in tools) {
                line = "median " tool; ratio = "ratio of tollgate to " tool
                for (at = 3; at <= 8; at++) {
                    m = median(tool, at); line = line " " m
                    ratio = ratio (m + 0 > 0 ? sprintf(" %.3f", median("tollgate", at) / m) : " -")
                }
                print line
                if (tool != "tollgate") print ratio
            }
        }' "$folder/figures"
}

# Arrivals at equal distances at a server that answers one after the other and stops for 200 ms every 5 s: each is answered when the one before it is and
# the server does not stop. How fast it answers those who waited, the server has counted.
truth() {
    local rate=$1 capacity
    capacity=$(sed -n 's/^answered \([0-9]*\).*/\1/p' "$folder/server" | sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }')
    echo "# the server answered those who waited at $capacity/s (median of its pauses); truth with that, and for a server that needs no time:"
    for at in "$capacity" 1e12; do
        awk -v rate="$rate" -v capacity="$at" 'BEGIN {
            n = 25 * rate; done = 0
            for (i = 0; i < n; i++) {
                come = i / rate; from = come > done ? come : done
                into = from - 2.5 - 5 * int((from - 2.5) / 5)
                if (from >= 2.5 && into < 0.2) from += 0.2 - into
                done = from + 1 / capacity
                print 1e3 * (done - come)
            }
        }' | sort -g | awk '{ v[NR] = $1 } END {
            printf "truth"; split("0.5 0.9 0.97 0.99 0.999 1", share)
            for (at = 1; at <= 6; at++) printf " %.3f", v[1 + int(share[at] * (NR - 1) + 0.5)]
            print ""
        }'
    done
}

case ${1:-} in
    stall)
        stalls
        compare "${2:-3}" 25 "${3:-1000}"
        truth "${3:-1000}"
        stops
        ;;
    nginx)
        nginx_starts
        compare "${2:-3}" 10 "${3:-1000}"
        stops
        ;;
    *)
        sed -n '2,8s/^# \{0,1\}//p' "$0"
        exit 2
        ;;
esac
