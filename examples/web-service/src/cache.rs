//! A cache of so many entries: the one that nobody has asked for longest goes first.

use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

pub struct Cache<K, V> {
    entries_max: usize,
    inner: Mutex<Inner<K, V>>,
    pub hits: AtomicU64,
    pub misses: AtomicU64,
    pub evictions: AtomicU64,
}

struct Inner<K, V> {
    /// Value, and when it was asked for last.
    entries: HashMap<K, (V, u64)>,
    by_age: BTreeMap<u64, K>,
    now: u64,
}

impl<K: Copy + Eq + Hash, V: Copy> Cache<K, V> {
    pub fn new(entries_max: usize) -> Self {
        let inner = Mutex::new(Inner { entries: HashMap::new(), by_age: BTreeMap::new(), now: 0 });
        let [hits, misses, evictions] = [const { AtomicU64::new(0) }; 3];
        Self { entries_max, inner, hits, misses, evictions }
    }

    pub fn get(&self, key: &K) -> Option<V> {
        let found = self.inner().touch(key);
        let count = if found.is_some() { &self.hits } else { &self.misses };
        count.fetch_add(1, Ordering::Relaxed);
        found
    }

    pub fn put(&self, key: K, value: V) {
        let inner = &mut *self.inner();
        inner.now += 1;
        if let Some((_, before)) = inner.entries.insert(key, (value, inner.now)) {
            inner.by_age.remove(&before);
        }
        inner.by_age.insert(inner.now, key);
        if inner.entries.len() > self.entries_max
            && let Some((_, oldest)) = inner.by_age.pop_first()
        {
            inner.entries.remove(&oldest);
            self.evictions.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub fn entries(&self) -> usize {
        self.inner().entries.len()
    }

    fn inner(&self) -> MutexGuard<'_, Inner<K, V>> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Copy + Eq + Hash, V: Copy> Inner<K, V> {
    fn touch(&mut self, key: &K) -> Option<V> {
        self.now += 1;
        let (value, last) = self.entries.get_mut(key)?;
        self.by_age.remove(last);
        *last = self.now;
        self.by_age.insert(self.now, *key);
        Some(*value)
    }
}
