//! The objects of a bucket that can hold events of a period, found by the folders that CloudTrail makes.

use std::{
    ops::ControlFlow,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    thread,
};

#[cfg(feature = "aws")]
use trailbell::aws::Buckets;
use trailbell::{
    handler::FetchError,
    object::ObjectKind,
    search::{DeliverySpan, Depth, KeyRange, ListedKey, depth, kind_of_folder},
};

#[cfg(not(feature = "aws"))]
use super::no_buckets::NoBuckets as Buckets;
use crate::interrupt;

/// How many lists are requested at once.
const MAX_REQUESTS: usize = 8;
/// How many folders deep `AWSLogs` is looked for, and among how many folders of one folder.
const MAX_DEPTH: usize = 4;
const MAX_FOLDERS: usize = 1_000;

/// What is below a prefix.
#[derive(Default)]
pub struct Delivered {
    /// The keys and sizes in bytes of objects of the span, and of objects whose keys have no time, in the order of the keys.
    pub objects: Vec<(String, u64)>,
    /// Folders that hold no records, with what they hold.
    pub passed_over: Vec<(String, ObjectKind)>,
    /// Whether any object has a key with this prefix, in the span or not.
    pub is_there: bool,
    /// How many requests it took.
    pub requests: u64,
}

/// A part of a bucket that is still to be listed.
enum Part {
    /// The folders below a prefix.
    Folders(String),
    /// The keys of a region below a prefix, which are in the order of time.
    Region { prefix: String, region: String },
    /// All keys below a prefix.
    All(String),
}

/// Lists what is in a bucket below a prefix and in the span. It ends early if [`interrupt::is_requested`].
///
/// # Errors
///
/// The bucket does not exist or may not be listed, or S3 gives no answer.
pub fn list(buckets: &Buckets, bucket: &str, prefix: &str, span: &DeliverySpan) -> Result<Delivered, FetchError> {
    let lister = Lister { buckets, bucket, span, requests: AtomicU64::new(0) };
    let mut found = Delivered::default();
    let everything = || Part::All(prefix.to_owned());
    let mut parts = vec![if span.is_unbounded() { everything() } else { Part::of(prefix.to_owned()) }];
    // A level of folders at a time, since the folders of one level can be listed at the same time.
    while !parts.is_empty() && !interrupt::is_requested() {
        let mut next = Vec::new();
        for of_part in in_parallel(&parts, |part| lister.list(part)) {
            let (objects, further, is_there) = of_part?;
            found.is_there |= is_there;
            found.objects.extend(objects);
            for part in further {
                match part.kind() {
                    ObjectKind::Log => next.push(part),
                    kind => found.passed_over.push((part.prefix().to_owned(), kind)),
                }
            }
        }
        parts = next;
    }
    // The list of a region may have what is beside its years, too.
    found.objects.sort_unstable();
    found.objects.dedup();
    found.requests = lister.requests.into_inner();
    Ok(found)
}

impl Part {
    fn of(prefix: String) -> Self {
        match depth(&prefix) {
            Depth::Above if prefix.matches('/').count() < MAX_DEPTH => Self::Folders(prefix),
            Depth::Folders | Depth::Years(_) => Self::Folders(prefix),
            Depth::Days(region) => Self::Region { region: region.to_owned(), prefix },
            Depth::Above | Depth::Other => Self::All(prefix),
        }
    }

    fn prefix(&self) -> &str {
        match self {
            Self::Folders(prefix) | Self::Region { prefix, .. } | Self::All(prefix) => prefix,
        }
    }

    /// What a whole folder holds.
    fn kind(&self) -> ObjectKind {
        if self.prefix().ends_with('/') { kind_of_folder(self.prefix()) } else { ObjectKind::Log }
    }
}

/// What a part holds: objects, further parts, and whether it holds anything.
type Listed = (Vec<(String, u64)>, Vec<Part>, bool);

