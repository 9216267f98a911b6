//! What the shop says of itself, in the text format of Prometheus. Times are counters of seconds, so that their rates are exact however seldom somebody looks.

use std::fmt::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::extract::State;

use crate::Shop;

pub async fn metrics(State(shop): State<Arc<Shop>>) -> String {
    let mut text = String::new();
    let cache = &shop.deliveries;
    counter(&mut text, "shop_cache_hits_total", count(&cache.hits));
    counter(&mut text, "shop_cache_misses_total", count(&cache.misses));
    counter(&mut text, "shop_cache_evictions_total", count(&cache.evictions));
    gauge(&mut text, "shop_cache_entries", cache.entries());
    counter(&mut text, "shop_warehouse_calls_total", count(&shop.warehouse.calls));
    counter(&mut text, "shop_warehouse_seconds_total", count(&shop.warehouse.took_us) / 1e6);
    #[cfg(feature = "postgres")]
    if let Some(pool) = shop.store.pool() {
        gauge(&mut text, "shop_pool_connections", pool.size);
        gauge(&mut text, "shop_pool_in_use", pool.in_use());
        gauge(&mut text, "shop_pool_waiting", pool.waiting.load(Ordering::Relaxed));
        counter(&mut text, "shop_pool_busy_seconds_total", count(&pool.busy_us) / 1e6);
        counter(&mut text, "shop_pool_wait_seconds_total", count(&pool.waited_us) / 1e6);
    }
    text
}

fn counter(text: &mut String, name: &str, value: f64) {
    let _always = write!(text, "# TYPE {name} counter\n{name} {value}\n");
}

fn gauge(text: &mut String, name: &str, value: usize) {
    let _always = write!(text, "# TYPE {name} gauge\n{name} {value}\n");
}

fn count(of: &AtomicU64) -> f64 {
    of.load(Ordering::Relaxed) as f64
}
