//! HTTP/1.1 as far as tests need it.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;

use crate::script::{State, sleep_us};

const BODY_BYTES_MAX: usize = 64 << 20;

struct Asked {
    method: String,
    path: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

struct Answer {
    status: u16,
    headers: Vec<String>,
    body: Vec<u8>,
}

/// Answers requests until the connection ends.
pub(crate) fn talk(stream: &TcpStream, state: &State) -> io::Result<()> {
    let mut reader = BufReader::new(stream);
    let mut served = 0;
    while let Some(asked) = read(&mut reader)? {
        let answer = answer(&asked, state);
        let close = asked.headers.iter().any(|(name, value)| name == "connection" && value == "close");
        let body = if asked.method == "HEAD" { &[][..] } else { &answer.body[..] };
        let mut bytes =
            format!("HTTP/1.1 {} X\r\ncontent-length: {}\r\n", answer.status, answer.body.len()).into_bytes();
        for header in &answer.headers {
            bytes.extend_from_slice(header.as_bytes());
            bytes.extend_from_slice(b"\r\n");
        }
        bytes.extend_from_slice(if close { b"connection: close\r\n\r\n" } else { b"\r\n" });
        bytes.extend_from_slice(body);
        let mut stream = stream;
        stream.write_all(&bytes)?;
        served += 1;
        if close || (state.script.close_every > 0 && u64::is_multiple_of(served, state.script.close_every)) {
            break;
        }
    }
    Ok(())
}

fn read(reader: &mut BufReader<&TcpStream>) -> io::Result<Option<Asked>> {
    let mut line = String::new();
    if reader.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let mut words = line.split_whitespace().map(str::to_owned);
    let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 || line.trim().is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(':') {
            headers.push((name.trim().to_lowercase(), value.trim().to_owned()));
        }
    }
    let length = headers.iter().find(|(name, _)| name == "content-length").and_then(|(_, value)| value.parse().ok());
    let mut body = vec![0; length.unwrap_or(0).min(BODY_BYTES_MAX)];
    reader.read_exact(&mut body)?;
    Ok(Some(Asked { method, path, headers, body }))
}

fn answer(asked: &Asked, state: &State) -> Answer {
    let path = asked.path.split('?').next().unwrap_or_default();
    if let (Some(percent), "/metrics") = (state.script.hit_percent, path) {
        return metrics(percent, state);
    }
    let number = state.work(path);
    let text = |status: u16, body: &str| Answer { status, headers: Vec::new(), body: body.as_bytes().to_vec() };
    if state.script.error_every > 0 && number.is_multiple_of(state.script.error_every) {
        return text(500, "told to fail\n");
    }
    let (first, rest) = path.trim_start_matches('/').split_once('/').unwrap_or((path.trim_start_matches('/'), ""));
    let count: usize = rest.parse().unwrap_or(0);
    let header = |name: &str| {
        let found = asked.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.clone()).unwrap_or_default()
    };
    match first {
        "status" => text(u16::try_from(count).unwrap_or(500), "as asked\n"),
        "sleep" => {
            sleep_us(count as u64 * 1000);
            text(200, "slept\n")
        }
        "bytes" => Answer { status: 200, headers: Vec::new(), body: vec![b'x'; count.min(BODY_BYTES_MAX)] },
        "echo" => {
            let mut said = format!("{} {}\n", asked.method, asked.path);
            said.extend(asked.headers.iter().map(|(name, value)| format!("{name}: {value}\n")));
            said.push('\n');
            Answer { status: 200, headers: Vec::new(), body: [said.into_bytes(), asked.body.clone()].concat() }
        }
        "json" => {
            let headers = vec![format!("x-number: {number}"), "content-type: application/json".to_owned()];
            let body =
                format!("{{\"id\":{number},\"items\":[{{\"name\":\"a\"}},{{\"name\":\"b {number}\"}}],\"ok\":true}}");
            Answer { status: 200, headers, body: body.into_bytes() }
        }
        "cookie" => Answer {
            status: 200,
            headers: vec![format!("set-cookie: session=s{number}; Path=/; HttpOnly")],
            body: header("cookie").into_bytes(),
        },
        "redirect" if count > 0 => {
            let to = if count == 1 { "/echo".to_owned() } else { format!("/redirect/{}", count - 1) };
            Answer { status: 302, headers: vec![format!("location: {to}")], body: Vec::new() }
        }
        "count" => text(200, &state.count().to_string()),
        _ => text(200, "Hello, world!"),
    }
}

/// What a cache says of itself in the text format of Prometheus. Asking is no request.
fn metrics(percent: u64, state: &State) -> Answer {
    let requests = state.count();
    let hits = requests * percent / 100;
    let mut body = format!("# TYPE cache_hits_total counter\ncache_hits_total {}\n", 1_000_000 + hits);
    if !state.script.no_misses {
        body += &format!("# TYPE cache_misses_total counter\ncache_misses_total {}\n", requests - hits);
    }
    body += "# TYPE cache_entries gauge\ncache_entries 512\n";
    let headers = vec!["content-type: text/plain; version=0.0.4".to_owned()];
    Answer { status: 200, headers, body: body.into_bytes() }
}
