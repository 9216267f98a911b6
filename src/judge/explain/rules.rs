//! The table of rules, causes before their symptoms: what one explains no later one explains again. `docs/findings.md` has a section for each id, kept by a test.

use super::case::Case;
use super::found::Found;
use super::{leak, limit, pool, query, runtime, spread, work};

/// One rule.
pub(super) struct Rule {
    /// Its documented name.
    pub(super) id: &'static str,
    /// Its name for people.
    pub(super) title: &'static str,
    /// What the names of the metrics begin with whose failing rows it explains.
    pub(super) symptoms: &'static [&'static [&'static str]],
    /// Whether it says something where nothing is worse: what it sees is a fault by itself.
    pub(super) alone: bool,
    /// Looks at one scenario.
    pub(super) check: for<'a> fn(&Case<'a>) -> Option<Found<'a>>,
}

impl Rule {
    /// Whether it explains why a metric of this name is worse.
    pub(super) fn explains(&self, metric: &str) -> bool {
        self.symptoms.iter().copied().flatten().any(|symptom| metric.starts_with(symptom))
    }
}

/// What users and the generator feel when a service is slow or full.
const FELT: &[&str] = &[
    "latency-p",
    "latency-m",
    "latency-knee",
    "latency-drift",
    "service-time",
    "send-lag",
    "throughput",
    "errors",
    "late-arrivals",
    "apdex",
    "breaking-point",
    "recovery-time",
    "bytes-",
    "queue-depth",
    "accept-queue",
    "threads-peak",
    "descriptors-peak",
    "sockets-",
    "duration",
];
/// What a database does for a service.
const DATABASE: &[&str] = &[
    "queries",
    "rows-scanned",
    "slowest-query",
    "query-time",
    "database-connections",
    "lock-waits",
    "idle-in-transaction",
    "temporary-bytes",
    "pool-",
];
/// What a processor does for a service.
const CPU: &[&str] = &[
    "cpu-per-request",
    "service-cpu",
    "context-switches-",
    "run-queue",
    "throttled",
    "event-loop-lag",
    "time",
    "wall",
    "instructions",
    "user-time",
    "system-time",
    "cpu-time",
    "cycles",
    "estimated-cycles",
];
/// What memory does for a service, but for its growth.
const MEMORY: &[&str] = &[
    "memory-peak",
    "memory-floor",
    "minor-faults",
    "major-faults",
    "gc-pause",
    "peak-rss",
    "allocations",
    "allocated",
];
/// What a cache does.
const CACHE: &[&str] = &["cache-"];
/// What is told of storage and connections.
const WIRES: &[&str] = &["disk-", "connections-opened", "reconnects", "connections-left"];

/// All rules, in the order in which they are asked.
pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "n-plus-one",
        title: "N+1 queries",
        symptoms: &[FELT, DATABASE, CPU, MEMORY, WIRES],
        alone: true,
        check: query::n_plus_one,
    },
    Rule {
        id: "missing-index",
        title: "Missing index",
        symptoms: &[FELT, DATABASE, CPU, MEMORY, WIRES],
        alone: true,
        check: query::missing_index,
    },
    Rule {
        id: "full-scan",
        title: "Full scan",
        symptoms: &[FELT, DATABASE, CPU, MEMORY, WIRES],
        alone: false,
        check: query::full_scan,
    },
    Rule {
        id: "cache-too-small",
        title: "Cache too small",
        symptoms: &[FELT, DATABASE, CPU, CACHE, WIRES],
        alone: false,
        check: pool::cache_too_small,
    },
    Rule {
        id: "cache-hit-rate",
        title: "Cache hit rate fell",
        symptoms: &[FELT, DATABASE, CPU, CACHE, WIRES],
        alone: false,
        check: pool::cache_hit_rate,
    },
    Rule {
        id: "pool-exhausted",
        title: "Connection pool exhausted",
        symptoms: &[FELT, &["pool-", "database-connections", "context-switches-", "idle-in-transaction"]],
        alone: false,
        check: pool::exhausted,
    },
    Rule {
        id: "lock-waits",
        title: "Waiting for locks of the database",
        symptoms: &[FELT, DATABASE, &["context-switches-"]],
        alone: false,
        check: pool::lock_waits,
    },
    Rule {
        id: "repeated-query",
        title: "More statements a request",
        symptoms: &[FELT, DATABASE, CPU, WIRES],
        alone: false,
        check: query::repeated,
    },
    Rule {
        id: "slow-query",
        title: "Slow query",
        symptoms: &[FELT, DATABASE, &["context-switches-"]],
        alone: false,
        check: query::slow,
    },
    Rule {
        id: "connection-churn",
        title: "Connections are not kept",
        symptoms: &[FELT, CPU, WIRES],
        alone: false,
        check: spread::churn,
    },
    Rule {
        id: "descriptor-leak",
        title: "Descriptor leak",
        symptoms: &[&["descriptor", "sockets-", "connections-left", "memory-growth", "memory-floor", "memory-peak"]],
        alone: false,
        check: leak::descriptors,
    },
    Rule {
        id: "memory-leak",
        title: "Memory leak",
        symptoms: &[MEMORY, &["memory-growth", "latency-drift"]],
        alone: false,
        check: leak::memory,
    },
    Rule {
        id: "left-after-rest",
        title: "Threads or connections are not given back",
        symptoms: &[&["threads-", "connections-left", "sockets-", "memory-growth"]],
        alone: false,
        check: leak::left,
    },
    Rule {
        id: "backend-imbalance",
        title: "Uneven instances",
        symptoms: &[FELT, &["share-imbalance", "latency-imbalance"]],
        alone: false,
        check: spread::imbalance,
    },
    Rule {
        id: "gc-pauses",
        title: "Garbage collection",
        symptoms: &[FELT, MEMORY, CPU],
        alone: false,
        check: runtime::gc,
    },
    Rule { id: "more-work", title: "More work", symptoms: &[FELT, CPU], alone: false, check: work::more },
    Rule {
        id: "throttled",
        title: "Throttled by its cgroup",
        symptoms: &[FELT, CPU],
        alone: false,
        check: runtime::throttled,
    },
    Rule {
        id: "event-loop",
        title: "Event loop blocked",
        symptoms: &[FELT, CPU],
        alone: false,
        check: runtime::event_loop,
    },
    Rule {
        id: "run-queue",
        title: "Waiting for a core",
        symptoms: &[FELT, CPU],
        alone: false,
        check: runtime::run_queue,
    },
    Rule { id: "layout", title: "Layout suspect", symptoms: &[&["time", "wall"]], alone: false, check: work::layout },
    Rule { id: "error-burst", title: "Errors", symptoms: &[FELT], alone: false, check: spread::errors },
    Rule {
        id: "cpu-bound",
        title: "Out of CPU at the breaking point",
        symptoms: &[FELT, CPU],
        alone: false,
        check: limit::cpu,
    },
    Rule {
        id: "memory-bound",
        title: "Out of memory at the breaking point",
        symptoms: &[FELT, MEMORY],
        alone: false,
        check: limit::memory,
    },
    Rule {
        id: "io-bound",
        title: "Waiting for storage at the breaking point",
        symptoms: &[FELT, WIRES],
        alone: false,
        check: limit::storage,
    },
    Rule {
        id: "lock-bound",
        title: "Waiting for a lock or a pool at the breaking point",
        symptoms: &[FELT, DATABASE],
        alone: false,
        check: limit::lock,
    },
    Rule {
        id: "waiting",
        title: "Waiting, not working",
        symptoms: &[FELT, &["time", "wall", "context-switches-"]],
        alone: false,
        check: work::waiting,
    },
];
