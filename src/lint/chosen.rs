//! Suppressions that any caller can satisfy, because they compare only what the caller chooses.
//!
//! Which fields the caller chooses follows "CloudTrail record contents" and "CloudTrail userIdentity element" in the AWS
//! CloudTrail User Guide, and `RoleSessionName` in the AWS STS API Reference.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::{
    condition::{all, field, keys},
    contradiction::candidates,
    entry::{Lint, Reads},
    event::top,
    filter_text::FilterText,
};
use crate::{
    diagnostic::Diagnostic,
    filter::{
        Lists,
        ast::{Compare, Expr, ExprKind},
        operand::Value,
        operator::Meaning,
    },
    record::{Path, Root, Virtual},
    rule::{Rule, RuleSet, Suppression},
};

/// The entry of the lint table.
pub const LINT: Lint = Lint {
    codes: &[(CODE, "a suppression or a `first_seen` that any caller can satisfy, by values that the caller chooses")],
    reads: &[
        Reads::RuleFilter(check),
        Reads::Suppression(|suppression, rule, _: Date| check_new_names(suppression, rule)),
        Reads::Rules(check_first_seen),
    ],
};

const CODE: &str = "chosen-by-caller";

const HELP: &str = "add what the caller cannot choose, such as `principal = \"…\"`, `role = \"…\"`, `accountId`, `accessKey`, \
    `ip` or `network`";

/// What a condition demands of the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Demand {
    /// A text that the caller chooses freely.
    Chosen,
    /// The name of a session. The caller chooses it, but the name of an IAM user has the same short name.
    SessionName,
    /// A kind of identity that is no session.
    NoSession,
    /// Nothing about the caller: it describes the call itself.
    Nothing,
    /// A fact about the caller that the caller cannot choose.
    Proof,
}

/// What the conditions of one alternative of a filter have in common, in bits.
type Demands = u8;
const CHOSEN: Demands = 1;
const SESSION_NAME: Demands = 2;
const NO_SESSION: Demands = 4;

/// The alternatives of a filter that demand no proof of the caller, by their demands, each with the first condition on a
/// chosen value.
type Ways<'a> = BTreeMap<Demands, Option<&'a Expr>>;

fn check(filter: &FilterText, found: &mut Vec<Diagnostic>) {
    if !filter.suppression {
        return;
    }
    let call = Call { lists: filter.lists, events: events(filter.filter, filter.lists) };
    found.extend(satisfied(filter.filter, &call).map(|expr| warning(expr, filter)));
}

/// The names of new resources, where the filter of the rule asks for the call that makes them.
fn check_new_names(suppression: &Suppression, rule: &Rule) -> Option<Diagnostic> {
    let lists = &Lists::default();
    let filter = FilterText::of_suppression(suppression, lists);
    let own = Call { lists, events: events(filter.filter, lists) };
    let call = Call { lists, events: events(rule.filter.expr(), lists) };
    // The other check reports what the suppression alone shows.
    if call.events.is_empty() || satisfied(filter.filter, &own).is_some() {
        return None;
    }
    let expr = satisfied(filter.filter, &call)?;
    let names_new = matches!(&expr.kind, ExprKind::Compare(compare) if call.makes(&compare.left.path, None));
    names_new.then(|| warning(expr, &filter).at(|span| filter.written.place(span)).in_rule(&rule.name))
}

/// The calls that a filter asks for, and the lists that it may name.
struct Call<'a> {
    lists: &'a Lists,
    /// Their names; none where they are not limited to a few.
    events: Vec<String>,
}

/// The names of events that a filter leaves.
fn events(filter: &Expr, lists: &Lists) -> Vec<String> {
    let named = |values: Vec<Value>| {
        let text = |value| if let Value::Text(text) = value { Some(text) } else { None };
        values.into_iter().map(text).collect::<Option<Vec<String>>>()
    };
    let found = all(filter, true).into_iter().find_map(|literal| {
        let (path, values) = candidates(literal.expr, literal.holds, None, lists)?;
        (path == top("eventName")).then(|| named(values))?
    });
    found.unwrap_or_default()
}

