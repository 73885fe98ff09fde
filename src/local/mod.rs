//! The ports on a laptop: folders as S3, a terminal as SNS, and CloudTrail files of any shape.

mod clock;
mod file;
mod folder;
mod printed;
mod rules;

pub use clock::NoDeadline;
pub use file::{ReadError, read};
pub use folder::Folder;
pub use printed::Printed;
pub use rules::{RulesFiles, ShippedRules, TextFileError, read_text};
