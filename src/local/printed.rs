//! A terminal as SNS: it shows messages one after the other.

use std::{
    io::Write,
    sync::{Mutex, PoisonError},
};

use crate::{
    alert::Message,
    handler::{Channel, PublishError},
};

/// A channel that writes messages to an output.
pub struct Printed<W> {
    output: Mutex<W>,
}

impl<W: Write + Send> Printed<W> {
    /// Writes to `output`.
    pub fn new(output: W) -> Self {
        Self { output: Mutex::new(output) }
    }
}

impl<W: Write + Send> Channel for Printed<W> {
    async fn publish(&self, messages: &[Message]) -> Vec<Result<(), PublishError>> {
        let mut output = self.output.lock().unwrap_or_else(PoisonError::into_inner);
        let write = |message: &Message| {
            print(message, &mut *output).map_err(|error| PublishError::not_accepted("the output", error))
        };
        messages.iter().map(write).collect()
    }
}

fn print(message: &Message, output: &mut impl Write) -> std::io::Result<()> {
    let attributes =
        message.attributes.iter().map(|attribute| format!("{}={}", attribute.name, attribute.string_value()));
    writeln!(output, "{}", "=".repeat(100))?;
    writeln!(output, "Subject    {}\n", message.subject)?;
    writeln!(output, "{}", message.body)?;
    writeln!(output, "Attributes {}\n", attributes.collect::<Vec<_>>().join(" "))
}