impl Call<'_> {
    /// Whether each of the calls makes what the field names, so that the caller chooses the name.
    fn makes(&self, path: &Path, base: Option<&[String]>) -> bool {
        let Some(keys) = keys(&field(path), base) else { return false };
        let [first, .., last] = &keys[..] else { return false };
        let last = last.to_ascii_lowercase();
        let Some(of) = last.strip_suffix("name").or_else(|| last.strip_suffix("identifier")) else { return false };
        let makes = |event: &String| {
            // The name of a federated user is that of the session.
            let made = event.strip_prefix("Create").or_else(|| event.strip_prefix("GetFederation"));
            let made =
                made.map(|made| made.trim_end_matches(|c: char| c.is_ascii_digit() || c == '_').to_ascii_lowercase());
            made.is_some_and(|made| made.ends_with(of))
        };
        first == "requestParameters" && !self.events.is_empty() && self.events.iter().all(makes)
    }
}

/// The first condition on a chosen value in an alternative that any caller can meet.
fn satisfied<'a>(filter: &'a Expr, call: &Call) -> Option<&'a Expr> {
    let ways = ways(filter, true, None, call);
    ways.iter().filter(|(demands, _)| any_caller(**demands)).find_map(|(_, expr)| *expr)
}

fn warning(expr: &Expr, filter: &FilterText) -> Diagnostic {
    let condition = filter.shown(expr.span);
    let label = "the caller chooses this value";
    let title = format!("any caller can make `{condition}` hold, and be suppressed");
    let finding = Diagnostic::warning(CODE, title, expr.span, label);
    match named(expr) {
        Some(Virtual::User) => finding.note(NOTE).help(HELP),
        _ => finding.help(HELP),
    }
}

const NOTE: &str = "for a role, `user` is the name of the session, which is chosen by the caller who assumes the role";

/// Whether a caller can meet these demands by choice alone.
fn any_caller(demands: Demands) -> bool {
    let is_user = demands & NO_SESSION != 0 && demands & SESSION_NAME != 0;
    demands & (CHOSEN | SESSION_NAME) != 0 && !is_user
}

/// The ways in which `expr` holds, or does not hold, without proof of who the caller is.
fn ways<'a>(expr: &'a Expr, holds: bool, base: Option<&[String]>, call: &Call) -> Ways<'a> {
    match &expr.kind {
        ExprKind::Not(inner) => ways(inner, !holds, base, call),
        ExprKind::Any(list, inner) => ways(inner, holds, keys(&list.path, base).as_deref(), call),
        ExprKind::And(parts) | ExprKind::Or(parts) => {
            let parts = parts.iter().map(|part| ways(part, holds, base, call));
            if matches!(expr.kind, ExprKind::And(_)) == holds { all_of(parts) } else { parts.fold(Ways::new(), one_of) }
        }
        ExprKind::Compare(compare) => match demand(compare, holds != compare.operator.negated, base, call) {
            Demand::Chosen => Ways::from([(CHOSEN, Some(expr))]),
            Demand::SessionName => Ways::from([(SESSION_NAME, Some(expr))]),
            Demand::NoSession => Ways::from([(NO_SESSION, None)]),
            Demand::Nothing => Ways::from([(0, None)]),
            Demand::Proof => Ways::new(),
        },
        ExprKind::List { .. } => Ways::from([(0, None)]),
    }
}

fn all_of<'a>(parts: impl Iterator<Item = Ways<'a>>) -> Ways<'a> {
    parts.fold(Ways::from([(0, None)]), |left, right| {
        let mut both = Ways::new();
        for (left, first) in &left {
            for (right, second) in &right {
                both.entry(left | right).or_insert(first.or(*second));
            }
        }
        both
    })
}

fn one_of<'a>(mut left: Ways<'a>, right: Ways<'a>) -> Ways<'a> {
    for (demands, expr) in right {
        left.entry(demands).or_insert(expr);
    }
    left
}

fn named(expr: &Expr) -> Option<Virtual> {
    match &expr.kind {
        ExprKind::Compare(Compare { left, .. }) => match left.path.root {
            Root::Virtual(short) => Some(short),
            Root::Record | Root::Element => None,
        },
        _ => None,
    }
}

