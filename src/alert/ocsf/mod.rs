//! The format for machines: a Detection Finding of the Open Cybersecurity Schema Framework, version 1.8.0, with the profile
//! Cloud (<https://schema.ocsf.io/1.8.0/classes/detection_finding>). It has all that an e-mail has: what the schema has no
//! attribute for is in `unmapped`.
//!
//! Values lose what is not printable and what is too long; JSON is the only escaping.

mod evidence;
mod finding;
mod observable;
mod unmapped;
mod value;
