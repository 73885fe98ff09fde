//! Replaces the commands that need AWS in a build without the feature `aws`: each reports how to build them.

use std::ffi::OsString;

use clap::Args;

use crate::status::Stop;

/// How to install the command line with everything that needs AWS.
pub const INSTALL: &str = "`cargo install --locked --path . --features aws --bin trailbell`";

/// The arguments of a command that this build lacks.
#[derive(Args)]
pub struct Ignored {
    #[arg(hide = true, trailing_var_arg = true, allow_hyphen_values = true)]
    _arguments: Vec<OsString>,
}

/// The error of a command that this build lacks; `what` is lacking.
pub fn lacks(what: &str) -> Stop {
    Stop::Message(format!("this `trailbell` is built without {what}: {INSTALL} builds it with {what}"))
}
