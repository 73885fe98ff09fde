//! Chains of digests: one for each account, region and trail.

use super::{digest_file::DigestFile, fault::Fault};
use crate::object::{ObjectId, ObjectKind};

/// What the digests of a chain have in common.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ChainId {
    /// The account.
    pub account: String,
    /// The region whose log files it is about.
    pub region: String,
    /// The name of the trail, and its home region.
    pub trail: String,
    /// Whether its digests were made later, for a time for which there was none.
    pub is_backfill: bool,
}

impl ChainId {
    /// The chain of the digest with this key, by its name `ACCOUNT_CloudTrail-Digest_REGION_TRAIL_HOME_TIME.json.gz`, and the end of its
    /// period as the name has it; `None` for another key.
    pub fn of(object: &ObjectId) -> Option<(Self, &str)> {
        if ObjectKind::of(&object.key) != ObjectKind::Digest {
            return None;
        }
        let name = object.key.rsplit('/').next()?.strip_suffix(".json.gz")?;
        let (name, is_backfill) = name.strip_suffix("_backfill").map_or((name, false), |name| (name, true));
        let (account, rest) = name.split_once("_CloudTrail-Digest_")?;
        let (rest, time) = rest.rsplit_once('_')?;
        // The name of a trail can have underscores, and a region has none.
        let (region, trail) = rest.split_once('_')?;
        let [account, region, trail] = [account, region, trail].map(str::to_owned);
        Some((Self { account, region, trail, is_backfill }, time))
    }
}

/// How a digest continues the one before it that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Link {
    /// It holds the hash and this signature of that one.
    Signed(String),
    /// It begins a chain: the trail was stopped or made anew.
    Restart,
    /// That one is not the one before it, or has changed.
    Broken(Fault),
}

/// How `next` continues `digest`, the digest of the same chain that was found before it in time.
pub fn link(digest: &DigestFile, next: &DigestFile) -> Link {
    match &next.previous {
        None => Link::Restart,
        Some(previous) if previous.object != digest.object => {
            let fault = Fault::DigestsMissing { from: digest.end, to: next.start, last: previous.object.clone() };
            Link::Broken(fault)
        }
        Some(previous) if previous.hash != digest.hash => {
            Link::Broken(Fault::DigestChanged { object: digest.object.clone() })
        }
        Some(previous) => Link::Signed(previous.signature.clone()),
    }
}
