//! The kernel's tables of TCP sockets, and what they say of a service: sockets by state, connections that were not accepted, connections that it opened to others.
//! Refuses to read them.
//!
//! A closed connection stays in the table for a minute, but without its owner. So what the service opens is counted at the places that it was seen to be connected to: each
//! pair of addresses that appears there is one connection. That is a lower limit: a pair that is used twice is one, and so is nothing that the other side closed far away.

use std::collections::{BTreeMap, BTreeSet};

use crate::measure::load::record::SocketState;

/// The most connections that are told apart.
const PAIRS_MAX: usize = 100_000;

/// An address and a port. What the kernel writes in version 6 of an address of version 4 is that address.
pub(super) type End = (u128, u16);

/// One socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Socket {
    pub(super) local: End,
    pub(super) remote: End,
    pub(super) state: SocketState,
    /// Of a listening socket: connections that were not accepted yet.
    pub(super) waiting: u64,
    /// 0 where no process has it any more.
    pub(super) inode: u64,
}

/// The sockets of `/proc/PID/net/tcp` or `tcp6`. What is no socket is left out.
pub(super) fn parse(table: &str) -> impl Iterator<Item = Socket> {
    table.lines().filter_map(|line| {
        let mut fields = line.split_ascii_whitespace().skip(1);
        let (local, remote) = (end(fields.next()?)?, end(fields.next()?)?);
        let state = state(fields.next()?)?;
        let (_, waiting) = fields.next()?.split_once(':')?;
        let waiting = u64::from_str_radix(waiting, 16).ok()?;
        let inode = fields.nth(4)?.parse().ok()?;
        Some(Socket { local, remote, state, waiting, inode })
    })
}

fn end(text: &str) -> Option<End> {
    let (address, port) = text.split_once(':')?;
    let address = address.strip_prefix("0000000000000000FFFF0000").unwrap_or(address);
    Some((u128::from_str_radix(address, 16).ok()?, u16::from_str_radix(port, 16).ok()?))
}

fn state(code: &str) -> Option<SocketState> {
    Some(match code {
        "01" => SocketState::Established,
        "06" => SocketState::TimeWait,
        "08" => SocketState::CloseWait,
        "0A" => SocketState::Listen,
        "02" | "03" | "04" | "05" | "07" | "09" | "0B" | "0C" => SocketState::Between,
        _ => return None,
    })
}

/// Connections that were not accepted yet, by port, of the sockets that listen on these ports.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Waiting {
    pub(super) by_port: BTreeMap<u16, u64>,
    /// Whether the rest of the table says no more: all were found, or those that listen are over, which come first.
    pub(super) over: bool,
}

/// What the beginning of a table says of them. A line that is not whole is left out.
pub(super) fn waiting(table: &str, ports: &[u16]) -> Waiting {
    let mut found = Waiting::default();
    let whole = table.rsplit_once('\n').map_or("", |(whole, _)| whole);
    for socket in parse(whole) {
        if socket.state != SocketState::Listen {
            found.over = true;
        } else if ports.contains(&socket.local.1) {
            *found.by_port.entry(socket.local.1).or_default() += socket.waiting;
        }
    }
    found.over |= ports.iter().all(|port| found.by_port.contains_key(port));
    found
}

/// What one look at the tables says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Seen {
    /// Sockets of the service by state. Those that wait for their end have no owner: of them those at its ports and at the places that it is connected to.
    pub(super) by_state: BTreeMap<SocketState, u64>,
    /// Its connections, both those that it took and those that it opened.
    pub(super) connections: u64,
    /// Those of them that it took.
    pub(super) accepted: u64,
}

/// What the service opened to others, from look to look.
#[derive(Clone, Debug, Default)]
pub(super) struct Outgoing {
    /// The ports at which it takes connections.
    listens: BTreeSet<u16>,
    /// The places that it was seen to be connected to.
    places: BTreeSet<End>,
    /// Every pair of ends beside its own ports, and at which look it was first seen.
    pairs: BTreeMap<(End, End), u32>,
    looks: u32,
}

impl Outgoing {
    /// Takes one look: all sockets of the machine, and which of them are the service's.
    pub(super) fn look(&mut self, sockets: &[Socket], owned: &BTreeSet<u64>, ports: &[u16]) -> Seen {
        self.looks += 1;
        self.listens.extend(ports);
        let own = |socket: &&Socket| owned.contains(&socket.inode);
        let listening = sockets.iter().filter(own).filter(|socket| socket.state == SocketState::Listen);
        self.listens.extend(listening.map(|socket| socket.local.1));
        let mut seen = Seen::default();
        for socket in sockets.iter().filter(own) {
            *seen.by_state.entry(socket.state).or_default() += 1;
            if socket.state != SocketState::Listen {
                seen.connections += 1;
                if self.listens.contains(&socket.local.1) {
                    seen.accepted += 1;
                } else {
                    self.places.insert(socket.remote);
                }
            }
        }
        for socket in sockets.iter().filter(|socket| socket.state != SocketState::Listen) {
            let of_its_own = self.listens.contains(&socket.local.1) || self.listens.contains(&socket.remote.1);
            let (local, remote) = (socket.local, socket.remote);
            if socket.state == SocketState::TimeWait && (of_its_own || self.places.contains(&remote)) {
                *seen.by_state.entry(SocketState::TimeWait).or_default() += 1;
            }
            if !of_its_own && self.pairs.len() < PAIRS_MAX {
                // Both ends of a connection within the machine are in the table.
                self.pairs.entry((local.min(remote), local.max(remote))).or_insert(self.looks);
            }
        }
        seen
    }

