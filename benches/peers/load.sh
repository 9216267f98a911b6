#!/usr/bin/env bash
# Measures the load engine: what a request costs it beside wrk, h2load and oha (those that are installed), and whether what it says of a server is true.
#   benches/peers/load.sh cost [runs] [seconds]   closed loop, 64 connections, nginx and then a small server; alternating runs
#   benches/peers/load.sh stall                   open loop against a server that sleeps 200 ms every 5 s, beside the analytic truth
#   benches/peers/load.sh frozen                  the generator is stopped 3 times for 400 ms, the server is healthy
#   benches/peers/load.sh memory [seconds]        resident memory at 5,000 requests a second
# Server on core 0, client on core 1. Needs nginx, wrk, h2load, util-linux; oha from PATH: `cargo install oha --locked`. On a machine that others use, run it
# by `chrt -f 10`. LOAD names a bench target that is built already.
set -euo pipefail
cd "$(dirname "$0")/../.."
load=${LOAD:-}
if [ -z "$load" ]; then
    load=$(cargo bench --bench load --no-run --message-format=json | sed -n 's/.*"executable":"\([^"]*\/load-[^"]*\)".*/\1/p')
fi
folder=$(mktemp -d)
port=18431
server=
finish() {
    [ -z "$server" ] || kill "$server" 2>/dev/null || true
    rm -rf "$folder"
}
trap finish EXIT

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

# A small server: `serves SECONDS PERIOD_MS STALL_MS`.
serves() {
    taskset -c 0 "$load" "$port" "$1" serve "$2" "$3" &
    server=$!
    sleep 0.5
}

stops() {
    kill "$server"
    wait "$server" 2>/dev/null || true
    server=
}

# One run of one tool: its requests and its CPU seconds.
run() {
    local tool=$1 seconds=$2 url=http://127.0.0.1:$port/
    local -a command
    case $tool in
        tollgate) command=("$load" "$port" "$seconds" users 64) ;;
        wrk) command=(wrk -t1 -c64 "-d${seconds}s" "$url") ;;
        h2load) command=(h2load --h1 -t1 -c64 -D "$seconds" "$url") ;;
        oha) command=(oha --no-tui -c 64 -z "${seconds}s" --output-format json "$url") ;;
    esac
    local TIMEFORMAT='%3U %3S'
    { time taskset -c 1 "${command[@]}" >"$folder/out" 2>/dev/null; } 2>"$folder/time"
    case $tool in
        tollgate) sed -n 's/^ended \([0-9]*\) .*/\1/p' "$folder/out" ;;
        wrk) sed -n 's/^ *\([0-9]*\) requests in.*/\1/p' "$folder/out" ;;
        h2load) sed -n 's/.* \([0-9]*\) succeeded.*/\1/p' "$folder/out" ;;
        oha) sed -n 's/.*"200": *\([0-9]*\).*/\1/p' "$folder/out" ;;
    esac | tr '\n' ' '
    cat "$folder/time"
}

cost() {
    local runs=$1 seconds=$2 tool
    local -a tools=(tollgate)
    for tool in wrk h2load oha; do
        ! command -v "$tool" >/dev/null || tools+=("$tool")
    done
    echo "# run tool requests per client CPU second"
    for _ in $(seq "$runs"); do
        for tool in "${tools[@]}"; do
            echo "$tool $(run "$tool" "$seconds")"
        done
    done | awk '{ printf "%d %s %.0f\n", ++run[$1], $1, $2 / ($3 + $4) }' | tee "$folder/figures"
    for tool in "${tools[@]}"; do
        echo "median $tool $(awk -v tool="$tool" '$2 == tool { print $3 }' "$folder/figures" | sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }')"
    done | awk '{ median[$2] = $3; print } END { for (tool in median) if (tool != "tollgate") printf "ratio to %s: %.3f\n", tool, median["tollgate"] / median[tool] }'
}

case ${1:-} in
    cost)
        nginx_starts
        echo "# nginx"
        cost "${2:-9}" "${3:-2}"
        stops
        serves 600 0 0
        echo "# a small server"
        cost "${2:-9}" "${3:-2}"
        stops
        ;;
    stall)
        # Of 25 s with five stalls 4 % of the arrivals meet one, and wait evenly between 200 ms and nothing.
        echo "# truth: p97 50 p99 150 p99.9 195 max 200, longer by what the server needs for those who wait before"
        for rate in 1000 5000; do
            serves 30 5000 200
            taskset -c 1 "$load" "$port" 25 rate "$rate" $((rate / 4))
            stops
        done
        ;;
    frozen)
        serves 30 0 0
        taskset -c 1 "$load" "$port" 10 rate 1000 300 &
        client=$!
        for _ in 1 2 3; do
            sleep 2
            kill -STOP "$client"
            sleep 0.4
            kill -CONT "$client"
        done
        wait "$client"
        stops
        ;;
    memory)
        seconds=${2:-600}
        serves $((seconds + 10)) 0 0
        taskset -c 1 "$load" "$port" "$seconds" rate 5000 1250 >"$folder/out" &
        client=$!
        while kill -0 "$client" 2>/dev/null; do
            awk '/VmRSS/ { printf "%d KiB\n", $2 }' "/proc/$client/status" 2>/dev/null || true
            sleep $((seconds / 20 + 1))
        done
        cat "$folder/out"
        stops
        ;;
    *)
        sed -n '2,8s/^# \{0,1\}//p' "$0"
        exit 2
        ;;
esac
