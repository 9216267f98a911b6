//! The metrics of a scenario by name, for those who write them, judge them and lay them out. One name has one meaning everywhere.

/// From the intended send to the end of the reply, as quantiles: `latency-p95`.
pub const LATENCY: &str = "latency";
/// From the send to the end of the reply, as quantiles.
pub const SERVICE_TIME: &str = "service-time";
/// From the intended send to the send, as quantiles.
pub const SEND_LAG: &str = "send-lag";
/// Replies a second that came and were right.
pub const THROUGHPUT: &str = "throughput";
/// Requests a second that were meant to be sent.
pub const INTENDED_RATE: &str = "intended-rate";
/// Users at once, in a closed model.
pub const USERS: &str = "users";
/// Failed requests of all, those that never got a connection among them; by kind `errors-timeout` and so on.
pub const ERRORS: &str = "errors";
/// Arrivals that the generator was late for, of all. More than [`LATE_SHARE_MAX`] of them in a round, and no time of that round counts.
pub const LATE_ARRIVALS: &str = "late-arrivals";
/// How long the load that counts was kept.
pub const DURATION: &str = "duration";
/// Bytes of requests a second.
pub const BYTES_OUT: &str = "bytes-out";
/// Bytes of replies a second.
pub const BYTES_IN: &str = "bytes-in";
/// Connections that were made again.
pub const RECONNECTS: &str = "reconnects";
/// Apdex: the share of satisfied requests and half of the tolerated ones.
pub const APDEX: &str = "apdex";
/// The highest level that a stress test held, in requests a second or users.
pub const BREAKING_POINT: &str = "breaking-point";
/// The highest level of a stress test up to which the latency is hardly more than at its first.
pub const LATENCY_KNEE: &str = "latency-knee";
/// How long after a spike, or after an instance was killed, latency and failures are back.
pub const RECOVERY_TIME: &str = "recovery-time";
/// Growth of the service's memory for each request.
pub const MEMORY_GROWTH: &str = "memory-growth";
/// Growth of its open descriptors for each request.
pub const DESCRIPTOR_GROWTH: &str = "descriptor-growth";
/// The 99th percentile of the last third of a soak beside that of the first, as a ratio.
pub const LATENCY_DRIFT: &str = "latency-drift";
/// CPU time of the service a second, as cores; in a stress test at its breaking point.
pub const SERVICE_CPU: &str = "service-cpu";
/// CPU time of the generator a second, as cores.
pub const GENERATOR_CPU: &str = "generator-cpu";

/// The share of late arrivals above which a round says nothing about the service.
pub const LATE_SHARE_MAX: f64 = 0.01;
/// Fewer late arrivals than this in a round move no quantile that is judged, whatever their share of a short round.
pub const LATE_ARRIVALS_MIN: u64 = 3;
/// The benchmark that stands for all requests of a scenario which has several.
pub const ALL_REQUESTS: &str = "all requests";
/// What the benchmark of a stage begins with: `stage 03, 800/s`.
pub const STAGE: &str = "stage ";
/// The part of a script for k6 whose requests do not count: k6 names it in the tag `scenario`.
pub const K6_WARM_UP: &str = "warm_up";
/// What the benchmark of one of several targets begins with: `target instance 1`.
pub const TARGET: &str = "target ";
/// What the benchmark of one of the backends behind a load balancer begins with.
pub const BACKEND: &str = "backend ";
/// Requests that one of several targets or backends took.
pub const REQUESTS: &str = "requests";

/// Whether metrics of these names are those of a load scenario: latencies beside a throughput, or a limit that was looked for.
pub fn is_load<'a>(metrics: impl Iterator<Item = &'a str>) -> bool {
    let (mut latency, mut throughput) = (false, false);
    for metric in metrics {
        if matches!(metric, BREAKING_POINT | LATE_ARRIVALS) {
            return true;
        }
        latency |= metric.starts_with(LATENCY);
        throughput |= metric == THROUGHPUT;
    }
    latency && throughput
}

/// Whether a benchmark of a scenario stands for a part of the load: a stage, a target or a backend, not a request.
pub fn is_part(benchmark: &str) -> bool {
    [STAGE, TARGET, BACKEND].iter().any(|part| benchmark.starts_with(part))
}

/// Of the benchmarks of a scenario the one that stands for all of it.
pub fn whole<'a>(benchmarks: impl Iterator<Item = &'a str> + Clone) -> Option<&'a str> {
    let all = benchmarks.clone().find(|name| *name == ALL_REQUESTS);
    all.or_else(|| benchmarks.into_iter().find(|name| !is_part(name)))
}