    /// The number of the last look.
    pub(super) fn looks(&self) -> u32 {
        self.looks
    }

    /// How many connections were first seen after one look and up to another: those that the service opened, and those of which nobody can say whose they were.
    pub(super) fn opened(&self, after: u32, up_to: u32) -> (u64, u64) {
        let new = self.pairs.iter().filter(|(_, look)| (after + 1..=up_to).contains(*look));
        new.fold((0, 0), |(its, unknown), ((one, other), _)| {
            if self.places.contains(one) || self.places.contains(other) {
                (its + 1, unknown)
            } else {
                (its, unknown + 1)
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n   \
        0: 0100007F:1F90 00000000:0000 0A 00000000:00000011 00:00000000 00000000     0        0 10 1 0 100 0 0 10 0\n   \
        1: 0100007F:1F90 0100007F:C000 01 00000000:00000000 00:00000000 00000000     0        0 11 1 0\n   \
        2: 0100007F:C000 0100007F:1F90 01 00000000:00000000 00:00000000 00000000     0        0 99 1 0\n   \
        3: 0100007F:C001 0100007F:1538 01 00000000:00000000 00:00000000 00000000     0        0 12 1 0\n   \
        4: 0100007F:1538 0100007F:C001 01 00000000:00000000 00:00000000 00000000     0        0 77 1 0\n   \
        5: 0100007F:C002 0100007F:1538 06 00000000:00000000 03:00001000 00000000     0        0 0 3 0\n   \
        6: 0100007F:C003 0100007F:2222 06 00000000:00000000 03:00001000 00000000     0        0 0 3 0\n   \
        7: odd\n   8: 0100007F:ZZZZ 0100007F:2222 06 1:1 0 0 0 0 0\n";

    #[test]
    fn a_table_is_read_line_by_line_whatever_else_is_in_it() {
        let sockets: Vec<Socket> = parse(TABLE).collect();
        assert_eq!(sockets.len(), 7);
        let listener = sockets[0];
        assert_eq!(
            (listener.local, listener.state, listener.waiting, listener.inode),
            ((0x100_007F, 8080), SocketState::Listen, 17, 10)
        );
        let six =
            "0: 0000000000000000FFFF00000100007F:1F90 0000000000000000FFFF00000100007F:C000 08 0:0 0:0 0 0 0 5 1\n";
        let mapped: Vec<Socket> = parse(six).collect();
        assert_eq!((mapped[0].local, mapped[0].state), ((0x100_007F, 8080), SocketState::CloseWait));
        assert_eq!(parse("").count(), 0);
    }

    #[test]
    fn a_table_is_read_no_further_than_to_the_ports() {
        let [first, second] = [2, 3].map(|lines| TABLE.split_inclusive('\n').take(lines).collect::<String>());
        let found = |over: bool| Waiting { by_port: BTreeMap::from([(8080, 17)]), over };
        assert_eq!(waiting(&first, &[8080]), found(true));
        assert_eq!(waiting(&first, &[8080, 80]), found(false));
        assert_eq!(waiting(&second, &[8080, 80]), found(true), "what comes next does not listen");
        assert_eq!(waiting(first.trim_end(), &[8080]), Waiting::default(), "half a line");
    }

    #[test]
    fn what_a_service_opens_is_told_from_what_it_takes_and_from_what_others_do() {
        let sockets: Vec<Socket> = parse(TABLE).collect();
        let (owned, mut outgoing) = (BTreeSet::from([10, 11, 12]), Outgoing::default());
        let first = outgoing.look(&sockets[..3], &BTreeSet::from([10, 11]), &[8080]);
        assert_eq!((first.connections, first.accepted, outgoing.opened(0, 1)), (1, 1, (0, 0)));
        let second = outgoing.look(&sockets, &owned, &[8080]);
        assert_eq!((second.connections, second.accepted), (2, 1));
        let states = [SocketState::Listen, SocketState::Established, SocketState::TimeWait];
        assert_eq!(second.by_state, states.into_iter().zip([1, 2, 1]).collect());
        // One is open and one is over at the place where it was seen; the third nobody knows.
        assert_eq!(outgoing.opened(1, 2), (2, 1));
        outgoing.look(&sockets, &owned, &[8080]);
        assert_eq!(outgoing.opened(2, outgoing.looks()), (0, 0), "seen before");
    }
}
