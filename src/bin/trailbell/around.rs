//! Which events are around one: the arguments `--around`, `--within` and `--same`.

use clap::Args;
use jiff::SignedDuration;

use crate::{selection::length, status::Stop};

/// Which events are around one.
#[derive(Args)]
pub struct AroundArgs {
    /// The event with this id, and the events around it that have values in common with it
    ///
    /// The logs are read twice. `--filter`, `--since` and `--until` apply to the other events too.
    #[arg(long, value_name = "EVENT-ID")]
    around: Option<String>,
    /// How long before and after the event, such as `10m` or `1h`
    #[arg(long, value_name = "LENGTH", requires = "around", default_value = "1h")]
    within: String,
    /// What the others have in common with it: short names or fields, all of which must agree, such as
    /// `accessKey,principal,ip,session`
    ///
    /// By default it is the access key, or the principal if the event has no access key. The caller chooses the name of a
    /// session.
    #[arg(long, value_name = "FIELD,…", requires = "around")]
    same: Option<String>,
}

/// The event around which others are wanted.
pub struct Anchor<'a> {
    pub id: &'a str,
    pub within: SignedDuration,
    /// What they have in common with it, as it is written; `None` for what is usual.
    pub same: Option<&'a str>,
}

impl AroundArgs {
    /// The event, if one is named.
    ///
    /// # Errors
    ///
    /// If `--within` is no length of time.
    pub fn read(&self) -> Result<Option<Anchor<'_>>, Stop> {
        let Some(id) = &self.around else { return Ok(None) };
        Ok(Some(Anchor { id: id.trim(), within: length(&self.within)?, same: self.same.as_deref() }))
    }
}
