//! The forms of identifiers, addresses and times in records, and what to write in place of a value of another form.

use std::net::IpAddr;

use super::catalogue;
use crate::{
    filter::{
        operand::Value,
        operator::{CIDR, Operator, STARTS_WITH},
    },
    record::Scalar,
};

/// The form that the values of a field have. Each test is true unless no value can be so.
pub struct Form {
    /// What the values are, for people.
    pub what: &'static str,
    /// Whether a value can be this text.
    pub whole: fn(&str) -> bool,
    /// Whether a value can begin with this text.
    pub start: fn(&str) -> bool,
    /// Whether a value can contain this text.
    pub part: fn(&str) -> bool,
    /// What was meant by a text that a value cannot be.
    pub meant: fn(&str) -> Option<Repair>,
}

/// A condition in place of the written one.
#[derive(Debug, PartialEq)]
pub struct Repair {
    /// Its field, if that is another one.
    pub path: Option<&'static str>,
    /// Its operator, if that is another one.
    pub operator: Option<&'static Operator>,
    /// Its value.
    pub value: Value,
}

impl Repair {
    /// The same comparison with another value.
    fn value(value: impl Into<String>) -> Self {
        Self { path: None, operator: None, value: Value::Text(value.into()) }
    }

    /// The same comparison of another field.
    fn of(path: &'static str, value: &str) -> Self {
        Self { path: Some(path), ..Self::value(value) }
    }

    /// The network in place of the text, of another field if there is one.
    fn network(path: Option<&'static str>, value: &str) -> Self {
        Self { path, operator: Some(&CIDR), ..Self::value(value) }
    }
}

const fn form(what: &'static str, whole: fn(&str) -> bool, part: fn(&str) -> bool) -> Form {
    Form { what, whole, start: part, part, meant: |_| None }
}

fn any(_: &str) -> bool {
    true
}

fn are_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_account(text: &str) -> bool {
    text.len() == 12 && are_digits(text)
}

/// The account id in an ARN, or that a person wrote with separators.
fn account_meant(text: &str) -> Option<Repair> {
    let digits: String = text.chars().filter(|c| !matches!(c, '-' | ' ' | '.')).collect();
    let of_arn = || text.split(':').nth(4).filter(|part| text.starts_with("arn:") && is_account(part));
    if is_account(&digits) { Some(Repair::value(digits)) } else { Some(Repair::value(of_arn()?)) }
}

/// Twelve digits.
pub const ACCOUNT: Form = Form {
    meant: account_meant,
    ..form("an account id of twelve digits", is_account, |text| text.len() <= 12 && are_digits(text))
};

/// The account of a caller, which callers without credentials do not have.
pub const CALLER_ACCOUNT: Form = Form {
    whole: |text| is_account(text) || is_anonymous(text),
    part: |text| (ACCOUNT.part)(text) || !text.contains([':', '/', '-', ' ']) && !text.contains(char::is_numeric),
    start: |text| (ACCOUNT.part)(text) || !text.contains([':', '/', '-', ' ']) && !text.contains(char::is_numeric),
    ..ACCOUNT
};

/// Amazon S3 and others write a word in place of an account.
fn is_anonymous(text: &str) -> bool {
    text.to_ascii_lowercase().contains("anonymous")
}

/// How the unique ids of IAM begin that are no access keys.
const NO_KEYS: [&str; 7] = ["AGPA", "AIDA", "AIPA", "ANPA", "ANVA", "AROA", "ASCA"];

fn is_of_key(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
}

