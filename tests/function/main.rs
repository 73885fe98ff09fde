//! The function as it is used: the real binary behind AWS's own emulator, with S3 and SNS on a running stand-in and
//! the alerts read back from a queue.

mod cloud;
mod deployment;
mod emulator;
mod process;
mod runtime_api;