/// What a comparison demands; `positive` is whether a value must be like the operand, or must not.
fn demand(compare: &Compare, positive: bool, base: Option<&[String]>, call: &Call) -> Demand {
    let values = super::condition::values(&compare.right, call.lists);
    let texts: Vec<&str> = values
        .iter()
        .filter_map(|value| match value {
            Value::Text(text) => Some(text.as_str()),
            Value::Null | Value::EmptyObject | Value::Bool(_) | Value::Number(_) => None,
        })
        .collect();
    // That a value is not one account proves nothing.
    let proves = positive && compare.presence().is_none() && compare.operator.meaning != Meaning::Foreign;
    let proof = if proves { Demand::Proof } else { Demand::Nothing };
    match origin(&compare.left.path, base) {
        ValueOrigin::Caller => Demand::Chosen,
        ValueOrigin::Name | ValueOrigin::Identifier | ValueOrigin::Request if compare.presence().is_some() => {
            Demand::Nothing
        }
        ValueOrigin::Name => Demand::SessionName,
        ValueOrigin::Identifier if texts.iter().any(|text| is_session_name(compare.operator.meaning, text)) => {
            Demand::SessionName
        }
        // A list of a field's own values proves nothing either way.
        ValueOrigin::Identifier | ValueOrigin::Aws => proof,
        ValueOrigin::Kind if !positive || compare.presence().is_some() => Demand::Nothing,
        ValueOrigin::Kind => {
            let session =
                |text: &&str| matches!(*text, "AssumedRole" | "FederatedUser" | "WebIdentityUser" | "SAMLUser");
            if texts.is_empty() || texts.iter().any(session) { Demand::Nothing } else { Demand::NoSession }
        }
        ValueOrigin::Request => {
            let made = positive && call.makes(&compare.left.path, base);
            let chosen = made || texts.iter().any(|text| is_new_name(compare.operator.meaning, text));
            if chosen { Demand::Chosen } else { Demand::Nothing }
        }
        ValueOrigin::Call => Demand::Nothing,
    }
}

/// Who decides the value of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ValueOrigin {
    /// The caller, freely.
    Caller,
    /// The caller, if the name is that of a session.
    Name,
    /// AWS; but it ends in the name of the session.
    Identifier,
    /// AWS; the kind of identity.
    Kind,
    /// The caller, who names in it what the call acts on, or what it creates.
    Request,
    /// The call: it says what is done, not who does it.
    Call,
    /// AWS, or the administrator of the account.
    Aws,
}

/// The blocks with what the caller passes to AWS, and what AWS returns of it.
const REQUEST: &[&str] = &["requestParameters", "responseElements", "resources", "eventContext"];

/// The fields that say what is done, when and where, and with which result.
const CALL: &[&str] = &[
    "additionalEventData",
    "apiVersion",
    "awsRegion",
    "errorCode",
    "eventCategory",
    "eventID",
    "eventName",
    "eventSource",
    "eventTime",
    "eventType",
    "eventVersion",
    "insightDetails",
    "managementEvent",
    "readOnly",
    "requestID",
    "serviceEventDetails",
    "sessionCredentialFromConsole",
    "sharedEventID",
];

/// Parts of the names of request parameters whose values are free text.
const FREE: &[&str] = &[
    "annotation",
    "comment",
    "description",
    "displayname",
    "justification",
    "label",
    "reason",
    "remark",
    "sessionname",
    "sourceidentity",
    "subject",
    "tag",
    "title",
    "token",
    "useragent",
];

fn origin(path: &Path, base: Option<&[String]>) -> ValueOrigin {
    match path.root {
        Root::Virtual(short) => match short {
            Virtual::User | Virtual::Session => return ValueOrigin::Name,
            // A principal ends in the name of a federated user, which the user who issues the session chooses.
            Virtual::ArnRole | Virtual::Principal => return ValueOrigin::Identifier,
            Virtual::Role | Virtual::Network => return ValueOrigin::Aws,
            Virtual::Request => return ValueOrigin::Request,
            Virtual::EventType
            | Virtual::Result
            | Virtual::OwnerAccount
            | Virtual::Hour(_)
            | Virtual::Weekday(_)
            | Virtual::MfaUsed
            | Virtual::Timestamp => return ValueOrigin::Call,
            Virtual::UserType
            | Virtual::AccountId
            | Virtual::AccessKey
            | Virtual::Ip
            | Virtual::Region
            | Virtual::Error
            | Virtual::BucketName => {}
        },
        Root::Record | Root::Element => {}
    }
    let Some(keys) = keys(&field(path), base) else { return ValueOrigin::Aws };
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    match keys[..] {
        ["userAgent" | "errorMessage" | "tlsDetails", ..]
        | ["userIdentity", "sessionContext", "sourceIdentity", ..] => ValueOrigin::Caller,
        ["userIdentity", "arn" | "principalId"] => ValueOrigin::Identifier,
        ["userIdentity", "type"] => ValueOrigin::Kind,
        ["userIdentity", "sessionContext", "attributes", ..] => ValueOrigin::Call,
        [block, ref below @ ..] if REQUEST.contains(&block) => {
            let free = |key: &&str| FREE.iter().any(|part| key.to_ascii_lowercase().contains(part));
            if below.iter().any(free) { ValueOrigin::Caller } else { ValueOrigin::Request }
        }
        [block, ..] if CALL.contains(&block) => ValueOrigin::Call,
        _ => ValueOrigin::Aws,
    }
}