/// An access key id.
pub const ACCESS_KEY: Form = Form {
    what: "an access key id, such as `AKIAIOSFODNN7EXAMPLE`",
    whole: |text| (16..=128).contains(&text.len()) && is_of_key(text) && !NO_KEYS.iter().any(|id| text.starts_with(id)),
    start: |text| is_of_key(text) && !NO_KEYS.iter().any(|id| text.starts_with(id)),
    part: is_of_key,
    meant: |text| {
        let upper = text.to_ascii_uppercase();
        if NO_KEYS.iter().any(|id| upper.starts_with(id)) {
            return Some(Repair::of("userIdentity.principalId", text));
        }
        if (ACCESS_KEY.whole)(&upper) {
            return Some(Repair::value(upper));
        }
        let begins = is_of_key(text) && ["AKIA", "ASIA"].iter().any(|id| text.starts_with(id));
        if text != upper && is_of_key(&upper) {
            return Some(Repair::value(upper));
        }
        begins.then(|| Repair { operator: Some(&STARTS_WITH), ..Repair::value(text) })
    },
};

/// The unique id of a caller, which has many forms and is no ARN.
pub const PRINCIPAL_ID: Form = Form {
    meant: |text| Some(Repair::of("userIdentity.arn", text)),
    ..form("a unique id, such as `AIDACKCEVSQ6C2EXAMPLE`", |text| !is_arn(text), any)
};

/// Whether it is the ARN of something in an account, or the beginning of one.
fn is_arn(text: &str) -> bool {
    text.starts_with("arn:aws")
}

/// The name at the end of an ARN.
fn last_name(arn: &str) -> Option<Repair> {
    let name = arn.rsplit(['/', ':']).next().filter(|name| !name.is_empty())?;
    Some(Repair::value(name))
}

/// The name of a user, of a session or of a service.
pub const USER_NAME: Form = Form {
    start: |text| !is_arn(text),
    meant: |text| Some(Repair::of("userIdentity.arn", text)),
    ..form("a name without the rest of an ARN", |text| !is_arn(text), any)
};

/// The name of a role.
pub const ROLE_NAME: Form = Form {
    what: "the name of a role without its path",
    whole: |text| !text.contains([':', '/']),
    start: |text| !text.contains([':', '/']),
    part: |text| !text.contains([':', '/']),
    meant: |text| {
        let session = text.contains(":assumed-role/");
        match text {
            arn if is_arn(arn) && session => Some(Repair::of("userIdentity.arn", arn)),
            arn if is_arn(arn) => Some(Repair::of("userIdentity.sessionContext.sessionIssuer.arn", arn)),
            path => last_name(path),
        }
    },
};

/// The name of a session.
pub const SESSION_NAME: Form = Form {
    what: "the name of a session without the rest of an ARN",
    meant: |text| if is_arn(text) { Some(Repair::of("userIdentity.arn", text)) } else { last_name(text) },
    ..ROLE_NAME
};

/// What follows the last `:` of an ARN.
pub const ARN_END: Form = Form {
    meant: |text| if is_arn(text) { Some(Repair::of("userIdentity.arn", text)) } else { None },
    ..form(
        "what follows the last `:` of an ARN, such as `user/ada`",
        |text| !text.contains(':'),
        |text| !text.contains(':'),
    )
};

fn begins_arn(text: &str) -> bool {
    text.starts_with("arn:") || "arn:".starts_with(text)
}

/// An ARN.
pub const ARN: Form =
    Form { start: begins_arn, ..form("an ARN, such as `arn:aws:iam::111122223333:user/ada`", begins_arn, any) };

/// The ARN of a caller.
pub const CALLER_ARN: Form = Form {
    meant: |text| match text.split_once('/') {
        Some(("user" | "assumed-role" | "federated-user", _)) => Some(Repair::of("arnRole", text)),
        None if is_account(text) => Some(Repair::of("userIdentity.accountId", text)),
        None if !text.contains(':') => Some(Repair::of("user", text)),
        _ => None,
    },
    ..ARN
};

/// The ARN of a role.
pub const ROLE_ARN: Form = Form {
    what: "an ARN, such as `arn:aws:iam::111122223333:role/admin`",
    meant: |text| if text.contains([':', '/']) { None } else { Some(Repair::of("role", text)) },
    ..ARN
};

