//! Where items and orders are: in memory, or in PostgreSQL.

use serde::Serialize;

#[cfg(feature = "postgres")]
mod postgres;

mod memory;

/// Something that can be bought.
#[derive(Clone, Serialize)]
pub struct Item {
    pub id: i32,
    pub name: String,
    pub cents: i32,
}

/// Something that was bought.
#[derive(Clone, Serialize)]
pub struct Order {
    pub id: i32,
    pub item: i32,
    pub count: i32,
}

/// Why the store failed, in words.
pub type Error = Box<dyn std::error::Error + Send + Sync>;

/// How many items there are.
const ITEMS: i32 = 1000;

/// The store.
pub enum Store {
    Memory(memory::Memory),
    #[cfg(feature = "postgres")]
    Postgres(postgres::Postgres),
}

impl Store {
    /// The store of this environment.
    pub async fn open() -> Result<Self, Error> {
        #[cfg(feature = "postgres")]
        if let Ok(url) = std::env::var("DATABASE_URL") {
            return postgres::Postgres::open(&url).await.map(Self::Postgres);
        }
        Ok(Self::Memory(memory::Memory::new()))
    }

    /// The first items.
    pub async fn items(&self, count: i32) -> Result<Vec<Item>, Error> {
        match self {
            Self::Memory(memory) => Ok(memory.items(count)),
            #[cfg(feature = "postgres")]
            Self::Postgres(postgres) => postgres.items(count).await,
        }
    }

    /// One item.
    pub async fn item(&self, id: i32) -> Result<Option<Item>, Error> {
        match self {
            Self::Memory(memory) => Ok(memory.item(id)),
            #[cfg(feature = "postgres")]
            Self::Postgres(postgres) => postgres.item(id).await,
        }
    }

    /// Keeps an order.
    pub async fn place(&self, item: i32, count: i32) -> Result<Order, Error> {
        match self {
            Self::Memory(memory) => Ok(memory.place(item, count)),
            #[cfg(feature = "postgres")]
            Self::Postgres(postgres) => postgres.place(item, count).await,
        }
    }

    /// One order.
    pub async fn order(&self, id: i32) -> Result<Option<Order>, Error> {
        match self {
            Self::Memory(memory) => Ok(memory.order(id)),
            #[cfg(feature = "postgres")]
            Self::Postgres(postgres) => postgres.order(id).await,
        }
    }
}

/// The items that every store begins with.
fn assortment() -> impl Iterator<Item = Item> {
    (1..=ITEMS).map(|id| Item { id, name: format!("item {id}"), cents: 100 + id * 7 % 900 })
}
