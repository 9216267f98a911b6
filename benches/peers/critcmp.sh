#!/bin/sh
# Compares 1,000 benchmarks with 100 samples each, alternately with critcmp and with tollgate, and prints the wall seconds of each pass.
# critcmp reads one estimate a benchmark; tollgate reads every sample and judges it.
#   cargo install critcmp --root target/peers && PATH=$PWD/target/peers/bin:$PATH benches/peers/critcmp.sh [passes]
set -eu
cd "$(dirname "$0")/../.."
cargo build --release --quiet
cargo bench --quiet --bench criterion_folder -- --test >/dev/null
target=${CARGO_TARGET_DIR:-target}
folder=$target/tmp/thousand

seconds() {
    start=$(date +%s%N)
    # A gate that finds something ends with 10 to 12.
    "$@" >/dev/null 2>&1 || [ $? -ge 10 ] || { echo "failed: $*" >&2; exit 1; }
    end=$(date +%s%N)
    awk "BEGIN { printf \"%.3f\", ($end - $start) / 1e9 }"
}

echo "pass critcmp tollgate"
pass=1
while [ "$pass" -le "${1:-10}" ]; do
    critcmp=$(seconds critcmp --target-dir "$folder" before after)
    tollgate=$(seconds "$target/release/tollgate" compare "$folder/criterion:before" "$folder/criterion:after")
    echo "$pass $critcmp $tollgate"
    pass=$((pass + 1))
done
