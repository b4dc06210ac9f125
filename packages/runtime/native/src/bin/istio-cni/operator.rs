//! The global `node` of the operator's commands; its TypeScript face is `src/operator/node.ts`.

use rquickjs::{Ctx, Function, Object, Result};
use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags, Stat};
use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;

/// Begins names that no runtime loads and that the agent clears away; see `src/install/files.ts`.
const TEMPORARY: &str = ".istio-install-cni.tmp.";

/// Called by a person: with words on the command line, which runtimes never give, and without CNI_COMMAND.
pub fn is_asked() -> bool {
    std::env::args_os().len() > 1 && std::env::var_os("CNI_COMMAND").is_none()
}

/// Adds `node` to the global object.
pub fn install(ctx: &Ctx<'_>) -> Result<()> {
    let node = Object::new(ctx.clone())?;
    node.set("arguments", Function::new(ctx.clone(), arguments)?)?;
    node.set("list", Function::new(ctx.clone(), list)?)?;
    node.set("read", Function::new(ctx.clone(), read)?)?;
    node.set("replace", Function::new(ctx.clone(), replace)?)?;
    node.set("remove", Function::new(ctx.clone(), remove)?)?;
    node.set("listens", Function::new(ctx.clone(), listens)?)?;
    node.set("engineVersion", Function::new(ctx.clone(), engine_version)?)?;
    ctx.globals().set("node", node)
}

fn arguments() -> Vec<String> {
    let words = std::env::args_os().skip(1);
    words.map(|word| word.to_string_lossy().into_owned()).collect()
}

fn engine_version() -> String {
    // SAFETY: a constant of the engine.
    let version = unsafe { std::ffi::CStr::from_ptr(rquickjs::qjs::JS_GetVersion()) };
    version.to_string_lossy().into_owned()
}

fn list<'js>(ctx: Ctx<'js>, path: String) -> Result<Object<'js>> {
    let answer = Object::new(ctx)?;
    let names = std::fs::read_dir(path).and_then(|entries| {
        // A name that is no UTF-8 is shown, and then not found: no runtime gives such names.
        let name =
            |entry: io::Result<std::fs::DirEntry>| Ok(entry?.file_name().to_string_lossy().into_owned());
        entries.map(name).collect::<io::Result<Vec<String>>>()
    });
    match names {
        Ok(names) => answer.set("names", names)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => answer.set("names", Vec::<String>::new())?,
        Err(error) => answer.set("problem", error.to_string())?,
    }
    Ok(answer)
}

fn read<'js>(ctx: Ctx<'js>, path: String, limit: f64) -> Result<Option<Object<'js>>> {
    let answer = Object::new(ctx)?;
    match read_or_fail(&path, limit as u64) {
        Ok((text, version)) => {
            answer.set("text", text)?;
            answer.set("version", version)?;
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => answer.set("problem", error.to_string())?,
    }
    Ok(Some(answer))
}

fn read_or_fail(path: &str, limit: u64) -> io::Result<(String, String)> {
    let found = rustix::fs::lstat(path)?;
    refuse_others(&found)?;
    // Not blocking, so that a FIFO that has just taken its place can't hold us.
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let file = rustix::fs::open(path, flags, Mode::empty())?;
    let opened = rustix::fs::fstat(&file)?;
    refuse_others(&opened)?;
    let mut bytes = Vec::new();
    std::fs::File::from(file)
        .take(limit + 1)
        .read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        return Err(io::Error::other(format!("it has more than {limit} bytes")));
    }
    let text = String::from_utf8(bytes).map_err(|_| io::Error::other("it is not UTF-8"))?;
    Ok((text, version_of(&opened)))
}

fn refuse_others(found: &Stat) -> io::Result<()> {
    match FileType::from_raw_mode(found.st_mode) {
        FileType::RegularFile => Ok(()),
        FileType::Symlink => Err(io::Error::other("it is a symbolic link")),
        _ => Err(io::Error::other("it is not a regular file")),
    }
}

/// Changes whenever another program writes or replaces the file.
fn version_of(found: &Stat) -> String {
    let Stat {
        st_dev,
        st_ino,
        st_size,
        st_mtime,
        st_mtime_nsec,
        ..
    } = found;
    format!("{st_dev} {st_ino} {st_size} {st_mtime} {st_mtime_nsec}")
}

/// Writes a whole new file beside and renames it: readers see the old content or the new one.
fn replace(path: String, version: String, text: String) -> Option<String> {
    let (directory, name) = path.rsplit_once('/')?;
    let temporary = format!("{directory}/{TEMPORARY}{name}.{}", std::process::id());
    let done = replace_or_fail(&path, &version, &text, &temporary);
    if done.is_err() {
        let _ = std::fs::remove_file(&temporary);
    }
    done.and_then(|()| sync_directory(directory))
        .err()
        .map(|error| error.to_string())
}

fn replace_or_fail(path: &str, version: &str, text: &str, temporary: &str) -> io::Result<()> {
    let before = must_be(path, version)?;
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC | OFlags::NOFOLLOW;
    let file = rustix::fs::open(temporary, flags, Mode::RUSR | Mode::WUSR)?;
    let mut file = std::fs::File::from(file);
    file.write_all(text.as_bytes())?;
    std::os::unix::fs::fchown(&file, Some(before.st_uid), Some(before.st_gid))?;
    rustix::fs::fchmod(&file, Mode::from_raw_mode(before.st_mode & 0o7777))?;
    file.sync_all()?;
    must_be(path, version)?;
    std::fs::rename(temporary, path)
}

fn remove(path: String, version: Option<String>) -> Option<String> {
    let done = version.map_or(Ok(()), |version| must_be(&path, &version).map(drop));
    let removed = done.and_then(|()| match rustix::fs::unlinkat(CWD, &*path, AtFlags::empty()) {
        Ok(()) | Err(rustix::io::Errno::NOENT) => Ok(()),
        Err(error) => Err(error.into()),
    });
    let directory = path.rsplit_once('/').map_or("/", |(directory, _)| directory);
    removed
        .and_then(|()| sync_directory(directory))
        .err()
        .map(|error| error.to_string())
}

fn must_be(path: &str, version: &str) -> io::Result<Stat> {
    let now = rustix::fs::lstat(path)?;
    if version_of(&now) == version {
        return Ok(now);
    }
    Err(io::Error::other(
        "another program changed it meanwhile: try again",
    ))
}

fn sync_directory(path: &str) -> io::Result<()> {
    std::fs::File::open(Path::new(path))?.sync_all()
}

fn listens(path: String) -> bool {
    UnixStream::connect(path).is_ok()
}
