//! A server whose pauses are known: one thread that answers every request at once, and at times sleeps. After each pause it says how fast it answers
//! those who waited: they come after one another, and that is a part of their wait.

use std::cell::Cell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const REPLY: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 13\r\ncontent-type: text/plain\r\n\r\nHello, world!";

/// How long after a pause replies are counted: shorter than it takes to answer 200 who waited.
const CATCHING_UP: Duration = Duration::from_millis(1);

/// Serves on this port of loopback for so long. Every `period` the whole server sleeps for `stall`, for the first time after half a period.
pub(crate) fn serve(port: u16, life: Duration, period: Duration, stall: Duration) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let local = tokio::task::LocalSet::new();
    local.block_on(&runtime, async {
        let listener = tokio::net::TcpSocket::new_v4().expect("a socket");
        listener.set_reuseaddr(true).expect("an option");
        listener.bind(([127, 0, 0, 1], port).into()).expect("a free port");
        let listener: TcpListener = listener.listen(4096).expect("a listener");
        let answered = Rc::new(Cell::new(0));
        let counts = Rc::clone(&answered);
        tokio::task::spawn_local(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::task::spawn_local(talk(stream, Rc::clone(&counts)));
            }
        });
        let (start, mut next) = (Instant::now(), period / 2);
        while !period.is_zero() && next < life {
            tokio::time::sleep_until((start + next).into()).await;
            // On purpose: nobody is answered.
            std::thread::sleep((start + next + stall).saturating_duration_since(Instant::now()));
            let (woke, before) = (Instant::now(), answered.get());
            tokio::time::sleep(CATCHING_UP).await;
            let replies: u32 = answered.get().wrapping_sub(before);
            println!("answered {:.0}/s after a pause", f64::from(replies) / woke.elapsed().as_secs_f64());
            next += period;
        }
        tokio::time::sleep_until((start + life).into()).await;
    });
}

async fn talk(mut stream: TcpStream, answered: Rc<Cell<u32>>) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let (mut buffer, mut filled) = (vec![0; 4096], 0);
    loop {
        let read = stream.read(&mut buffer[filled..]).await?;
        if read == 0 {
            return Ok(());
        }
        filled += read;
        // Requests without bodies, one at a time.
        if buffer[..filled].ends_with(b"\r\n\r\n") {
            stream.write_all(REPLY).await?;
            answered.set(answered.get().wrapping_add(1));
            filled = 0;
        }
    }
}
