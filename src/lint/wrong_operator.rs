//! Operators that cannot hold for what a field contains: text in an object, a number in a text, an address in a name.

use super::{
    condition::{self, Scope},
    entry::{Lint, Reads},
    filter_text::FilterText,
    schema::{FieldShape, Known, look_up},
};
use crate::{
    diagnostic::Diagnostic,
    filter::{
        ast::{Compare, Expr, Operand, Right, RightItem},
        operand::Value,
        operator::{CIDR, Meaning},
    },
    record::{Root, Virtual},
};

/// The entry of the lint table.
pub const LINT: Lint = Lint {
    codes: &[(CODE, "an operator that never holds for what its field contains")],
    reads: &[Reads::Filter(check)],
};

const CODE: &str = "wrong-operator";

/// The fields of a record whose texts can be numbers.
const NUMERIC: &[&str] = &["apiVersion", "eventVersion", "severity"];

/// What a condition compares.
enum Content {
    /// An object, with a field for an example.
    Object(&'static str),
    /// A text that is no number and, unless it is an address, no address.
    Text { address: bool },
    /// A number.
    Number,
    /// A network.
    Network,
}

fn check(filter: &FilterText, found: &mut Vec<Diagnostic>) {
    condition::comparisons(filter.filter, &mut |expr, compare, scope| {
        let quoted = compare.left.segments.last().is_some_and(|name| name.quoted);
        let empty = matches!(&compare.right, Right::One(RightItem::Value(Operand { value: Value::EmptyObject, .. })));
        if quoted || empty || compare.presence().is_some() {
            return;
        }
        found.extend(content(compare, scope).and_then(|content| mistake(expr, compare, &content, filter, scope)));
    });
}

fn content(compare: &Compare, scope: &Scope) -> Option<Content> {
    let path = &compare.left.path;
    match path.root {
        Root::Virtual(_) if path.is_computed() && !path.steps.is_empty() => return None,
        Root::Virtual(Virtual::Timestamp) => return Some(Content::Number),
        Root::Virtual(Virtual::Network) => return Some(Content::Network),
        Root::Virtual(Virtual::Role | Virtual::ArnRole) => return Some(Content::Text { address: false }),
        _ => {}
    }
    let keys = condition::keys(path, scope.base.as_deref())?;
    let Known::There { shape, .. } = look_up(&keys) else { return None };
    let last = keys.last()?.as_str();
    match shape {
        FieldShape::Fields(_) | FieldShape::List(_) | FieldShape::Block => Some(Content::Object(member(last))),
        FieldShape::Flag => Some(Content::Text { address: false }),
        FieldShape::Text if NUMERIC.contains(&last) || last.ends_with("ccountId") => None,
        FieldShape::Text => Some(Content::Text { address: last == "sourceIPAddress" }),
        FieldShape::Prose | FieldShape::Inside => None,
    }
}

/// A field of an object, for an example.
fn member(object: &str) -> &'static str {
    match object {
        "userIdentity" | "sessionIssuer" => "userName",
        "sessionContext" => "sourceIdentity",
        "attributes" => "creationDate",
        "webIdFederationData" => "federatedProvider",
        "onBehalfOf" => "userId",
        "invokedByDelegate" => "accountId",
        "inScopeOf" => "sourceArn",
        "resources" => "ARN",
        "tlsDetails" => "tlsVersion",
        "addendum" => "reason",
        "requestParameters" | "responseElements" => "bucketName",
        "additionalEventData" => "MFAUsed",
        "insightDetails" => "insightType",
        _ => "name",
    }
}

fn mistake(
    expr: &Expr,
    compare: &Compare,
    content: &Content,
    filter: &FilterText,
    scope: &Scope,
) -> Option<Diagnostic> {
    let mut path = String::new();
    // Writing to a string cannot fail.
    let _ = compare.left.path.write_to(&mut path, scope.base.is_some());
    let spelling = compare.operator.spelling;
    let (title, help) = match (content, compare.operator.meaning) {
        (Content::Object(member), _) => (
            format!("`{path}` is an object, which `{spelling}` never finds"),
            match compare.right {
                Right::One(RightItem::Value(ref operand)) => {
                    format!("write the field that is meant, such as `{path}.{member} {spelling} {}`", operand.value)
                }
                _ => format!("write the field that is meant, such as `{path}.{member}`"),
            },
        ),
        (Content::Text { .. }, Meaning::Order(_)) => (
            format!("`{path}` is no number, which `{spelling}` compares"),
            match path.as_str() {
                "eventTime" => "write `timestamp`, the same time in milliseconds since 1970".to_owned(),
                _ => format!("compare `{path}` with `=`, `in` or `starts_with`"),
            },
        ),
        (Content::Text { address: false }, Meaning::Network) => (
            format!("`{path}` is no IP address, which `{spelling}` compares"),
            format!("write `sourceIPAddress {spelling} …`, or compare `{path}` with `=` or `like`"),
        ),
        (Content::Network, Meaning::Network) => {
            (format!("`{path}` is a network, and `{}` compares addresses", CIDR.spelling), {
                let mut right = String::new();
                let _ = compare.write_to(&mut right, scope.base.is_some());
                format!("write `ip{}`", right.strip_prefix(path.as_str()).unwrap_or(" cidr …"))
            })
        }
        (Content::Network, Meaning::Order(_)) => (
            format!("`{path}` is no number, which `{spelling}` compares"),
            "write a network after `=`, such as `\"192.0.2.0/24\"`".to_owned(),
        ),
        (Content::Number, Meaning::Prefix | Meaning::Suffix | Meaning::Substring | Meaning::Pattern) => (
            format!("`{path}` is a number, and `{spelling}` compares text"),
            format!("write `eventTime {spelling} …`, the same time as text"),
        ),
        (Content::Number, Meaning::Network | Meaning::Account | Meaning::Foreign) => {
            (format!("`{path}` is a number"), "compare it with `<` or `>`".to_owned())
        }
        (
            Content::Text { .. },
            Meaning::Equal
            | Meaning::Member
            | Meaning::Prefix
            | Meaning::Suffix
            | Meaning::Substring
            | Meaning::Pattern
            | Meaning::Network
            | Meaning::Account
            | Meaning::Foreign
            | Meaning::Present,
        )
        | (
            Content::Network,
            Meaning::Equal
            | Meaning::Member
            | Meaning::Prefix
            | Meaning::Suffix
            | Meaning::Substring
            | Meaning::Pattern
            | Meaning::Account
            | Meaning::Foreign
            | Meaning::Present,
        )
        | (Content::Number, Meaning::Equal | Meaning::Member | Meaning::Order(_) | Meaning::Present) => return None,
    };
    let negated = compare.operator.negated != scope.negated;
    let label = if negated { "always true, because of the negation" } else { "never true" };
    let finding = Diagnostic::warning(CODE, title, expr.span, label).help(help);
    let hides = filter.suppression && negated && scope.around.is_empty();
    Some(if hides { finding.note("this suppression hides every match of its rule") } else { finding })
}
