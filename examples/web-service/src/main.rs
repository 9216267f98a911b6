//! A small shop: items to look at, orders to place. `web-service <port>`; with the feature `postgres` and `DATABASE_URL` its data is in PostgreSQL, else in
//! memory.

mod store;

use std::process::ExitCode;
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;

use store::{Item, Order, Store};

#[tokio::main]
async fn main() -> ExitCode {
    let Some(port) = std::env::args().nth(1).and_then(|word| word.parse::<u16>().ok()) else {
        eprintln!("usage: web-service PORT");
        return ExitCode::from(2);
    };
    match serve(port).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("web-service: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn serve(port: u16) -> Result<(), store::Error> {
    let store = Arc::new(Store::open().await?);
    let routes = Router::new()
        .route("/health", get(|| async { "ok" }))
        .route("/items", get(items))
        .route("/items/{id}", get(item))
        .route("/orders", post(place))
        .route("/orders/{id}", get(order))
        .with_state(store);
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

/// Why a request failed; the store's own words stay in the log.
fn failed(error: store::Error) -> StatusCode {
    eprintln!("web-service: {error}");
    StatusCode::INTERNAL_SERVER_ERROR
}

async fn items(State(store): State<Arc<Store>>) -> Result<Json<Vec<Item>>, StatusCode> {
    store.items(20).await.map(Json).map_err(failed)
}

async fn item(State(store): State<Arc<Store>>, Path(id): Path<i32>) -> Result<Json<Item>, StatusCode> {
    store.item(id).await.map_err(failed)?.map(Json).ok_or(StatusCode::NOT_FOUND)
}

/// What a customer asks for.
#[derive(Deserialize)]
struct Wish {
    item: i32,
    count: i32,
}

async fn place(
    State(store): State<Arc<Store>>,
    Json(wish): Json<Wish>,
) -> Result<(StatusCode, Json<Order>), StatusCode> {
    if !(1..=100).contains(&wish.count) {
        return Err(StatusCode::UNPROCESSABLE_ENTITY);
    }
    let order = store.place(wish.item, wish.count).await.map_err(failed)?;
    Ok((StatusCode::CREATED, Json(order)))
}

async fn order(State(store): State<Arc<Store>>, Path(id): Path<i32>) -> Result<Json<Order>, StatusCode> {
    store.order(id).await.map_err(failed)?.map(Json).ok_or(StatusCode::NOT_FOUND)
}
