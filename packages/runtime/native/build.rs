//! Compiles the bundles of the plugin and of the operator's commands (`dist/*.js`, written by scripts/build-native.ts)
//! to bytecode.

use rquickjs::module::{WriteOptions, WriteOptionsEndianness};
use rquickjs::{Context, Module, Runtime};
use std::{env, error::Error, fs, path::Path};

const BUNDLES: [&str; 2] = ["plugin", "operator"];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    BUNDLES.into_iter().try_for_each(compile)
}

fn compile(name: &str) -> Result<(), Box<dyn Error>> {
    let bundle = format!("dist/{name}.js");
    println!("cargo::rerun-if-changed={bundle}");
    let source =
        fs::read(&bundle).map_err(|error| format!("{bundle}: {error}: run scripts/build-native.ts"))?;
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
        Module::declare(ctx, name, source)?.write(options)
    })?;
    fs::write(
        Path::new(&env::var("OUT_DIR")?).join(format!("{name}.bytecode")),
        bytecode,
    )?;
    Ok(())
}
