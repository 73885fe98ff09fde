//! Ctrl-C: the first ends what a command reads or prints, so that it can report what it has; the second ends the program.

use std::sync::{
    Arc, LazyLock,
    atomic::{AtomicBool, Ordering},
};

use signal_hook::{consts::SIGINT, flag};

/// The exit status of an interrupted command, as of a program that SIGINT ends ("Exit Status" in the manual of Bash).
pub const STATUS: u8 = 130;

static REQUESTED: LazyLock<Arc<AtomicBool>> = LazyLock::new(Arc::default);

/// Lets the command end by itself at the first Ctrl-C. Where the system refuses, Ctrl-C ends the program.
pub fn listen() {
    // In this order: the first is still allowed when it arrives.
    let second = flag::register_conditional_shutdown(SIGINT, STATUS.into(), Arc::clone(&REQUESTED));
    if second.is_ok() {
        let _ = flag::register(SIGINT, Arc::clone(&REQUESTED));
    }
}

/// Whether the user wants the command to end.
pub fn is_requested() -> bool {
    REQUESTED.load(Ordering::SeqCst)
}

/// The same; the next Ctrl-C is again the first.
pub fn take_request() -> bool {
    REQUESTED.swap(false, Ordering::SeqCst)
}
