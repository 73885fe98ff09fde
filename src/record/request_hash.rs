//! A hash of the parameters of a request, by which calls are compared.

use super::{
    node::{Node, Scalar, Tree},
    work::{VISIT, WorkBudget},
};
use crate::digest::Digest;

/// Whether a parameter of this name differs between equal calls: names for one attempt, and the pages of a list.
pub fn is_of_attempt(name: &str) -> bool {
    ATTEMPT.iter().any(|known| name.eq_ignore_ascii_case(known))
}

const ATTEMPT: &[&str] = &[
    "clienttoken",
    "clientrequesttoken",
    "idempotencytoken",
    "requesttoken",
    "nexttoken",
    "marker",
    "maxresults",
    "maxitems",
];

/// How the names of the objects end that EC2 puts the parameters of some calls into, such as `CreateFleetRequest`.
const WRAPPER: &str = "request";

/// The hash of `requestParameters` as 32 hexadecimal digits; `None` if there are none, or none that tell calls apart.
///
/// Two requests have the same hash if their parameters are the same but for the order of keys, the spelling of numbers,
/// members that are null, and what differs between equal calls. The latter is left out at the top, and in an object at the
/// top whose name ends in `Request`; further down such a name can be the caller's own, such as that of a tag.
pub fn request_hash<'a, N: Node<'a>>(record: N) -> Option<&'a str> {
    let parameters = record.get("requestParameters").filter(|it| it.scalar() != Scalar::Null)?;
    // Where keys cannot be listed, the parsed record decides.
    record.keys().next()?;
    let work = record.work();
    work.request_hash(|| match parameters.scalar() {
        Scalar::Text("") => None,
        Scalar::Text(text) if let Some(json) = work.document(text) => hash(Tree { json, work }),
        _ => hash(parameters),
    })
}

fn hash<'a>(parameters: impl Node<'a>) -> Option<String> {
    let mut canonical = Canonical { digest: Some(Digest::of(&[])) };
    let members = canonical.add(parameters, Level::Top);
    (members > 0).then(|| canonical.digest.map(Digest::hex)).flatten()
}

/// Where an object is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Level {
    Top,
    Wrapper,
    Below,
}

/// The parameters in canonical form, as parts of a hash: a sign of their kind, then their text.
struct Canonical {
    digest: Option<Digest>,
}

impl Canonical {
    fn part(&mut self, work: &WorkBudget, sign: char, text: &str) {
        work.spend(text.len() as u64 * STEPS_A_BYTE);
        let sign = sign.encode_utf8(&mut [0; 4]).to_owned();
        self.digest = self.digest.take().map(|digest| digest.text(&sign).text(text));
    }

    /// Adds a value, and returns how many members or elements it has; 1 for any other value.
    fn add<'a, N: Node<'a>>(&mut self, node: N, level: Level) -> usize {
        let work = node.work();
        if !work.spend(VISIT) {
            return 0;
        }
        match node.scalar() {
            Scalar::Null => self.part(work, '-', ""),
            Scalar::Bool(value) => self.part(work, '?', if value { "true" } else { "false" }),
            Scalar::Number(number) => self.part(work, '#', &number.to_string()),
            Scalar::Text(text) => self.part(work, '"', text),
            Scalar::List => {
                self.part(work, '[', "");
                let count = node.elements().map(|element| self.add(element, Level::Below)).count();
                self.part(work, ']', "");
                return count;
            }
            Scalar::Object { .. } => {
                self.part(work, '{', "");
                let mut keys: Vec<&str> = node.keys().filter(|key| is_kept(key, level)).collect();
                keys.sort_unstable();
                let members = keys.into_iter().filter_map(|key| Some((key, node.get(key)?)));
                let mut count = 0;
                for (key, member) in members.filter(|(_, member)| member.scalar() != Scalar::Null) {
                    self.part(work, ':', key);
                    self.add(member, below(key, level));
                    count += 1;
                }
                self.part(work, '}', "");
                return count;
            }
        }
        1
    }
}

/// What hashing a byte takes.
const STEPS_A_BYTE: u64 = 4;

fn is_kept(key: &str, level: Level) -> bool {
    level == Level::Below || !is_of_attempt(key)
}

fn below(key: &str, level: Level) -> Level {
    let tail = key.len().checked_sub(WRAPPER.len()).and_then(|at| key.get(at..));
    match level {
        Level::Top if tail.is_some_and(|tail| tail.eq_ignore_ascii_case(WRAPPER)) => Level::Wrapper,
        _ => Level::Below,
    }
}
