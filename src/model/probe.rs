//! The metrics of probes by name, for those who write them, judge them and explain by them. One name has one meaning everywhere. They belong to the benchmark
//! that stands for the whole scenario, unless said otherwise; metrics of load are in [`super::load`].

/// CPU time of the service's processes for each request, in seconds.
pub const CPU_PER_REQUEST: &str = "cpu-per-request";
/// The most resident memory of the service, in bytes.
pub const MEMORY_PEAK: &str = "memory-peak";
/// The least resident memory of the service while load counts, in bytes.
pub const MEMORY_FLOOR: &str = "memory-floor";
/// Resident memory of the service at the end of the load, where each page that several processes share is divided among them, in bytes.
pub const MEMORY_PROPORTIONAL: &str = "memory-proportional";
/// Page faults that had to wait for a disk, for each request.
pub const MAJOR_FAULTS: &str = "major-faults";
/// Page faults that did not, for each request.
pub const MINOR_FAULTS: &str = "minor-faults";
/// How often a thread gave its core up to wait, for each request.
pub const WAITS: &str = "context-switches-voluntary";
/// How often a thread was taken off its core, for each request.
pub const PREEMPTIONS: &str = "context-switches-involuntary";
/// Bytes that storage was made to give, for each request.
pub const DISK_READ: &str = "disk-read";
/// Bytes that storage was made to take, for each request.
pub const DISK_WRITTEN: &str = "disk-written";
/// The most threads.
pub const THREADS_PEAK: &str = "threads-peak";
/// The most open descriptors.
pub const DESCRIPTORS_PEAK: &str = "descriptors-peak";
/// The most sockets in one state: `sockets-established`, `sockets-close-wait`.
pub const SOCKETS: &str = "sockets-";
/// Connections that the service opened to others, for each request.
pub const CONNECTIONS_OPENED: &str = "connections-opened";
/// The share of the periods of its cgroup's limit in which that held the service back.
pub const THROTTLED: &str = "throttled";
/// The share of the time in which the service's threads had something to do that they waited for a core.
pub const RUN_QUEUE: &str = "run-queue";
/// The longest queue of connections that the service had not accepted.
pub const ACCEPT_QUEUE: &str = "accept-queue";
/// Descriptors that were not given back after the load, beyond those from before it and those that the service had opened for itself when the warm-up was over.
pub const DESCRIPTORS_LEFT: &str = "descriptors-left";
/// Threads that were not given back.
pub const THREADS_LEFT: &str = "threads-left";
/// Connections that were not given back.
pub const CONNECTIONS_LEFT: &str = "connections-left";

/// The share of the time of the machine's cores that its host took away, over the whole round.
pub const MACHINE_STEAL: &str = "machine-steal";
/// The cores that others than the service and the generator used, over the whole round.
pub const MACHINE_OTHERS: &str = "machine-others";
/// The share of the time in which some task of the machine waited for memory, over the whole round.
pub const MACHINE_MEMORY_PRESSURE: &str = "machine-memory-pressure";

/// Statements of a database for each request, by request; exact.
pub const QUERIES: &str = "queries";
/// Rows that tables were read through for, for each request, by request.
pub const ROWS_SCANNED: &str = "rows-scanned";
/// The time of the slowest statement of a request in the database, in seconds, by request.
pub const SLOWEST_QUERY: &str = "slowest-query";
/// Time in the database for each request, in seconds, by request.
pub const QUERY_TIME: &str = "query-time";
/// The most connections to the database at once.
pub const DATABASE_CONNECTIONS: &str = "database-connections";
/// The most connections at once as a share of what the database allows.
pub const DATABASE_CONNECTIONS_USED: &str = "database-connections-used";
/// The share of looks at the database that saw a statement wait for a lock.
pub const LOCK_WAITS: &str = "lock-waits";
/// The share of looks at the database that saw a transaction which does nothing.
pub const IDLE_IN_TRANSACTION: &str = "idle-in-transaction";
/// Bytes of temporary files of the database for each request.
pub const TEMPORARY_BYTES: &str = "temporary-bytes";

/// How unevenly requests are spread over the instances: the largest share beside its weight's, less 1.
pub const SHARE_IMBALANCE: &str = "share-imbalance";
/// The slowest instance's p95 beside the median instance's, less 1.
pub const LATENCY_IMBALANCE: &str = "latency-imbalance";

// Names that a config gives to what a metrics endpoint says. Findings know these; any other name is a metric like any other.

/// The share of look-ups that a cache answered; `cache-hit-rate-sessions` for one of several.
pub const CACHE_HIT_RATE: &str = "cache-hit-rate";
/// Entries that a cache dropped for want of room, a second.
pub const CACHE_EVICTIONS: &str = "cache-evictions";
/// Entries of a cache.
pub const CACHE_ENTRIES: &str = "cache-entries";
/// Connections of a pool in use, as a share of its size.
pub const POOL_USED: &str = "pool-used";
/// Requests that wait for a connection of a pool.
pub const POOL_WAITING: &str = "pool-waiting";
/// What waits in a queue of the service.
pub const QUEUE_DEPTH: &str = "queue-depth";
/// How late an event loop runs its tasks, in seconds.
pub const EVENT_LOOP_LAG: &str = "event-loop-lag";
/// The share of time in which garbage collection stops the program.
pub const GC_PAUSE: &str = "gc-pause";
