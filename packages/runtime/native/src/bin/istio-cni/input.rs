//! The network configuration on standard input.

use rquickjs::{Ctx, Object, Result};
use std::io::Read;

/// What [`text_within`] gives of standard input.
pub fn read<'js>(ctx: Ctx<'js>, limit: f64) -> Result<Object<'js>> {
    text_within(ctx, std::io::stdin().lock(), limit)
}

/// `{ text }`, or `{ failure, detail }` with `too-large`, `not-utf8` or `unreadable`.
///
/// Never holds more than `limit` bytes and one.
pub fn text_within<'js>(ctx: Ctx<'js>, source: impl Read, limit: f64) -> Result<Object<'js>> {
    let limit = limit as usize;
    let mut bytes = Vec::new();
    let outcome = source.take(limit as u64 + 1).read_to_end(&mut bytes);
    let answer = Object::new(ctx)?;
    let (failure, detail) = match outcome {
        Err(error) => ("unreadable", error.to_string()),
        Ok(_) if bytes.len() > limit => ("too-large", format!("more than {limit} bytes")),
        Ok(_) => match String::from_utf8(bytes) {
            Ok(text) => {
                answer.set("text", text)?;
                return Ok(answer);
            }
            Err(error) => ("not-utf8", error.utf8_error().to_string()),
        },
    };
    answer.set("failure", failure)?;
    answer.set("detail", detail)?;
    Ok(answer)
}
