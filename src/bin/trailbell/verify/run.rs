//! Walks each chain of digests, and prints what is wrong.

use std::{
    collections::{BTreeMap, HashSet},
    fs,
    io::{self, ErrorKind, Write},
    path::{Path, PathBuf},
};

use clap::Args;
use jiff::{SignedDuration, Timestamp};
use trailbell::{
    diagnostic::{chain, counted},
    digest::Digest,
    integrity::{ChainId, DigestFile, Fault, Link, link},
    object,
    untrusted::printable,
};

use super::{
    copy::{BucketCopy, below_logs, beside, hash_log, read_digest},
    keys::PublicKeys,
};
use crate::status::{Status, Stop};

/// How long before the end of a period a log file may be delivered and be named by the next digest.
const NEAR_THE_END: SignedDuration = SignedDuration::from_mins(15);
/// When the next digest is there, after the end of the last period.
const NEXT_DIGEST: SignedDuration = SignedDuration::from_hours(2);

/// What is verified, and with which keys.
#[derive(Args)]
pub struct VerifyArguments {
    /// The public keys of CloudTrail: the output of `aws cloudtrail list-public-keys`, of the region and the time of the digests
    #[arg(long, value_name = "FILE")]
    public_keys: PathBuf,
    /// Copies of a log bucket, or parts of it, with their folders from `AWSLogs` on
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
}

/// Prints a line for each fault, and one for each chain.
///
/// # Errors
///
/// If there are no keys or no digests, or the output cannot be written.
pub fn run(arguments: &VerifyArguments) -> Status {
    if let Some(path) = arguments.paths.iter().find(|path| path.to_string_lossy().starts_with("s3://")) {
        let path = path.display();
        return Err(Stop::Message(format!("{path} is in S3: copy it first, with `aws s3 sync {path} DIR`")));
    }
    let keys = PublicKeys::read(&arguments.public_keys)?;
    let copy = BucketCopy::find(&arguments.paths);
    let mut out = io::stdout().lock();
    for complaint in &copy.complaints {
        writeln!(io::stderr(), "error: {}", printable(complaint))?;
    }
    if copy.chains.is_empty() {
        let reason = "there are no digest files here, whose folders are named CloudTrail-Digest; a trail writes them with \
                      `aws cloudtrail update-trail --name TRAIL --enable-log-file-validation`";
        return Err(Stop::Message(reason.to_owned()));
    }
    let (mut named, mut periods) = (HashSet::new(), BTreeMap::new());
    let mut faults = 0;
    for (id, files) in &copy.chains {
        let mut walk = Walk {
            keys: &keys,
            named: &mut named,
            faults: Vec::new(),
            digests: 0,
            logs: 0,
            notes: Vec::new(),
            period: None,
        };
        walk.chain(files);
        for fault in &walk.faults {
            writeln!(out, "wrong    {}", printable(&fault.to_string()))?;
        }
        faults += walk.faults.len() as u64;
        writeln!(out, "{}", walk.line(id))?;
        for note in &walk.notes {
            writeln!(out, "note     {}", printable(note))?;
        }
        if let Some((from, to)) = walk.period {
            let place = periods.entry((id.account.clone(), id.region.clone())).or_insert((from, to));
            *place = (place.0.min(from), place.1.max(to));
        }
    }
    for object in unnamed(&copy.logs, &named, &periods) {
        writeln!(out, "wrong    {}", printable(&Fault::Unnamed { object }.to_string()))?;
        faults += 1;
    }
    let verdict = if faults == 0 { "intact".to_owned() } else { counted(faults, "fault") };
    writeln!(out, "{}: {verdict}", counted(copy.chains.len() as u64, "chain"))?;
    Ok(if !copy.complaints.is_empty() && faults == 0 { 2 } else { u8::from(faults > 0) })
}

/// The log files of the periods of digests that no digest names, in the order of their paths.
fn unnamed<'l>(
    logs: &'l [PathBuf],
    named: &'l HashSet<u64>,
    periods: &'l BTreeMap<(String, String), (Timestamp, Timestamp)>,
) -> impl Iterator<Item = String> + 'l {
    logs.iter().filter_map(|path| {
        let shown = path.to_string_lossy();
        let key = below_logs(&shown)?;
        if named.contains(&number(key)) {
            return None;
        }
        let object = object::ObjectId { bucket: String::new(), key: key.to_owned() };
        let (from, to) = periods.get(&(object.account()?.to_owned(), object.region()?.to_owned()))?;
        // A log file that was delivered near the end of a period can be in the digest of the next, which comes within two hours.
        let (last, late) = (to.checked_sub(NEAR_THE_END).unwrap_or(*to), to.checked_add(NEXT_DIGEST).unwrap_or(*to));
        let is_unnamed = object.delivered().is_none_or(|time| (*from..last).contains(&time) || time > late);
        is_unnamed.then(|| key.to_owned())
    })
}

