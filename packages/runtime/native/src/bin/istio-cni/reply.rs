//! Replies of HTTP/1.1, and streams that end in time: what both kinds of request share.

use rustix::net::sockopt::{Timeout, set_socket_timeout};
use std::io::{ErrorKind, Read, Write};
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

/// Status line and headers of a reply; ours have a handful of short ones.
const MOST_HEADERS: usize = 32;
const HEAD_LIMIT: usize = 16 * 1024;

/// Why there is no reply: a word for the program and a text for people.
pub struct Failure(pub &'static str, pub String);

pub type Outcome<T> = std::result::Result<T, Failure>;

/// A socket whose every read and write ends at one moment, however the peer dribbles.
pub struct Bounded<S> {
    pub stream: S,
    pub until: Instant,
}

impl<S: AsFd> Bounded<S> {
    fn limit(&self, which: Timeout) -> std::io::Result<()> {
        let left = self.until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(ErrorKind::TimedOut.into());
        }
        // A socket takes no limit of zero.
        Ok(set_socket_timeout(
            &self.stream,
            which,
            Some(left.max(Duration::from_millis(1))),
        )?)
    }
}

impl<S: AsFd + Read> Read for Bounded<S> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.limit(Timeout::Recv)?;
        self.stream.read(buffer)
    }
}

impl<S: AsFd + Write> Write for Bounded<S> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.limit(Timeout::Send)?;
        self.stream.write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.stream.flush()
    }
}

/// Sends a whole request and gives status and body of its reply.
pub fn exchange(stream: &mut (impl Read + Write), message: &[u8], limit: usize) -> Outcome<(u16, String)> {
    stream
        .write_all(message)
        .and_then(|()| stream.flush())
        .map_err(|error| failure(&error))?;
    let (status, body) = receive(stream, limit)?;
    let body = String::from_utf8(body).map_err(|_| Failure("garbage", "the reply is not UTF-8".into()))?;
    Ok((status, body))
}

fn receive(stream: &mut impl Read, limit: usize) -> Outcome<(u16, Vec<u8>)> {
    let mut bytes = Vec::new();
    let mut ended = false;
    loop {
        if let Some(reply) = parse(&bytes, ended, limit)? {
            return Ok(reply);
        }
        if ended {
            return Err(Failure(
                "closed",
                format!("the connection ended after {} bytes", bytes.len()),
            ));
        }
        let mut buffer = [0; 16384];
        let count = match stream.read(&mut buffer) {
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            other => other.map_err(|error| failure(&error))?,
        };
        ended = count == 0;
        bytes.extend_from_slice(&buffer[..count]);
        // A chunk costs up to six bytes more than it carries; what comes beside them has no bound of its own.
        if bytes.len() > HEAD_LIMIT + limit.saturating_mul(8) {
            return Err(too_large(limit));
        }
    }
}

/// The whole reply, or nothing while some of it is missing.
fn parse(bytes: &[u8], ended: bool, limit: usize) -> Outcome<Option<(u16, Vec<u8>)>> {
    let garbage = |error: httparse::Error| Failure("garbage", format!("the reply is not HTTP: {error}"));
    let mut headers = [httparse::EMPTY_HEADER; MOST_HEADERS];
    let mut head = httparse::Response::new(&mut headers);
    let httparse::Status::Complete(length) = head.parse(bytes).map_err(garbage)? else {
        return if bytes.len() > HEAD_LIMIT {
            Err(too_large(HEAD_LIMIT))
        } else {
            Ok(None)
        };
    };
    let status = head.code.unwrap_or_default();
    let header = |name: &str| {
        head.headers
            .iter()
            .find(|it| it.name.eq_ignore_ascii_case(name))
            .map(|it| it.value)
    };
    let rest = &bytes[length..];
    let lengths = head
        .headers
        .iter()
        .filter(|it| it.name.eq_ignore_ascii_case("content-length"));
    if lengths.count() > 1 {
        return Err(Failure("garbage", "the reply has several lengths".into()));
    }
    let body = if header("transfer-encoding").is_some_and(|it| it.eq_ignore_ascii_case(b"chunked")) {
        unchunk(rest, limit)?
    } else if let Some(value) = header("content-length") {
        let length = std::str::from_utf8(value)
            .ok()
            .map(str::trim)
            .filter(|it| it.bytes().all(|byte| byte.is_ascii_digit()))
            .and_then(|it| it.parse::<usize>().ok());
        let length = length.ok_or_else(|| Failure("garbage", "the reply has no usable length".into()))?;
        if length > limit {
            return Err(too_large(limit));
        }
        if rest.len() > length {
            return Err(Failure("garbage", "the reply is longer than it says".into()));
        }
        rest.get(..length).map(<[u8]>::to_vec)
    } else if rest.len() > limit {
        return Err(too_large(limit));
    } else {
        ended.then(|| rest.to_vec())
    };
    Ok(body.map(|body| (status, body)))
}

/// Joins the chunks of RFC 9112, section 7.1; trailers are not looked at.
fn unchunk(mut rest: &[u8], limit: usize) -> Outcome<Option<Vec<u8>>> {
    let garbage = || Failure("garbage", "the reply has a broken chunk".into());
    let mut body = Vec::new();
    loop {
        let httparse::Status::Complete((start, size)) =
            httparse::parse_chunk_size(rest).map_err(|_| garbage())?
        else {
            return Ok(None);
        };
        if size == 0 {
            return Ok(Some(body));
        }
        if size > (limit - body.len()) as u64 {
            return Err(too_large(limit));
        }
        let end = start + size as usize;
        let Some(chunk) = rest.get(start..end) else {
            return Ok(None);
        };
        let Some(line_end) = rest.get(end..end + 2) else {
            return Ok(None);
        };
        if line_end != b"\r\n" {
            return Err(garbage());
        }
        body.extend_from_slice(chunk);
        rest = &rest[end + 2..];
    }
}

fn too_large(limit: usize) -> Failure {
    Failure("too-large", format!("the reply has more than {limit} bytes"))
}

pub fn timeout() -> Failure {
    Failure("timeout", "no reply in time".into())
}

pub fn failure(error: &std::io::Error) -> Failure {
    use ErrorKind::{
        BrokenPipe, ConnectionRefused, ConnectionReset, HostUnreachable, InvalidData, NetworkUnreachable,
        TimedOut, UnexpectedEof, WouldBlock,
    };
    match error.kind() {
        WouldBlock | TimedOut => timeout(),
        BrokenPipe | ConnectionReset | UnexpectedEof => Failure("closed", error.to_string()),
        ConnectionRefused => Failure("refused", error.to_string()),
        HostUnreachable | NetworkUnreachable => Failure("unreachable", error.to_string()),
        // How the TLS library reports what it does not accept.
        InvalidData => Failure("tls", error.to_string()),
        _ => Failure("system", error.to_string()),
    }
}
