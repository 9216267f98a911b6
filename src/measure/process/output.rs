//! What a process writes: kept up to a limit, counted beyond it, its last lines ready for a message. Refuses to know what it means.

use std::io::Read;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How much of standard output is kept; more is read and counted, so that the process never waits for us.
const KEPT_BYTES_MAX: usize = 64 << 20;
/// How long a tail is at most.
const TAIL_LINES_MAX: usize = 40;
/// How long a tail is at most.
const TAIL_BYTES_MAX: usize = 8 << 10;

/// Both streams of one process, each read by a thread.
pub(in crate::measure) struct Output {
    stdout: Arc<Mutex<Stream>>,
    stderr: Arc<Mutex<Stream>>,
    open: Receiver<()>,
}

/// One stream so far.
#[derive(Default)]
struct Stream {
    kept_max: usize,
    kept: Vec<u8>,
    last: Vec<u8>,
    bytes: u64,
    /// What is looked for in it, and whether it was there.
    wanted: Vec<u8>,
    found: bool,
}

impl Output {
    /// Starts to read both streams; the beginning of standard output is kept.
    pub(in crate::measure) fn drain(stdout: impl Read + Send + 'static, stderr: impl Read + Send + 'static) -> Self {
        let (sender, open) = channel();
        let kept = Stream { kept_max: KEPT_BYTES_MAX, ..Stream::default() };
        Self { stdout: read(stdout, kept, sender.clone()), stderr: read(stderr, Stream::default(), sender), open }
    }

    /// Starts to read both streams of which only the end is kept, and looks for a text in them.
    pub(in crate::measure) fn search(
        stdout: impl Read + Send + 'static,
        stderr: impl Read + Send + 'static,
        wanted: &str,
    ) -> Self {
        let (sender, open) = channel();
        let stream = || Stream { wanted: wanted.as_bytes().to_vec(), ..Stream::default() };
        Self { stdout: read(stdout, stream(), sender.clone()), stderr: read(stderr, stream(), sender), open }
    }

    /// Waits until nobody can write any more, or for this long; whether nobody can.
    pub(in crate::measure) fn wait(&self, limit: Duration) -> bool {
        self.open.recv_timeout(limit) == Err(RecvTimeoutError::Disconnected)
    }

    /// Whether a line of one of the streams holds the text that is looked for.
    pub(in crate::measure) fn found(&self) -> bool {
        locked(&self.stdout).found || locked(&self.stderr).found
    }

    /// How many bytes both streams were in all.
    pub(in crate::measure) fn bytes(&self) -> u64 {
        locked(&self.stdout).bytes + locked(&self.stderr).bytes
    }

    /// The last lines of standard output, then those of standard error, within the limits together.
    pub(in crate::measure) fn tail(&self) -> String {
        let mut both = locked(&self.stdout).last.clone();
        if !both.is_empty() && !both.ends_with(b"\n") {
            both.push(b'\n');
        }
        both.extend_from_slice(&locked(&self.stderr).last);
        tail(&both)
    }

    /// The first bytes of standard output, and how many there were in all.
    pub(in crate::measure) fn into_stdout(self) -> (Vec<u8>, u64) {
        let mut stream = locked(&self.stdout);
        (std::mem::take(&mut stream.kept), stream.bytes)
    }
}

/// A reader cannot panic while it holds the lock; if it did, what it had read is still true.
fn locked(stream: &Mutex<Stream>) -> MutexGuard<'_, Stream> {
    stream.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Reads one stream to its end. `open` is dropped then.
fn read(mut from: impl Read + Send + 'static, stream: Stream, open: Sender<()>) -> Arc<Mutex<Stream>> {
    let stream = Arc::new(Mutex::new(stream));
    let shared = Arc::clone(&stream);
    std::thread::spawn(move || {
        let mut buffer = vec![0; 64 << 10];
        loop {
            match from.read(&mut buffer) {
                Ok(0) => break,
                Ok(length) => locked(&shared).take(buffer.get(..length).unwrap_or_default()),
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(_) => break,
            }
        }
        drop(open);
    });
    stream
}

impl Stream {
    fn take(&mut self, bytes: &[u8]) {
        self.bytes += bytes.len() as u64;
        let room = self.kept_max - self.kept.len();
        self.kept.extend_from_slice(bytes.get(..room.min(bytes.len())).unwrap_or_default());
        self.search(bytes);
        self.last.extend_from_slice(bytes);
        let surplus = self.last.len().saturating_sub(TAIL_BYTES_MAX);
        self.last.drain(..surplus);
    }
}

impl Stream {
    /// Looks for the wanted text where it ends in these bytes: it may have begun in those before.
    fn search(&mut self, bytes: &[u8]) {
        if self.found || self.wanted.is_empty() {
            return;
        }
        let before = self.last.len().saturating_sub(self.wanted.len() - 1);
        let text = [self.last.get(before..).unwrap_or_default(), bytes].concat();
        self.found = text.windows(self.wanted.len()).any(|window| window == self.wanted);
    }
}

/// The last lines of an output as text that cannot move the cursor of a terminal.
fn tail(bytes: &[u8]) -> String {
    let bytes = bytes.get(bytes.len().saturating_sub(TAIL_BYTES_MAX)..).unwrap_or_default();
    let text = String::from_utf8_lossy(bytes);
    let lines: Vec<&str> = text.trim_end().lines().collect();
    let lines = lines.get(lines.len().saturating_sub(TAIL_LINES_MAX)..).unwrap_or_default();
    lines.join("\n").chars().map(|c| if c.is_control() && c != '\n' && c != '\t' { '\u{fffd}' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tail_is_the_last_forty_lines_without_control_characters() {
        let text = (0..100).map(|line| format!("line {line}\x1b[31m\r\n")).collect::<Vec<_>>().concat();
        let tail = tail(text.as_bytes());
        assert_eq!(tail.lines().count(), 40);
        assert_eq!(tail.lines().last(), Some("line 99\u{fffd}[31m"));
    }

    #[test]
    fn a_line_without_end_is_cut_and_odd_bytes_are_replaced() {
        let tail = tail(&vec![0xff; 100_000]);
        assert_eq!(tail.chars().count(), TAIL_BYTES_MAX);
        assert!(tail.chars().all(|c| c == '\u{fffd}'));
    }

    #[test]
    fn a_text_is_found_wherever_the_pieces_of_the_stream_cut_it() {
        for cut in 0..=b"x listening on 1\n".len() {
            let mut stream = Stream { wanted: b"listening".to_vec(), ..Stream::default() };
            let (one, other) = b"x listening on 1\n".split_at(cut);
            stream.take(&vec![b'l'; 20_000]);
            stream.take(one);
            stream.take(other);
            assert!(stream.found, "{cut}");
        }
        let mut stream = Stream { wanted: b"listening".to_vec(), ..Stream::default() };
        stream.take(b"listenin");
        stream.take(b"\ng");
        assert!(!stream.found);
    }

    #[test]
    fn what_is_over_the_limit_is_counted_and_not_kept() {
        let mut stream = Stream { kept_max: 5, ..Stream::default() };
        stream.take(b"abc");
        stream.take(b"defg");
        stream.take(b"h");
        assert_eq!((stream.kept.as_slice(), stream.bytes), (b"abcde".as_slice(), 8));
        assert_eq!(stream.last, b"abcdefgh");
    }
}
