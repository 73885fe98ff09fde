//! What reading from S3 will take, before it begins.

use std::{
    collections::BTreeSet,
    io::{self, Write},
};

use indicatif::DecimalBytes;
use trailbell::{diagnostic::counted, object::ObjectId, search::DeliverySpan};

use super::delivered::Delivered;

/// The prices of a million LIST and of a million GET requests to S3 Standard in us-east-1, in dollars, in November 2026:
/// <https://aws.amazon.com/s3/pricing/>.
const LIST: f64 = 5.0;
const GET: f64 = 0.4;

/// Says which files are looked for; `place` can be shown.
///
/// # Errors
///
/// If standard error cannot be written.
pub fn before(place: &str, span: &DeliverySpan, late: &str) -> io::Result<()> {
    let days = match span.days() {
        (None, None) => return Ok(()),
        (Some(first), None) => format!("from {first} on"),
        (None, Some(last)) => format!("until {last}, up to {late} late"),
        (Some(first), Some(last)) => format!("from {first} to {last}, up to {late} late"),
    };
    writeln!(io::stderr(), "{place}: looking for log files that were delivered {days}")
}

/// Says what was found, and what reading it takes.
///
/// # Errors
///
/// If standard error cannot be written.
pub fn after(place: &str, bucket: &str, found: &Delivered) -> io::Result<()> {
    let (mut accounts, mut regions) = (BTreeSet::new(), BTreeSet::new());
    for (key, _) in &found.objects {
        let object = ObjectId { bucket: bucket.to_owned(), key: key.clone() };
        accounts.extend(object.account().map(str::to_owned));
        regions.extend(object.region().map(str::to_owned));
    }
    let bytes = found.objects.iter().map(|(_, bytes)| bytes).sum();
    let objects = found.objects.len() as u64;
    let of = [(accounts.len(), "account"), (regions.len(), "region")];
    let of: Vec<_> =
        of.into_iter().filter(|(count, _)| *count > 0).map(|(count, noun)| counted(count as u64, noun)).collect();
    let of = if of.is_empty() { String::new() } else { format!(" of {}", of.join(" and ")) };
    writeln!(
        io::stderr(),
        "{place}: {}{of}, {}; {} and as many GET requests as files cost {} in us-east-1, and traffic to another region or out \
         of AWS is extra",
        counted(objects, "log file"),
        DecimalBytes(bytes),
        counted(found.requests, "LIST request"),
        cost(found.requests, objects),
    )
}

fn cost(lists: u64, gets: u64) -> String {
    let dollars = (lists as f64 * LIST + gets as f64 * GET) / 1e6;
    if dollars < 0.01 { "less than $0.01".to_owned() } else { format!("about ${dollars:.2}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The prices of AWS's page: 0.005 dollars for 1,000 LIST requests, 0.0004 for 1,000 GET requests.
    #[test]
    fn requests_have_their_price() {
        assert_eq!(cost(5, 100), "less than $0.01");
        assert_eq!(cost(1_000, 12_500), "about $0.01");
        assert_eq!(cost(100_000, 10_000_000), "about $4.50");
    }
}