/// The name of a service.
pub const SERVICE: Form = Form {
    meant: |text| Some(Repair::value(catalogue::meant_source(text)?)),
    ..form(
        "the host name of a service, such as `cloudformation.amazonaws.com`",
        |text| text.contains('.') || text.eq_ignore_ascii_case("AWS Internal"),
        any,
    )
};

/// The type of a resource.
pub const RESOURCE_TYPE: Form = form(
    "a type of resource, such as `AWS::S3::Bucket`",
    |text| text.split("::").count() >= 3,
    |text| !text.contains(['/', ' ']),
);

/// The words of AWS in place of an address.
const INTERNAL: [&str; 2] = ["AWS Internal", "aws-internal"];

/// An address, or the host name of a service.
pub const ADDRESS: Form = Form {
    what: "an IP address or the host name of a service",
    whole: |text| INTERNAL.contains(&text) || text.parse::<IpAddr>().is_ok() || is_host(text),
    start: |text| !text.contains('/'),
    part: |text| !text.contains('/'),
    meant: |text| {
        let without_port = || text.rsplit_once(':').map_or(text, |(host, _)| host).trim_matches(['[', ']']);
        let bytes = text.trim_end_matches('.').split('.').map(str::parse::<u8>).collect::<Result<Vec<_>, _>>();
        match bytes.as_deref() {
            _ if is_network(text) => Some(Repair::network(None, text)),
            Ok([a]) => Some(Repair::network(None, &format!("{a}.0.0.0/8"))),
            Ok([a, b]) => Some(Repair::network(None, &format!("{a}.{b}.0.0/16"))),
            Ok([a, b, c]) => Some(Repair::network(None, &format!("{a}.{b}.{c}.0/24"))),
            _ if without_port().parse::<IpAddr>().is_ok() => Some(Repair::value(without_port())),
            _ => Some(Repair::value(catalogue::meant_source(text)?)),
        }
    },
};

/// Whether the `cidr` operator takes it, with a length after the address.
fn is_network(text: &str) -> bool {
    text.contains('/') && (CIDR.compile)(&Value::Text(text.to_owned())).is_ok()
}

/// Whether it can be the name of a host: no address with too many or too great parts.
fn is_host(text: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    let ends = text.rsplit('.').next().unwrap_or_default();
    text.contains('.') && text.chars().all(allowed) && !ends.is_empty() && !are_digits(ends)
}

/// A network of the length that the field has.
pub const NETWORK: Form = Form {
    what: "a network of /24, or of /48 for IPv6, such as `192.0.2.0/24`",
    whole: |text| text.ends_with("/24") || text.ends_with("/48"),
    start: any,
    part: any,
    meant: |text| match text.parse::<IpAddr>() {
        Ok(_) => Some(Repair::of("ip", text)),
        Err(_) if is_network(text) => Some(Repair::network(Some("ip"), text)),
        Err(_) => None,
    },
};

fn is_uuid(text: &str) -> bool {
    uuid::Uuid::try_parse(text).is_ok() && text.len() == 36 && !text.contains(|c: char| c.is_ascii_uppercase())
}

/// A UUID in lower case.
pub const UUID: Form = Form {
    meant: |text| {
        let lower = text.trim_matches(['{', '}']).to_ascii_lowercase();
        Some(Repair::value(uuid::Uuid::try_parse(&lower).ok()?.hyphenated().to_string()))
    },
    ..form("a UUID in lower case, such as `3f1d4b0e-2f0c-4c4e-9a8e-0d6a5b4c3f21`", is_uuid, |text| {
        text.chars().all(|c| matches!(c, '0'..='9' | 'a'..='f' | '-'))
    })
};

/// A VPC endpoint; some services write a UUID.
pub const VPC_ENDPOINT: Form = Form {
    start: |text| text.starts_with("vpce-") || "vpce-".starts_with(text) || (UUID.part)(text),
    ..form("the id of a VPC endpoint, such as `vpce-0a1b2c3d`", |text| text.starts_with("vpce-") || is_uuid(text), any)
};

