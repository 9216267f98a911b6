//! Who listens on a port of this machine, for a message. From `/proc`, so on Linux only and of one's own processes only.

/// ` by name (pid 7)`; empty where it cannot be known.
pub(super) fn by(port: u16) -> String {
    platform::listening(port).map_or_else(String::new, |(pid, name)| format!(" by {name} (pid {pid})"))
}

#[cfg(target_os = "linux")]
mod platform {
    #![expect(clippy::disallowed_methods, reason = "reads /proc")]

    use std::fs;

    /// The state of a socket that takes connections.
    const LISTEN: &str = "0A";

    pub(super) fn listening(port: u16) -> Option<(u32, String)> {
        let tables = ["/proc/net/tcp", "/proc/net/tcp6"].map(|path| fs::read_to_string(path).unwrap_or_default());
        let sockets: Vec<String> = tables.iter().flat_map(|table| inodes(table, port)).collect();
        let processes = fs::read_dir("/proc").ok()?.flatten();
        let mut pids = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
        let pid = pids.find(|pid| {
            let descriptors = fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten();
            let mut targets = descriptors.filter_map(|entry| fs::read_link(entry.path()).ok());
            targets.any(|target| sockets.iter().any(|socket| target.as_os_str() == socket.as_str()))
        })?;
        let name = fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
        let name = name.trim().chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
        Some((pid, name))
    }

    /// The sockets of a table of the kernel's that listen on a port, as `/proc/PID/fd` names them.
    pub(super) fn inodes(table: &str, port: u16) -> Vec<String> {
        let own = |line: &str| {
            let fields: Vec<&str> = line.split_whitespace().collect();
            let (_, hexadecimal) = fields.get(1)?.rsplit_once(':')?;
            let matches = u16::from_str_radix(hexadecimal, 16) == Ok(port) && fields.get(3) == Some(&LISTEN);
            matches.then(|| fields.get(9).map(|inode| format!("socket:[{inode}]"))).flatten()
        };
        table.lines().skip(1).filter_map(own).collect()
    }
}

#[cfg(not(target_os = "linux"))]
mod platform {
    pub(super) fn listening(_port: u16) -> Option<(u32, String)> {
        None
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_listener_is_found_in_the_kernels_table() {
        let table = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n   \
            0: 0100007F:0FA0 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 111 1\n   \
            1: 0100007F:0FA0 0100007F:9999 01 00000000:00000000 00:00000000 00000000     0        0 222 1\n   \
            2: odd\n";
        assert_eq!(platform::inodes(table, 4000), ["socket:[111]"]);
        assert!(platform::inodes(table, 1).is_empty());
    }

    #[test]
    fn our_own_port_is_ours() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let by = by(listener.local_addr().unwrap().port());
        assert!(by.contains(&format!("(pid {})", std::process::id())), "{by}");
    }
}
