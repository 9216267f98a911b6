//! Connections that several workers share, each with a request of its own at a time. Refuses to know how they are made.

use std::cell::RefCell;
use std::rc::Rc;

use tokio::sync::Mutex;

use super::connect::Connection;
use super::exchange::ExchangeError;

/// One connection of several workers. The first who needs it makes it, and the others wait for that.
#[derive(Default)]
pub(super) struct Shared(Mutex<Option<Connection>>);

/// How a worker came to its connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Got {
    /// Someone else had made it.
    Known,
    /// It was made for the first time.
    First,
    /// It was made again.
    Again,
}

impl Shared {
    /// A handle to the connection, which is made by `open` where there is none or it is closed.
    pub(super) async fn get(
        &self,
        open: impl Future<Output = Result<Connection, ExchangeError>>,
    ) -> Result<(Connection, Got), ExchangeError> {
        let mut known = self.0.lock().await;
        if let Some(handle) = known.as_ref().and_then(Connection::another) {
            return Ok((handle, Got::Known));
        }
        let got = if known.is_some() { Got::Again } else { Got::First };
        let opened = open.await?;
        let closed = || ExchangeError::Connect("it was closed at once".to_owned());
        let handle = opened.another().ok_or_else(closed);
        *known = Some(opened);
        Ok((handle?, got))
    }
}

/// Who shares with whom: so many workers of a target, in the order in which they come, have one connection.
pub(super) struct Seats {
    streams: usize,
    /// The newest connection of each target, and how many more it takes.
    free: RefCell<Vec<(Rc<Shared>, usize)>>,
}

impl Seats {
    /// Connections to so many targets, each for so many workers.
    pub(super) fn new(targets: usize, streams: usize) -> Self {
        Self { streams, free: RefCell::new((0..targets).map(|_| (Rc::default(), 0)).collect()) }
    }

    /// The connection of the next worker; `None` where each has one of its own.
    pub(super) fn take(&self, target: usize) -> Option<Rc<Shared>> {
        if self.streams < 2 {
            return None;
        }
        let mut free = self.free.borrow_mut();
        let (shared, left) = free.get_mut(target)?;
        if *left == 0 {
            (*shared, *left) = (Rc::default(), self.streams);
        }
        *left -= 1;
        Some(Rc::clone(shared))
    }
}