/// A time in UTC.
pub const TIME: Form = Form {
    meant: |text| Some(Repair::value(text.parse::<jiff::Timestamp>().ok()?.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())),
    ..form("a time such as `2026-03-01T12:30:00Z`", is_time, |text| {
        text.chars().all(|c| c.is_ascii_digit() || matches!(c, '-' | ':' | 'T' | 'Z'))
    })
};

fn is_time(text: &str) -> bool {
    text.len() == 20 && text.ends_with('Z') && text.parse::<jiff::Timestamp>().is_ok()
}

/// The version of a record.
pub const VERSION: Form = Form {
    meant: |text| match text.strip_prefix("1.") {
        Some(minor) if minor.len() == 1 => Some(Repair::value(format!("1.{minor}0"))),
        _ => None,
    },
    ..form("a version such as `1.08` or `1.11`, in quotes", is_version, |text| {
        text.chars().all(|c| c.is_ascii_digit() || c == '.')
    })
};

fn is_version(text: &str) -> bool {
    let minor = text.split_once('.').map(|(_, minor)| minor);
    text == "1.0" || minor.is_some_and(|minor| minor.len() >= 2 && are_digits(minor)) && text.starts_with('1')
}

/// The version of an API.
pub const API_VERSION: Form = form("a version such as `2015-12-01`", is_api_version, is_api_version);

fn is_api_version(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_digit() || matches!(c, '-' | '_' | '.'))
}

/// An event source. A lint of its own checks the names.
pub const SOURCE: Form = Form {
    meant: |text| {
        let lower = text.to_ascii_lowercase();
        if lower == text { Some(Repair::value(format!("{text}.amazonaws.com"))) } else { Some(Repair::value(lower)) }
    },
    ..form(
        "the host name of a service, such as `s3.amazonaws.com`",
        |text| text.contains('.'),
        |text| !text.contains(|c: char| c.is_ascii_uppercase() || matches!(c, ':' | '/' | ' ')),
    )
};

/// Words for an outcome that is no error.
const NO_ERROR: [&str; 8] = ["success", "succeeded", "successful", "ok", "none", "null", "noerror", "200"];

/// A code of an error, without blanks.
pub const ERROR: Form = Form {
    meant: |text| {
        if NO_ERROR.contains(&words(text).as_str()) {
            return Some(Repair { path: None, operator: None, value: Value::Null });
        }
        Some(Repair::value(text.split_whitespace().collect::<String>()))
    },
    ..form(
        "the code of an error, and a call that succeeds has none",
        |text| !NO_ERROR.contains(&words(text).as_str()) && !text.contains(char::is_whitespace),
        |text| !text.contains(char::is_whitespace),
    )
};

/// The letters and digits of a text, in lower case.
pub fn words(text: &str) -> String {
    text.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

/// The name of a bucket, or the ARN of an access point.
pub const BUCKET: Form = Form {
    meant: |text| {
        let arn = || text.split_once(":s3:::").map(|(_, name)| name);
        let name = text.strip_prefix("s3://").or_else(arn)?;
        Some(Repair::value(name.split('/').next().filter(|name| !name.is_empty())?))
    },
    ..form(
        "the name of a bucket without the rest of a URL or an ARN",
        |text| !text.contains(":s3:::") && !text.contains("://") && !text.ends_with('/'),
        |text| !text.contains("://"),
    )
};

/// A value as the text that it is equal to; nothing for empty text, which some fields of no value have.
pub fn text_of(value: &Value) -> Option<String> {
    match value.as_scalar() {
        Scalar::Text(text) => Some(text.to_owned()).filter(|text| !text.is_empty()),
        Scalar::Number(number) => Some(number.to_string()),
        Scalar::Bool(value) => Some(value.to_string()),
        Scalar::Null | Scalar::Object { .. } | Scalar::List => None,
    }
}