struct Lister<'a> {
    buckets: &'a Buckets,
    bucket: &'a str,
    span: &'a DeliverySpan,
    requests: AtomicU64,
}

impl Lister<'_> {
    fn list(&self, part: &Part) -> Result<Listed, FetchError> {
        match part {
            Part::Folders(prefix) => self.folders(prefix),
            Part::Region { prefix, region } => {
                let after = self.span.after(region).filter(|after| after > prefix);
                let range = KeyRange { prefix, after: after.as_deref(), by_folder: false };
                let (objects, parts, is_there) = self.objects(range, |key| self.span.is_after(region, key))?;
                // What is before the first day was not looked at.
                Ok((objects, parts, is_there || after.is_some()))
            }
            Part::All(prefix) => self.objects(KeyRange::below(prefix), |_| false),
        }
    }

    fn folders(&self, prefix: &str) -> Result<Listed, FetchError> {
        let (mut objects, mut folders) = (Vec::new(), Vec::new());
        let is_above = depth(prefix) == Depth::Above;
        let mut is_there = false;
        self.request(KeyRange { by_folder: true, ..KeyRange::below(prefix) }, &mut |listed| {
            is_there = true;
            match listed {
                ListedKey::Folder(folder) => folders.push(folder),
                ListedKey::Object(key, bytes) if self.span.may_hold(&key) => objects.push((key, bytes)),
                ListedKey::Object(..) => {}
            }
            // Another layout with many folders: one list of all takes fewer requests.
            if is_above && folders.len() > MAX_FOLDERS { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })?;
        if is_above && folders.len() > MAX_FOLDERS {
            return Ok((Vec::new(), vec![Part::All(prefix.to_owned())], is_there));
        }
        let Depth::Years(region) = depth(prefix) else {
            return Ok((objects, folders.into_iter().map(Part::of).collect(), is_there));
        };
        let is_year = |folder: &String| matches!(depth(folder), Depth::Days(_));
        let (years, others): (Vec<_>, Vec<_>) = folders.into_iter().partition(is_year);
        let name = |year: &str| year.trim_end_matches('/').rsplit('/').next().unwrap_or_default().to_owned();
        let has_days = years.iter().any(|year| self.span.may_hold_year(&name(year)));
        let days = has_days.then(|| Part::Region { prefix: prefix.to_owned(), region: region.to_owned() });
        Ok((objects, days.into_iter().chain(others.into_iter().map(Part::All)).collect(), is_there))
    }

    fn objects(&self, range: KeyRange<'_>, is_after: impl Fn(&str) -> bool) -> Result<Listed, FetchError> {
        let (mut objects, mut is_there) = (Vec::new(), false);
        self.request(range, &mut |listed| {
            let ListedKey::Object(key, bytes) = listed else { return ControlFlow::Continue(()) };
            is_there = true;
            if is_after(&key) || interrupt::is_requested() {
                return ControlFlow::Break(());
            }
            if self.span.may_hold(&key) {
                objects.push((key, bytes));
            }
            ControlFlow::Continue(())
        })?;
        Ok((objects, Vec::new(), is_there))
    }

    fn request(
        &self,
        range: KeyRange<'_>,
        see: &mut dyn FnMut(ListedKey) -> ControlFlow<()>,
    ) -> Result<(), FetchError> {
        let requested = || {
            self.requests.fetch_add(1, Ordering::Relaxed);
        };
        self.buckets.list(self.bucket, range, &requested, see)
    }
}

/// What `f` makes of each item, in their order.
fn in_parallel<T: Sync, R: Send>(items: &[T], f: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let (next, done) = (AtomicU64::new(0), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for _ in 0..MAX_REQUESTS.min(items.len()) {
            scope.spawn(|| {
                while let Ok(at) = usize::try_from(next.fetch_add(1, Ordering::Relaxed))
                    && let Some(item) = items.get(at)
                {
                    let result = f(item);
                    done.lock().unwrap_or_else(PoisonError::into_inner).push((at, result));
                }
            });
        }
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, result)| result).collect()
}
