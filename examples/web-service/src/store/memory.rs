//! Items and orders in memory.

use std::sync::{Mutex, PoisonError};

use super::{Item, Order, assortment};

/// The most orders that are kept; the oldest go first, so that memory does not grow for ever.
const ORDERS_MAX: usize = 10_000;

pub struct Memory {
    items: Vec<Item>,
    orders: Mutex<Orders>,
}

#[derive(Default)]
struct Orders {
    placed: i32,
    kept: std::collections::VecDeque<Order>,
}

impl Memory {
    pub fn new() -> Self {
        Self { items: assortment().collect(), orders: Mutex::default() }
    }

    pub fn items(&self, count: i32) -> Vec<Item> {
        let first = self.items.iter().take(usize::try_from(count).unwrap_or(0));
        first.map(|item| Item { stars: Some(4.0), ..item.clone() }).collect()
    }

    pub fn item(&self, id: i32) -> Option<Item> {
        self.items.get(usize::try_from(id).ok()?.checked_sub(1)?).cloned()
    }

    pub fn place(&self, item: i32, count: i32) -> Order {
        let mut orders = self.orders.lock().unwrap_or_else(PoisonError::into_inner);
        orders.placed += 1;
        let order = Order { id: orders.placed, item, count };
        orders.kept.push_back(order.clone());
        if orders.kept.len() > ORDERS_MAX {
            orders.kept.pop_front();
        }
        order
    }

    pub fn order(&self, id: i32) -> Option<Order> {
        let orders = self.orders.lock().unwrap_or_else(PoisonError::into_inner);
        let first = orders.kept.front()?.id;
        orders.kept.get(usize::try_from(id.checked_sub(first)?).ok()?).cloned()
    }
}
