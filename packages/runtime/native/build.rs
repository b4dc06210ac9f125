//! Compiles the plugin's bundle (`dist/plugin.js`, written by scripts/build-plugin.ts) to bytecode.

use rquickjs::module::{WriteOptions, WriteOptionsEndianness};
use rquickjs::{Context, Module, Runtime};
use std::{env, error::Error, fs, path::Path};

const BUNDLE: &str = "dist/plugin.js";

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed={BUNDLE}");
    println!("cargo::rerun-if-changed=build.rs");
    let source =
        fs::read(BUNDLE).map_err(|error| format!("{BUNDLE}: {error}: run scripts/build-plugin.ts"))?;
    let runtime = Runtime::new()?;
    let bytecode = Context::full(&runtime)?.with(|ctx| {
        // Little: every node that we build for. Stripped: smaller, and errors carry no line of ours anyway.
        let options = WriteOptions {
            endianness: WriteOptionsEndianness::Little,
            allow_shared_array_buffer: false,
            object_reference: false,
            strip_source: true,
            strip_debug: true,
        };
        Module::declare(ctx, "plugin", source)?.write(options)
    })?;
    fs::write(Path::new(&env::var("OUT_DIR")?).join("plugin.bytecode"), bytecode)?;
    Ok(())
}
