//! Items and orders in PostgreSQL, over a pool of connections.

use tokio_postgres::{Client, NoTls, Row, Statement};

use super::{Error, Item, Order, assortment};
use crate::faults;
use crate::pool::Pool;
use crate::warehouse::Warehouse;

const TABLES: &str = "
    create table if not exists item (id integer primary key, name text not null, cents integer not null);
    create table if not exists placed (id serial primary key, item integer not null references item, count integer not null);
    create table if not exists review
        (id serial primary key, item integer not null references item, sku integer not null, stars integer not null, said text not null);
";

/// Fifty of each item.
const REVIEWS: &str = "
    insert into review (item, sku, stars, said)
        select item.id, 100000 + item.id, 1 + (item.id + number) % 5, format('review %s of item %s', number, item.id)
        from item, generate_series(1, 50) as number;
    create index review_item on review (item);
";

/// With the stars of each item in one go.
const LIST: &str = "
    select id, name, cents, (select avg(stars)::float8 from review where review.item = item.id) from item order by id limit $1";

pub type Connections = Pool<Connection>;

pub struct Postgres {
    connections: Connections,
}

pub struct Connection {
    client: Client,
    list: Statement,
    first: Statement,
    stars: Statement,
    item: Statement,
    reviews: Statement,
    place: Statement,
    order: Statement,
}

impl Postgres {
    pub async fn open(url: &str) -> Result<Self, Error> {
        let mut connections = Vec::new();
        for number in 0..faults::pool_connections() {
            let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
            tokio::spawn(async move {
                if let Err(error) = connection.await {
                    eprintln!("web-service: the database went away: {error}");
                }
            });
            if number == 0 {
                fill(&client).await?;
            }
            connections.push(Connection::new(client).await?);
        }
        Ok(Self { connections: Pool::new(connections) })
    }

    pub fn connections(&self) -> &Connections {
        &self.connections
    }

    pub async fn items(&self, count: i32) -> Result<Vec<Item>, Error> {
        let connection = self.connections.take().await;
        let count = i64::from(count);
        if !faults::asks_for_each_item() {
            let rows = connection.client.query(&connection.list, &[&count]).await?;
            return Ok(rows.iter().map(|row| Item { stars: row.get(3), ..item(row) }).collect());
        }
        let mut items: Vec<Item> =
            connection.client.query(&connection.first, &[&count]).await?.iter().map(item).collect();
        for item in &mut items {
            item.stars = connection.client.query_one(&connection.stars, &[&item.id]).await?.get(0);
        }
        Ok(items)
    }

    pub async fn item(&self, id: i32) -> Result<Option<Item>, Error> {
        let connection = self.connections.take().await;
        Ok(connection.client.query_opt(&connection.item, &[&id]).await?.as_ref().map(item))
    }

    pub async fn reviews(&self, item: i32) -> Result<Vec<String>, Error> {
        let connection = self.connections.take().await;
        let by = if faults::looks_up_without_an_index() { sku(item) } else { item };
        Ok(connection.client.query(&connection.reviews, &[&by]).await?.iter().map(|row| row.get(0)).collect())
    }

    pub async fn place(&self, item: i32, count: i32, warehouse: &Warehouse) -> Result<Order, Error> {
        let connection = self.connections.take().await;
        warehouse.put_aside(item, count).await?;
        Ok(order(&connection.client.query_one(&connection.place, &[&item, &count]).await?))
    }

    pub async fn order(&self, id: i32) -> Result<Option<Order>, Error> {
        let connection = self.connections.take().await;
        Ok(connection.client.query_opt(&connection.order, &[&id]).await?.as_ref().map(order))
    }
}

impl Connection {
    async fn new(client: Client) -> Result<Self, Error> {
        let by = if faults::looks_up_without_an_index() { "sku" } else { "item" };
        let reviews = format!("select said from review where {by} = $1 order by stars desc, id desc limit 3");
        Ok(Self {
            list: client.prepare(LIST).await?,
            first: client.prepare("select id, name, cents from item order by id limit $1").await?,
            stars: client.prepare("select avg(stars)::float8 from review where item = $1").await?,
            item: client.prepare("select id, name, cents from item where id = $1").await?,
            reviews: client.prepare(&reviews).await?,
            place: client.prepare("insert into placed (item, count) values ($1, $2) returning id, item, count").await?,
            order: client.prepare("select id, item, count from placed where id = $1").await?,
            client,
        })
    }
}

/// Makes the tables, and fills them the first time.
async fn fill(client: &Client) -> Result<(), Error> {
    client.batch_execute(TABLES).await?;
    if client.query_opt("select 1 from item limit 1", &[]).await?.is_some() {
        return Ok(());
    }
    let insert = client.prepare("insert into item (id, name, cents) values ($1, $2, $3)").await?;
    client.batch_execute("begin").await?;
    for item in assortment() {
        client.execute(&insert, &[&item.id, &item.name, &item.cents]).await?;
    }
    client.batch_execute(REVIEWS).await?;
    client.batch_execute("commit; analyze").await?;
    Ok(())
}

/// The number of an item in the books of who sells it to the shop.
fn sku(item: i32) -> i32 {
    100_000 + item
}

fn item(row: &Row) -> Item {
    Item { id: row.get(0), name: row.get(1), cents: row.get(2), stars: None }
}

fn order(row: &Row) -> Order {
    Order { id: row.get(0), item: row.get(1), count: row.get(2) }
}