/// A hash of a key, for sets of a million of them.
fn number(key: &str) -> u64 {
    u64::from_be_bytes(Digest::of(&["key", key]).first())
}

/// The way along a chain.
struct Walk<'a> {
    keys: &'a PublicKeys,
    named: &'a mut HashSet<u64>,
    faults: Vec<Fault>,
    digests: u64,
    logs: u64,
    /// What is not known, and is no fault.
    notes: Vec<String>,
    period: Option<(Timestamp, Timestamp)>,
}

impl Walk<'_> {
    fn chain(&mut self, files: &BTreeMap<String, PathBuf>) {
        let mut before: Option<(DigestFile, &PathBuf)> = None;
        for path in files.values() {
            let Some(digest) = self.digest(path) else { continue };
            match &before {
                Some((before, place)) => match link(before, &digest) {
                    Link::Signed(signature) => self.faults.extend(self.keys.check(before, &signature)),
                    // The digest before a new beginning is the newest of its chain.
                    Link::Restart => self.newest(before, place),
                    Link::Broken(fault) => {
                        self.faults.push(fault);
                        self.newest(before, place);
                    }
                },
                None => self.notes.extend(digest.previous.as_ref().map(|previous| {
                    format!("the digests before {} are not here, the last of them {}", digest.start, previous.object)
                })),
            }
            self.log_files(&digest, path);
            self.digests += 1;
            let (from, to) = self.period.unwrap_or((digest.start, digest.end));
            self.period = Some((from.min(digest.start), to.max(digest.end)));
            before = Some((digest, path));
        }
        if let Some((last, path)) = &before {
            self.newest(last, path);
        }
    }

    /// Checks the signature of a digest whose next one is not here, by a file beside it.
    fn newest(&mut self, digest: &DigestFile, path: &Path) {
        let mut name = path.as_os_str().to_owned();
        name.push(".signature");
        match fs::read_to_string(Path::new(&name)) {
            Ok(signature) => self.faults.extend(self.keys.check(digest, &signature)),
            Err(_) => self.notes.push(format!(
                "the signature of the newest digest {} is not here: the next digest has it, and its metadata in S3, \
                 `x-amz-meta-signature`, of which a file `.signature` beside it may hold the value",
                digest.object
            )),
        }
    }

    fn digest(&mut self, path: &Path) -> Option<DigestFile> {
        let shown = path.to_string_lossy();
        let object = below_logs(&shown).unwrap_or(&shown).to_owned();
        let read = read_digest(path).map_err(|error| error.to_string());
        let digest = read.and_then(|(text, hash)| DigestFile::read(&text, hash).map_err(|error| chain(&error)));
        match digest {
            Ok(digest) if below_logs(&digest.object) == Some(&*object) => Some(digest),
            Ok(digest) => {
                self.faults.push(Fault::Elsewhere { found: object, object: digest.object });
                None
            }
            Err(reason) => {
                self.faults.push(Fault::Unreadable { object, reason });
                None
            }
        }
    }

    fn log_files(&mut self, digest: &DigestFile, path: &Path) {
        for log in &digest.log_files {
            let object = log.object.clone();
            let Some(file) = beside(path, &object) else {
                self.faults.push(Fault::Outside { digest: digest.object.clone(), object });
                continue;
            };
            self.named.extend(below_logs(&object).map(number));
            self.logs += 1;
            match hash_log(&file) {
                Ok(hash) if hash == log.hash => {}
                Ok(_) => self.faults.push(Fault::LogChanged { object }),
                Err(error) if error.kind() == ErrorKind::NotFound => self.faults.push(Fault::LogMissing { object }),
                Err(error) => self.faults.push(Fault::LogUnreadable { object, reason: error.to_string() }),
            }
        }
    }

    fn line(&self, id: &ChainId) -> String {
        let ChainId { account, region, trail, is_backfill } = id;
        let outcome = if self.faults.is_empty() { "ok      " } else { "failed  " };
        let backfill = if *is_backfill { ", backfill" } else { "" };
        let period = self.period.map(|(from, to)| format!(", {from} to {to}")).unwrap_or_default();
        let (digests, logs) = (counted(self.digests, "digest"), counted(self.logs, "log file"));
        printable(&format!("{outcome} {account} {region} {trail}{backfill}: {digests}, {logs}{period}"))
    }
}
