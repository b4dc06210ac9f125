//! One HTTP/1.1 request over a Unix socket.

use crate::host::milliseconds;
use crate::reply::{self, Bounded, Failure, Outcome};
use rquickjs::{Ctx, Object, Result};
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, sockopt};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

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

fn exchange(
    path: &str,
    message: &[u8],
    connect_for: Duration,
    answer_within: Duration,
    limit: usize,
) -> Outcome<Reply> {
    let stream = connect(path, connect_for)?;
    let until = Instant::now() + answer_within;
    let peer = sockopt::socket_peercred(&stream)
        .map_err(|error| Failure("system", error.to_string()))?
        .uid
        .as_raw();
    let (status, body) = reply::exchange(&mut Bounded { stream, until }, message, limit)?;
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
