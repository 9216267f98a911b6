//! Items and orders in PostgreSQL, over a few connections that take turns.

use std::sync::atomic::{AtomicUsize, Ordering};

use tokio_postgres::{Client, NoTls, Row, Statement};

use super::{Error, Item, Order, assortment};

const CONNECTIONS: usize = 8;

const TABLES: &str = "
    create table if not exists item (id integer primary key, name text not null, cents integer not null);
    create table if not exists placed (id serial primary key, item integer not null references item, count integer not null);
";

pub struct Postgres {
    connections: Vec<Connection>,
    next: AtomicUsize,
}

struct Connection {
    client: Client,
    items: Statement,
    item: Statement,
    place: Statement,
    order: Statement,
}

impl Postgres {
    pub async fn open(url: &str) -> Result<Self, Error> {
        let mut connections = Vec::new();
        for number in 0..CONNECTIONS {
            let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
            tokio::spawn(async move {
                if let Err(error) = connection.await {
                    eprintln!("web-service: the database went away: {error}");
                }
            });
            if number == 0 {
                fill(&client).await?;
            }
            connections.push(Connection {
                items: client.prepare("select id, name, cents from item order by id limit $1").await?,
                item: client.prepare("select id, name, cents from item where id = $1").await?,
                place: client
                    .prepare("insert into placed (item, count) values ($1, $2) returning id, item, count")
                    .await?,
                order: client.prepare("select id, item, count from placed where id = $1").await?,
                client,
            });
        }
        Ok(Self { connections, next: AtomicUsize::new(0) })
    }

    fn connection(&self) -> &Connection {
        &self.connections[self.next.fetch_add(1, Ordering::Relaxed) % self.connections.len()]
    }

    pub async fn items(&self, count: i32) -> Result<Vec<Item>, Error> {
        let connection = self.connection();
        let rows = connection.client.query(&connection.items, &[&i64::from(count)]).await?;
        Ok(rows.iter().map(item).collect())
    }

    pub async fn item(&self, id: i32) -> Result<Option<Item>, Error> {
        let connection = self.connection();
        Ok(connection.client.query_opt(&connection.item, &[&id]).await?.as_ref().map(item))
    }

    pub async fn place(&self, item: i32, count: i32) -> Result<Order, Error> {
        let connection = self.connection();
        Ok(order(&connection.client.query_one(&connection.place, &[&item, &count]).await?))
    }

    pub async fn order(&self, id: i32) -> Result<Option<Order>, Error> {
        let connection = self.connection();
        Ok(connection.client.query_opt(&connection.order, &[&id]).await?.as_ref().map(order))
    }
}

/// Makes the tables, and fills them the first time.
async fn fill(client: &Client) -> Result<(), Error> {
    client.batch_execute(TABLES).await?;
    let insert = "insert into item (id, name, cents) values ($1, $2, $3) on conflict do nothing";
    let insert = client.prepare(insert).await?;
    for item in assortment() {
        client.execute(&insert, &[&item.id, &item.name, &item.cents]).await?;
    }
    Ok(())
}

fn item(row: &Row) -> Item {
    Item { id: row.get(0), name: row.get(1), cents: row.get(2) }
}

fn order(row: &Row) -> Order {
    Order { id: row.get(0), item: row.get(1), count: row.get(2) }
}
