# shellcheck shell=bash
# The example service of examples/web-service in a repository of its own, with a PostgreSQL and a warehouse beside it. Sourced by the scripts here, which set `root`:
# the repository of Tollgate. Sets `work`, and `tollgate`, the program that is tried. All of it is gone when the script ends.
work=$(mktemp -d)
chmod 755 "$work"

# PostgreSQL does not run as root.
as_server() {
    if [ "$(id -u)" = 0 ]; then setpriv --reuid=nobody --regid="$(id -g nobody)" --clear-groups "$@"; else "$@"; fi
}

bin=$(dirname "$(command -v initdb || echo /none/initdb)")
for newest in /usr/lib/postgresql/*/bin; do [ ! -x "$newest/initdb" ] || bin=$newest; done
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
    local options
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
    for arm in base head; do cp -a "$root/target/example" ".tollgate/target/$arm"; done
}

tollgate=${TOLLGATE:-$root/target/release/tollgate}
[ -n "${TOLLGATE:-}" ] || cargo build --release --locked --quiet --manifest-path "$root/Cargo.toml" --bin tollgate
cargo build --release --locked --quiet --features postgres --manifest-path "$root/examples/web-service/Cargo.toml" --target-dir "$root/target/example"
database
stock
repository