/// Whether a comparison of an ARN or of a principal id with this text can hold by the session's name alone. That name follows
/// the last `/` of the ARN and the `:` of the principal id, and contains neither.
fn is_session_name(meaning: Meaning, text: &str) -> bool {
    let inside = |text: &str| !text.contains(['/', ':']);
    let tail = text.strip_prefix(['/', ':']).unwrap_or(text);
    match meaning {
        Meaning::Suffix | Meaning::Substring => inside(tail),
        Meaning::Pattern => {
            // Patterns that name a role or an account have a word or a number before their last separator.
            let before = text.rfind(['/', ':']).map_or("", |at| &text[..at]);
            let anchored = text.starts_with('^') && before.is_empty();
            !anchored && !has_own_word(before)
        }
        // From its beginning on, an ARN has what AWS writes.
        Meaning::Equal
        | Meaning::Member
        | Meaning::Prefix
        | Meaning::Order(_)
        | Meaning::Network
        | Meaning::Account
        | Meaning::Foreign
        | Meaning::Present => false,
    }
}

/// Whether a pattern has a word that is neither a class, such as `\d`, nor part of every ARN of a session.
fn has_own_word(pattern: &str) -> bool {
    const COMMON: &[&str] = &["arn", "aws", "cn", "us", "gov", "sts", "iam", "assumed", "role", "user"];
    let mut plain = String::new();
    let (mut rest, mut depth) = (pattern.chars(), 0_usize);
    while let Some(c) = rest.next() {
        match c {
            '\\' => {
                let class = rest.next();
                plain.extend(class.filter(|c| !c.is_ascii_alphanumeric()));
            }
            '[' | '{' => depth += 1,
            ']' | '}' => depth = depth.saturating_sub(1),
            c if depth == 0 => plain.push(c),
            _ => {}
        }
    }
    let mut words = plain.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.any(|word| !COMMON.contains(&word))
}

/// Whether the comparison holds for names that a caller can think of; a whole name is that of something that exists.
fn is_new_name(meaning: Meaning, text: &str) -> bool {
    match meaning {
        Meaning::Prefix | Meaning::Suffix | Meaning::Substring | Meaning::Pattern => !text.contains("arn:"),
        Meaning::Equal
        | Meaning::Member
        | Meaning::Order(_)
        | Meaning::Network
        | Meaning::Account
        | Meaning::Foreign
        | Meaning::Present => false,
    }
}

fn check_first_seen(rules: &RuleSet) -> Vec<Diagnostic> {
    rules.rules.iter().filter_map(|rule| of_rule(rule).or_else(|| of_sequence(rule))).collect()
}

/// A caller who changes such a field between two steps completes no sequence.
fn of_sequence(rule: &Rule) -> Option<Diagnostic> {
    let mut by = rule.steps().iter().flat_map(|step| &step.by);
    let chosen = by.find(|field| origin(&field.path, None) == ValueOrigin::Caller)?;
    let title = format!("any caller can change `{}` between two steps", chosen.name());
    let finding = Diagnostic::warning(CODE, title, chosen.written.span, "the caller chooses this value");
    Some(finding.in_rule(&rule.name).help("remove it from `by`, or write a field that the caller cannot choose"))
}

/// A caller who knows one combination of such fields repeats it and is never new.
fn of_rule(rule: &Rule) -> Option<Diagnostic> {
    let first_seen = rule.first_seen.as_ref()?;
    let origins = || first_seen.fields.iter().map(|field| (field, origin(&field.path, None)));
    let proof = |origin: ValueOrigin| matches!(origin, ValueOrigin::Aws | ValueOrigin::Identifier);
    if origins().any(|(_, origin)| proof(origin)) {
        return None;
    }
    let (chosen, _) = origins().find(|(_, origin)| matches!(origin, ValueOrigin::Caller | ValueOrigin::Name))?;
    let name = &chosen.written.text;
    let title = format!("any caller can repeat a known `{name}`, and is never new");
    let finding = Diagnostic::warning(CODE, title, chosen.written.span, "the caller chooses this value");
    let finding = finding.in_rule(&rule.name);
    Some(match chosen.path.root {
        Root::Virtual(Virtual::User) => finding.note(NOTE).help("add `principal`, or write it in place of `user`"),
        _ => finding.help("add a field that the caller cannot choose, such as `principal`, `accessKey` or `ip`"),
    })
}
