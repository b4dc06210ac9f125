//! What the bundle may ask about files, and the one kind of file that it may write: a log.

use crate::input::text_within;
use rquickjs::{Ctx, Object, Result};
use rustix::fs::{CWD, FileType, Mode, OFlags, RenameFlags};
use std::{ffi::c_void, io::Write};

/// Magic number of the file system that holds namespaces: NSFS_MAGIC in linux/magic.h.
const NSFS_MAGIC: u64 = 0x6e73_6673;
/// The kind of namespace that holds a network, in linux/sched.h.
const CLONE_NEWNET: i32 = 0x4000_0000;

/// `{ kind, userId, groupId, mode }`, or undefined where there is nothing (or nothing visible).
pub fn stat<'js>(ctx: Ctx<'js>, path: String, follow_links: bool) -> Result<Option<Object<'js>>> {
    let found = if follow_links {
        rustix::fs::stat(&path)
    } else {
        rustix::fs::lstat(&path)
    };
    let Ok(found) = found else { return Ok(None) };
    let answer = Object::new(ctx)?;
    let kind = match FileType::from_raw_mode(found.st_mode) {
        FileType::Socket => "socket",
        FileType::Directory => "directory",
        FileType::Symlink => "link",
        _ => "other",
    };
    answer.set("kind", kind)?;
    answer.set("userId", found.st_uid)?;
    answer.set("groupId", found.st_gid)?;
    answer.set("mode", found.st_mode & 0o7777)?;
    Ok(Some(answer))
}

/// `{ id }`, equal for two paths of one network namespace; or `{ problem }`, why `path` is none.
///
/// Opened without blocking, so that a FIFO in its place can't hold us.
pub fn network_namespace<'js>(ctx: Ctx<'js>, path: String) -> Result<Object<'js>> {
    let answer = Object::new(ctx)?;
    match namespace_id(&path) {
        Ok(id) => answer.set("id", id)?,
        Err(problem) => answer.set("problem", problem)?,
    }
    Ok(answer)
}

fn namespace_id(path: &str) -> std::result::Result<String, String> {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
    let file = rustix::fs::open(path, flags, Mode::empty()).map_err(|error| error.to_string())?;
    let system = rustix::fs::fstatfs(&file).map_err(|error| error.to_string())?;
    if system.f_type as u64 != NSFS_MAGIC {
        return Err("it is not a namespace".into());
    }
    // SAFETY: asks for nothing but a number, and the file is one of nsfs.
    let kind = unsafe { rustix::ioctl::ioctl(&file, NamespaceKind) }.map_err(|error| error.to_string())?;
    if kind != CLONE_NEWNET {
        return Err("it is a namespace of another kind".into());
    }
    rustix::fs::fstat(&file)
        .map(|it| it.st_ino.to_string())
        .map_err(|error| error.to_string())
}

/// The request NS_GET_NSTYPE of ioctl_nsfs(2), which answers by its return value.
struct NamespaceKind;

// SAFETY: passes no pointer and reads none.
unsafe impl rustix::ioctl::Ioctl for NamespaceKind {
    type Output = i32;
    const IS_MUTATING: bool = false;

    fn opcode(&self) -> rustix::ioctl::Opcode {
        rustix::ioctl::opcode::none(0xb7, 3)
    }

    fn as_ptr(&mut self) -> *mut c_void {
        std::ptr::null_mut()
    }

    unsafe fn output_from_ptr(value: rustix::ioctl::IoctlOutput, _: *mut c_void) -> rustix::io::Result<i32> {
        Ok(value)
    }
}

/// The text of a regular file, as `input::text_within` gives it; `absent` where there is none.
pub fn read<'js>(ctx: Ctx<'js>, path: String, limit: f64) -> Result<Object<'js>> {
    let problem = match open_regular(&path, OFlags::RDONLY) {
        Ok(file) => return text_within(ctx, file, limit),
        Err(problem) => problem,
    };
    let answer = Object::new(ctx)?;
    let is_absent = problem.kind() == std::io::ErrorKind::NotFound;
    answer.set("failure", if is_absent { "absent" } else { "unreadable" })?;
    answer.set("detail", problem.to_string())?;
    Ok(answer)
}

/// Appends `text` to a log file; a file that would pass `limit` bytes first becomes `<path>.1`.
///
/// Returns what went wrong, or undefined. Links are not followed, and only regular files are written.
pub fn append(path: String, text: String, limit: f64) -> Option<String> {
    append_or_fail(&path, &text, limit)
        .err()
        .map(|error| error.to_string())
}

fn append_or_fail(path: &str, text: &str, limit: f64) -> std::io::Result<()> {
    let known = rustix::fs::lstat(path);
    if known.is_ok_and(|it| it.st_size as f64 + text.len() as f64 > limit) {
        rustix::fs::renameat_with(CWD, path, CWD, format!("{path}.1"), RenameFlags::empty())?;
    }
    open_regular(path, OFlags::WRONLY | OFlags::CREATE | OFlags::APPEND)?.write_all(text.as_bytes())
}

/// Follows no link, and waits for nobody behind a FIFO.
fn open_regular(path: &str, access: OFlags) -> std::io::Result<std::fs::File> {
    let flags = access | OFlags::CLOEXEC | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY;
    let file = rustix::fs::open(path, flags, Mode::RUSR | Mode::WUSR)?;
    if !FileType::from_raw_mode(rustix::fs::fstat(&file)?.st_mode).is_file() {
        return Err(std::io::Error::other("not a regular file"));
    }
    Ok(std::fs::File::from(file))
}
