//! The CNI plugin `istio-cni`: runs the bytecode of `src/plugin` (or `src/operator`) in QuickJS and lends it the node.
//!
//! Nothing is decided here. What the program can touch is the list of functions in `host`.

mod api;
mod files;
mod host;
mod input;
mod operator;
mod reply;
mod request;
mod unverified;

use rquickjs::{Context, Ctx, Module, Runtime, context::intrinsic};

static PLUGIN: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/plugin.bytecode"));
static OPERATOR: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/operator.bytecode"));

/// Configurations are bounded to 1 MiB; parsed at their worst they fill some 40 MiB.
const MEMORY_LIMIT: usize = 96 * 1024 * 1024;
/// The main thread has 8 MiB, by the usual `ulimit -s`.
const STACK_LIMIT: usize = 512 * 1024;

/// What the bundle uses of the language. Each further part costs start-up time.
type Language = (
    intrinsic::Json,
    intrinsic::RegExp,
    intrinsic::RegExpCompiler,
    intrinsic::Date,
    intrinsic::MapSet,
    intrinsic::Promise,
);

fn main() {
    std::panic::set_hook(Box::new(|panic| host::fail(&panic.to_string())));
    if let Err(problem) = run() {
        host::fail(&problem);
    }
    host::fail("the plugin ended without an answer");
}

fn run() -> Result<(), String> {
    let runtime = Runtime::new().map_err(|error| error.to_string())?;
    runtime.set_memory_limit(MEMORY_LIMIT);
    runtime.set_max_stack_size(STACK_LIMIT);
    let context = Context::custom::<Language>(&runtime).map_err(|error| error.to_string())?;
    context.with(|ctx| {
        evaluate(&ctx).map_err(|error| match error {
            rquickjs::Error::Exception => format!("{:?}", ctx.catch()),
            other => other.to_string(),
        })
    })
}

fn evaluate(ctx: &Ctx<'_>) -> rquickjs::Result<()> {
    host::install(ctx)?;
    let bytecode = if operator::is_asked() {
        operator::install(ctx)?;
        OPERATOR
    } else {
        PLUGIN
    };
    // SAFETY: the bytes come from build.rs, written by this same version of the engine.
    let module = unsafe { Module::load(ctx.clone(), bytecode)? };
    let (_, promise) = module.eval()?;
    promise.finish::<()>()
}
