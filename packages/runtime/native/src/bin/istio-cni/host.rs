//! The global `host` of the bundle; its TypeScript face is `src/plugin/ports.ts`.

use crate::{api, files, input, request};
use rquickjs::function::IntoJsFunc;
use rquickjs::{Ctx, Function, Object, Result};
use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Whether the runtime has its answer already; a second one would make both unreadable.
static ANSWERED: AtomicBool = AtomicBool::new(false);

/// Adds `host` to the global object.
pub fn install(ctx: &Ctx<'_>) -> Result<()> {
    let host = Object::new(ctx.clone())?;
    let start = Instant::now();
    add(&host, "env", env)?;
    add(&host, "readInput", input::read)?;
    add(&host, "request", request::send)?;
    add(&host, "askApiServer", api::get)?;
    add(&host, "readFile", files::read)?;
    add(&host, "stat", files::stat)?;
    add(&host, "networkNamespace", files::network_namespace)?;
    add(&host, "appendToFile", files::append)?;
    add(&host, "userId", || rustix::process::geteuid().as_raw())?;
    add(&host, "monotonicMs", move || {
        start.elapsed().as_secs_f64() * 1000.0
    })?;
    add(&host, "wallClockMs", wall_clock_ms)?;
    add(&host, "sleep", |ms: f64| std::thread::sleep(milliseconds(ms)))?;
    add(&host, "writeOutput", write_output)?;
    add(&host, "writeError", |text: String| {
        drop(std::io::stderr().write_all(text.as_bytes()))
    })?;
    add(&host, "exit", |code: i32| -> () { std::process::exit(code) })?;
    ctx.globals().set("host", host)
}

fn add<'js, P>(host: &Object<'js>, name: &str, function: impl IntoJsFunc<'js, P> + 'js) -> Result<()> {
    host.set(name, Function::new(host.ctx().clone(), function)?)
}

/// Answers the runtime with a CNI error, if it has no answer yet, and ends the program.
pub fn fail(problem: &str) -> ! {
    if !ANSWERED.load(Ordering::SeqCst) {
        // 999 is what the CNI project's own library calls an internal error.
        let details = escape(problem);
        write_output(format!(
            "{{\"cniVersion\":\"1.1.0\",\"code\":999,\"msg\":\"istio-cni failed internally\",\"details\":\"{details}\"}}\n"
        ));
    }
    std::process::exit(1)
}

fn escape(text: &str) -> String {
    let escaped = |character: char| match character {
        '"' | '\\' => format!("\\{character}"),
        '\0'..='\x1f' => format!("\\u{:04x}", u32::from(character)),
        _ => character.to_string(),
    };
    text.chars().map(escaped).collect()
}

/// A time span from the bundle; anything that is none counts as zero.
pub fn milliseconds(ms: f64) -> Duration {
    Duration::try_from_secs_f64(ms / 1000.0).unwrap_or_default()
}

fn env(name: String) -> Option<String> {
    std::env::var_os(name).map(|value| value.to_string_lossy().into_owned())
}

fn wall_clock_ms() -> f64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0.0, |since| (since.as_millis()) as f64)
}

fn write_output(text: String) {
    ANSWERED.store(true, Ordering::SeqCst);
    let mut output = std::io::stdout().lock();
    // A runtime that no longer listens can't be told anything either.
    let _ = output.write_all(text.as_bytes()).and_then(|()| output.flush());
}
