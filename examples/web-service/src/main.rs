//! A small shop: items to look at, orders to place. `web-service PORT` is the shop, `web-service warehouse PORT` what is behind it; with the feature `postgres` and `DATABASE_URL` its data is in PostgreSQL, else in
//! memory. What the warehouse knows it asks over TCP, and keeps some of it in a cache.

mod cache;
mod faults;
mod metrics;
mod pool;
mod store;
mod warehouse;

use std::process::ExitCode;
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::{Deserialize, Serialize};

use cache::Cache;
use store::{Error, Item, Order, Store};
use warehouse::Warehouse;

/// All that a request needs.
pub struct Shop {
    store: Store,
    warehouse: Warehouse,
    /// How many days it takes until an item is delivered.
    deliveries: Cache<i32, u32>,
}

#[tokio::main]
async fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let (is_warehouse, port) = match words.as_slice() {
        [port] => (false, port.parse().ok()),
        [word, port] if word == "warehouse" => (true, port.parse().ok()),
        _ => (false, None),
    };
    let Some(port) = port else {
        eprintln!("usage: web-service PORT");
        return ExitCode::from(2);
    };
    let served = if is_warehouse { warehouse::serve(port).await } else { serve(port).await };
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("web-service: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The shop.
async fn serve(port: u16) -> Result<(), Error> {
    let shop = Arc::new(Shop {
        store: Store::open().await?,
        warehouse: Warehouse::new(warehouse::open().await?),
        deliveries: Cache::new(faults::cache_entries()),
    });
    // A shop that opens with an empty cache is slow at first.
    for item in 1..=store::ITEMS {
        shop.delivery(item).await?;
    }
    let routes = Router::new()
        .route("/health", get(|| async { "ok" }))
        .route("/metrics", get(metrics::metrics))
        .route("/items", get(items))
        .route("/items/{id}", get(item))
        .route("/orders", post(place))
        .route("/orders/{id}", get(order))
        .with_state(shop);
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
    println!("listening on {}", listener.local_addr()?);
    axum::serve(listener, routes).with_graceful_shutdown(asked_to_end()).await?;
    Ok(())
}

async fn asked_to_end() {
    use tokio::signal::unix::{SignalKind, signal};
    match signal(SignalKind::terminate()) {
        Ok(mut terminate) => drop(terminate.recv().await),
        // Then it ends when it is made to.
        Err(_) => std::future::pending().await,
    }
}

/// Why a request failed; the words of what failed stay in the log.
fn failed(error: Error) -> StatusCode {
    eprintln!("web-service: {error}");
    StatusCode::INTERNAL_SERVER_ERROR
}

async fn items(State(shop): State<Arc<Shop>>) -> Result<Json<Vec<Item>>, StatusCode> {
    faults::before_the_list().await;
    shop.store.items(20).await.map(Json).map_err(failed)
}

/// The page of an item.
#[derive(Serialize)]
struct Page {
    #[serde(flatten)]
    item: Item,
    days: u32,
    reviews: Vec<String>,
}

async fn item(State(shop): State<Arc<Shop>>, Path(id): Path<i32>) -> Result<Json<Page>, StatusCode> {
    faults::after_a_look();
    let item = shop.store.item(id).await.map_err(failed)?.ok_or(StatusCode::NOT_FOUND)?;
    let reviews = shop.store.reviews(id).await.map_err(failed)?;
    let days = shop.delivery(id).await.map_err(failed)?;
    Ok(Json(Page { item, days, reviews }))
}

impl Shop {
    async fn delivery(&self, item: i32) -> Result<u32, Error> {
        if let Some(days) = self.deliveries.get(&item) {
            return Ok(days);
        }
        let days = self.warehouse.days(item).await?;
        self.deliveries.put(item, days);
        Ok(days)
    }
}

/// What a customer asks for.
#[derive(Deserialize)]
struct Wish {
    item: i32,
    count: i32,
}

async fn place(State(shop): State<Arc<Shop>>, Json(wish): Json<Wish>) -> Result<(StatusCode, Json<Order>), StatusCode> {
    if !(1..=100).contains(&wish.count) {
        return Err(StatusCode::UNPROCESSABLE_ENTITY);
    }
    faults::after_an_order();
    let order = shop.store.place(wish.item, wish.count, &shop.warehouse).await.map_err(failed)?;
    Ok((StatusCode::CREATED, Json(order)))
}

async fn order(State(shop): State<Arc<Shop>>, Path(id): Path<i32>) -> Result<Json<Order>, StatusCode> {
    shop.store.order(id).await.map_err(failed)?.map(Json).ok_or(StatusCode::NOT_FOUND)
}
