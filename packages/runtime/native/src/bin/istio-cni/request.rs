//! One HTTP/1.1 request over a Unix socket.

use crate::host::milliseconds;
use rquickjs::{Ctx, Object, Result};
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, sockopt};
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

/// Status line and headers of a reply; ours have a handful of short ones.
const MOST_HEADERS: usize = 32;
const HEAD_LIMIT: usize = 16 * 1024;

/// Why there is no reply: a word for the program and a text for people.
struct Failure(&'static str, String);

struct Reply {
    status: u16,
    body: String,
    peer: u32,
}

/// Takes `{ socketPath, method, path, headers, body, connectDeadlineMs, deadlineMs, replyLimit }`.
///
/// Gives `{ status, body, peerUserId }` or `{ failure, detail }`. `deadlineMs` counts from the
/// moment of being connected. Failures: `absent` (no such file), `refused` (nobody listens), `timeout`, `closed` (the
/// peer left before a whole reply), `garbage` (no HTTP, or no UTF-8), `too-large`, `system`.
pub fn send<'js>(ctx: Ctx<'js>, options: Object<'js>) -> Result<Object<'js>> {
    let method: String = options.get("method")?;
    let path: String = options.get("path")?;
    let body: String = options.get("body")?;
    let headers: Vec<(String, String)> = options
        .get::<_, Object>("headers")?
        .props()
        .collect::<Result<_>>()?;
    let mut message = format!(
        "{method} {path} HTTP/1.1\r\nHost: unix\r\nContent-Length: {}\r\n",
        body.len()
    );
    for (name, value) in headers {
        message.push_str(&format!("{name}: {value}\r\n"));
    }
    message.push_str("Connection: close\r\n\r\n");
    message.push_str(&body);

    let outcome = exchange(
        &options.get::<_, String>("socketPath")?,
        message.as_bytes(),
        milliseconds(options.get("connectDeadlineMs")?),
        milliseconds(options.get("deadlineMs")?),
        options.get::<_, f64>("replyLimit")? as usize,
    );
    let answer = Object::new(ctx)?;
    match outcome {
        Ok(reply) => {
            answer.set("status", reply.status)?;
            answer.set("body", reply.body)?;
            answer.set("peerUserId", reply.peer)?;
        }
        Err(Failure(failure, detail)) => {
            answer.set("failure", failure)?;
            answer.set("detail", detail)?;
        }
    }
    Ok(answer)
}

type Outcome<T> = std::result::Result<T, Failure>;

fn exchange(
    path: &str,
    message: &[u8],
    connect_for: Duration,
    answer_within: Duration,
    limit: usize,
) -> Outcome<Reply> {
    let mut stream = connect(path, connect_for)?;
    let until = Instant::now() + answer_within;
    let peer = sockopt::socket_peercred(&stream)
        .map_err(|error| Failure("system", error.to_string()))?
        .uid
        .as_raw();
    stream
        .set_write_timeout(Some(remaining(until)?))
        .and_then(|()| stream.write_all(message))
        .map_err(|error| failure(&error))?;
    let (status, body) = receive(&mut stream, until, limit)?;
    let body = String::from_utf8(body).map_err(|_| Failure("garbage", "the reply is not UTF-8".into()))?;
    Ok(Reply { status, body, peer })
}

/// A full backlog makes connecting wait, for which the time limit for sending counts: socket(7).
fn connect(path: &str, limit: Duration) -> Outcome<UnixStream> {
    let system = |error: Errno| match error {
        Errno::NOENT | Errno::NOTDIR => Failure("absent", error.to_string()),
        Errno::CONNREFUSED => Failure("refused", error.to_string()),
        Errno::AGAIN => Failure("timeout", "nobody accepted the connection".into()),
        _ => Failure("system", error.to_string()),
    };
    let address = SocketAddrUnix::new(path).map_err(system)?;
    let socket = rustix::net::socket_with(
        AddressFamily::UNIX,
        SocketType::STREAM,
        SocketFlags::CLOEXEC,
        None,
    )
    .map_err(system)?;
    sockopt::set_socket_timeout(
        &socket,
        sockopt::Timeout::Send,
        Some(limit.max(Duration::from_millis(1))),
    )
    .map_err(system)?;
    rustix::net::connect(&socket, &address).map_err(system)?;
    Ok(UnixStream::from(socket))
}

fn receive(stream: &mut UnixStream, until: Instant, limit: usize) -> Outcome<(u16, Vec<u8>)> {
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
        let mut buffer = [0; 8192];
        stream
            .set_read_timeout(Some(remaining(until)?))
            .map_err(|error| failure(&error))?;
        let count = match stream.read(&mut buffer) {
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            other => other.map_err(|error| failure(&error))?,
        };
        ended = count == 0;
        bytes.extend_from_slice(&buffer[..count]);
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
    let body = if header("transfer-encoding").is_some_and(|it| it.eq_ignore_ascii_case(b"chunked")) {
        unchunk(rest, limit)?
    } else if let Some(value) = header("content-length") {
        let length = std::str::from_utf8(value)
            .ok()
            .and_then(|it| it.trim().parse::<usize>().ok());
        let length = length.ok_or_else(|| Failure("garbage", "the reply has no usable length".into()))?;
        if length > limit {
            return Err(too_large(limit));
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

/// Time that is left; a socket takes no limit of zero.
fn remaining(until: Instant) -> Outcome<Duration> {
    let left = until.saturating_duration_since(Instant::now());
    if left.is_zero() {
        Err(timeout())
    } else {
        Ok(left.max(Duration::from_millis(1)))
    }
}

fn timeout() -> Failure {
    Failure("timeout", "no reply in time".into())
}

fn failure(error: &std::io::Error) -> Failure {
    use std::io::ErrorKind::{BrokenPipe, ConnectionReset, TimedOut, WouldBlock};
    match error.kind() {
        WouldBlock | TimedOut => timeout(),
        BrokenPipe | ConnectionReset => Failure("closed", error.to_string()),
        _ => Failure("system", error.to_string()),
    }
}
