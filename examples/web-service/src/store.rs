//! Where items and orders are: in memory, or in PostgreSQL.

use serde::Serialize;

use crate::warehouse::Warehouse;

#[cfg(feature = "postgres")]
mod postgres;

mod memory;

/// Something that can be bought.
#[derive(Clone, Serialize)]
pub struct Item {
    pub id: i32,
    pub name: String,
    pub cents: i32,
    /// What customers gave it, where it is listed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stars: Option<f64>,
}

/// Something that was bought.
#[derive(Clone, Serialize)]
pub struct Order {
    pub id: i32,
    pub item: i32,
    pub count: i32,
}

/// Why something failed, in words.
pub type Error = Box<dyn std::error::Error + Send + Sync>;

/// How many items there are.
pub const ITEMS: i32 = 1000;

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

    /// The first items, with their stars.
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

    /// The best reviews of an item.
    pub async fn reviews(&self, item: i32) -> Result<Vec<String>, Error> {
        match self {
            Self::Memory(_) => Ok((1..=3).map(|number| format!("review {number} of item {item}")).collect()),
            #[cfg(feature = "postgres")]
            Self::Postgres(postgres) => postgres.reviews(item).await,
        }
    }

    /// Keeps an order, once the warehouse has put it aside.
    pub async fn place(&self, item: i32, count: i32, warehouse: &Warehouse) -> Result<Order, Error> {
        match self {
            Self::Memory(memory) => {
                warehouse.put_aside(item, count).await?;
                Ok(memory.place(item, count))
            }
            #[cfg(feature = "postgres")]
            Self::Postgres(postgres) => postgres.place(item, count, warehouse).await,
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

    /// The connections to the database.
    #[cfg(feature = "postgres")]
    pub fn pool(&self) -> Option<&postgres::Connections> {
        match self {
            Self::Memory(_) => None,
            Self::Postgres(postgres) => Some(postgres.connections()),
        }
    }
}

/// The items that every store begins with.
fn assortment() -> impl Iterator<Item = Item> {
    (1..=ITEMS).map(|id| Item { id, name: format!("item {id}"), cents: 100 + id * 7 % 900, stars: None })
}
