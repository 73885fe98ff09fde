//! The names of fields in other languages, schemas and wrappings of a record.

use super::reader::Reader;
use crate::{
    diagnostic::Diagnostic,
    filter::{ast::SpannedPath, mistake::code},
    record::{Path, Root, Step, Virtual},
};

/// The fields at the top of a record: "CloudTrail record contents" in the CloudTrail User Guide.
const RECORD: &[&str] = &[
    "eventVersion",
    "userIdentity",
    "eventTime",
    "eventSource",
    "eventName",
    "awsRegion",
    "sourceIPAddress",
    "userAgent",
    "errorCode",
    "errorMessage",
    "requestParameters",
    "responseElements",
    "additionalEventData",
    "requestID",
    "eventID",
    "eventType",
    "apiVersion",
    "managementEvent",
    "readOnly",
    "resources",
    "recipientAccountId",
    "serviceEventDetails",
    "sharedEventID",
    "vpcEndpointId",
    "vpcEndpointAccountId",
    "eventCategory",
    "addendum",
    "sessionCredentialFromConsole",
    "eventContext",
    "edgeDeviceDetails",
    "tlsDetails",
    "insightDetails",
];

/// The fields of `userIdentity`, which schemas spell with `_`.
const IDENTITY: &[&str] = &[
    "type",
    "userName",
    "principalId",
    "arn",
    "accountId",
    "accessKeyId",
    "sessionContext",
    "invokedBy",
    "onBehalfOf",
    "identityProvider",
    "credentialId",
];

/// What holds a record: an S3 object, an EventBridge event, an index.
const WRAPPERS: &[&str] = &[
    "$",
    "@",
    "detail",
    "Records",
    "records",
    "event",
    "evt",
    "_source",
    "cloudtrail",
    "CloudTrail",
    "CloudTrailEvent",
    "cloudTrailEvent",
    "Event",
    "log",
    "body",
    "message",
    "raw",
    "data",
];

/// Variables that hold a record in programs. A filter may have fields of these names, so they alone are no mistake.
const VARIABLES: &[&str] = &["record", "rec", "e", "r", "x", "_"];

/// The names of other schemas: Elastic's ECS, OCSF, Datadog, Splunk and Microsoft Sentinel.
const NAMES: &[(&str, &str)] = &[
    // Elastic Common Schema, as the integration of AWS CloudTrail writes it.
    ("event.action", "eventName"),
    ("event.provider", "eventSource"),
    ("event.outcome", "result"),
    ("event.id", "eventID"),
    ("@timestamp", "eventTime"),
    ("cloud.account.id", "recipientAccountId"),
    ("cloud.region", "awsRegion"),
    ("source.ip", "sourceIPAddress"),
    ("source.address", "sourceIPAddress"),
    ("client.ip", "sourceIPAddress"),
    ("user_agent.original", "userAgent"),
    ("error.code", "errorCode"),
    ("error.message", "errorMessage"),
    ("aws.cloudtrail.additional_eventdata", "additionalEventData"),
    ("aws.cloudtrail.error_code", "errorCode"),
    ("aws.cloudtrail.error_message", "errorMessage"),
    ("aws.cloudtrail.console_login.additional_eventdata.mfa_used", "mfaUsed"),
    ("aws.cloudtrail.flattened.request_parameters", "requestParameters"),
    ("aws.cloudtrail.flattened.response_elements", "responseElements"),
    ("aws.cloudtrail.flattened.additional_eventdata", "additionalEventData"),
    (
        "aws.cloudtrail.user_identity.session_context.session_issuer.arn",
        "userIdentity.sessionContext.sessionIssuer.arn",
    ),
    (
        "aws.cloudtrail.user_identity.session_context.session_issuer.type",
        "userIdentity.sessionContext.sessionIssuer.type",
    ),
    ("aws.cloudtrail.user_identity.session_context.mfa_authenticated", "mfaUsed"),
    // Open Cybersecurity Schema Framework: "API Activity".
    ("api.operation", "eventName"),
    ("api.service.name", "eventSource"),
    ("api.response.error", "errorCode"),
    ("api.response.message", "errorMessage"),
    ("api.request.uid", "requestID"),
    ("api.request.data", "requestParameters"),
    ("api.response.data", "responseElements"),
    ("metadata.uid", "eventID"),
    ("actor.user.name", "user"),
    ("actor.user.type", "userIdentity.type"),
    ("actor.user.uid", "userIdentity.principalId"),
    ("actor.user.uid_alt", "userIdentity.arn"),
    ("actor.user.account.uid", "userIdentity.accountId"),
    ("actor.user.credential_uid", "userIdentity.accessKeyId"),
    ("actor.invoked_by", "userIdentity.invokedBy"),
    ("actor.session.is_mfa", "mfaUsed"),
    ("actor.session.issuer", "userIdentity.sessionContext.sessionIssuer.arn"),
    ("src_endpoint.ip", "sourceIPAddress"),
    ("src_endpoint.domain", "sourceIPAddress"),
    ("cloud.account.uid", "recipientAccountId"),
    ("http_request.user_agent", "userAgent"),
    // Datadog, and Splunk's Common Information Model.
    ("@evt.name", "eventName"),
    ("@network.client.ip", "sourceIPAddress"),
    ("@http.useragent", "userAgent"),
    ("@error.kind", "errorCode"),
    ("src_ip", "sourceIPAddress"),
    ("http_user_agent", "userAgent"),
    ("aws_account_id", "recipientAccountId"),
    // The table AWSCloudTrail of Microsoft Sentinel.
    ("EventTypeName", "eventType"),
    ("AwsEventId", "eventID"),
    ("TimeGenerated", "eventTime"),
    ("UserIdentityType", "userIdentity.type"),
    ("UserIdentityArn", "userIdentity.arn"),
    ("UserIdentityUserName", "userIdentity.userName"),
    ("UserIdentityAccountId", "userIdentity.accountId"),
    ("UserIdentityPrincipalid", "userIdentity.principalId"),
    ("UserIdentityAccessKeyId", "userIdentity.accessKeyId"),
    ("UserIdentityInvokedBy", "userIdentity.invokedBy"),
    ("SessionMfaAuthenticated", "mfaUsed"),
    ("SessionIssuerUserName", "role"),
    ("SessionIssuerArn", "userIdentity.sessionContext.sessionIssuer.arn"),
    ("SessionIssuerType", "userIdentity.sessionContext.sessionIssuer.type"),
];

/// Whether a filter cannot name a field so without back-quotes, because it would be taken for that of another schema.
pub fn is_foreign_name(first: &str) -> bool {
    WRAPPERS.contains(&first) || NAMES.iter().any(|(name, _)| *name == first || name.split('.').next() == Some(first))
}

/// The finding about a path that a record has under another name, and what is meant.
pub fn misnamed(written: &SpannedPath, text: &str) -> Option<(Diagnostic, Path)> {
    let first = written.segments.first()?;
    if written.path.root != Root::Record || first.quoted {
        return None;
    }
    let Some(Step::Key(name)) = written.path.steps.first() else { return None };
    if !is_foreign_name(name) {
        return None;
    }
    let steps = own(&written.path.steps)?;
    let span = written.span();
    let path = path_of(steps, false);
    let shown = text.get(span.start..span.end).unwrap_or_default();
    let title = format!("CloudTrail records have no field {}", code(&crate::diagnostic::shorten(shown)));
    let finding =
        Diagnostic::error("foreign-field", title, span, "a filter begins at the record, with CloudTrail's names")
            .help(format!("write {}", code(&path.to_string())));
    Some((finding, path))
}

/// The steps in a record that steps of another schema mean.
fn own(steps: &[Step]) -> Option<Vec<Step>> {
    let keys: Vec<&str> = steps
        .iter()
        .map_while(|step| match step {
            Step::Key(key) => Some(key.as_str()),
            Step::Index(_) => None,
        })
        .collect();
    for length in (1..=keys.len()).rev() {
        let joined = keys[..length].join(".");
        if let Some((_, meant)) = NAMES.iter().find(|(name, _)| *name == joined) {
            let mut found: Vec<Step> = meant.split('.').map(|key| Step::Key(key.to_owned())).collect();
            found.extend(steps[length..].iter().cloned());
            return Some(found);
        }
    }
    // `aws.cloudtrail.user_identity.type`
    let stripped = match keys.as_slice() {
        ["aws", "cloudtrail", ..] => Some(&steps[2..]),
        // The detail of a finding has fields of its own.
        ["detail", second, ..] if !is_of_calls(second) => return None,
        [first, ..] if WRAPPERS.contains(first) || VARIABLES.contains(first) => {
            let indexes = steps[1..].iter().take_while(|step| matches!(step, Step::Index(_))).count();
            Some(&steps[1 + indexes..])
        }
        _ => None,
    };
    if let Some(rest) = stripped {
        let only_root = matches!(keys.first(), Some(&("$" | "@" | "_source")));
        return own(rest)
            .or_else(|| only_root.then(|| rest.to_vec()).filter(|rest| matches!(rest.first(), Some(Step::Key(_)))));
    }
    let mut found = steps.to_vec();
    let first = keys.first()?;
    let first = first.strip_prefix('@').filter(|name| !name.is_empty()).unwrap_or(first);
    let top = RECORD.iter().chain(virtual_names()).find(|known| same_name(known, first))?;
    found[0] = Step::Key((*top).to_owned());
    if *top == "userIdentity"
        && let (Some(step), Some(second)) = (found.get_mut(1), keys.get(1))
        && let Some(known) = IDENTITY.iter().find(|known| same_name(known, second))
    {
        *step = Step::Key((*known).to_owned());
    }
    Some(found)
}

/// Whether only the records of CloudTrail have a field of that name.
fn is_of_calls(name: &str) -> bool {
    RECORD.iter().any(|known| *known != "resources" && same_name(known, name))
}

fn virtual_names() -> impl Iterator<Item = &'static &'static str> {
    Virtual::ALL.iter().map(|(_, name, _)| name)
}

/// `event_name` and `EventName` are `eventName`.
fn same_name(known: &str, name: &str) -> bool {
    let letters = |text: &str| text.chars().filter(|c| *c != '_').map(|c| c.to_ascii_lowercase()).collect::<String>();
    known == name || letters(known) == letters(name)
}

/// Whether a word is a field of a record rather than text.
pub fn is_field(word: &str) -> bool {
    let first = word.split(['.', '[']).next().unwrap_or_default();
    RECORD.contains(&first) || Virtual::named(first).is_some() || first == "$" && word.contains('.')
}

/// The path of these steps as a filter has it.
pub fn path_of(mut steps: Vec<Step>, inside: bool) -> Path {
    let first = match steps.first() {
        Some(Step::Key(key)) => key.clone(),
        _ => String::new(),
    };
    let of_record = |mut steps: Vec<Step>| match steps.first() {
        Some(Step::Key(key)) => match Virtual::named(key) {
            Some(field) => {
                steps.remove(0);
                Path { root: Root::Virtual(field), steps }
            }
            None => Path { root: Root::Record, steps },
        },
        _ => Path { root: Root::Record, steps },
    };
    match first.as_str() {
        "it" if inside => {
            steps.remove(0);
            Path { root: Root::Element, steps }
        }
        "record" if inside => {
            steps.remove(0);
            of_record(steps)
        }
        _ if inside => Path { root: Root::Element, steps },
        _ => of_record(steps),
    }
}

impl Reader<'_> {
    /// A path of any language; the last name may be that of a method, before a `(`.
    pub fn field(&mut self) -> Option<(Path, Option<String>)> {
        self.blanks();
        let start = self.at();
        let mut steps = Vec::new();
        let mut own_names = true;
        if self.rest().starts_with("..") {
            self.skip(2);
        } else if self.peek() == Some('.') {
            self.skip(1);
        }
        if self.at() > start {
            self.mark("foreign-field", || "a path does not begin with a `.`".to_owned());
        }
        let mut method = None;
        loop {
            let before = self.at();
            if self.rest().starts_with('`') || self.rest().starts_with(['"', '\'']) && self.at() > start {
                let name = self.quoted_name()?;
                steps.push(Step::Key(name));
            } else if let Some(word) = self.word() {
                if self.peek() == Some('(') && self.at() > start && !steps.is_empty() {
                    if let Some(keys) = self.member_call(word) {
                        steps.extend(keys);
                        own_names = false;
                    } else {
                        method = Some(word.to_owned());
                        break;
                    }
                } else if self.peek() == Some('(') {
                    return None;
                } else {
                    steps.push(Step::Key(word.to_owned()));
                }
            } else if self.peek() != Some('[') {
                if steps.is_empty() || self.at() != before {
                    return None;
                }
                break;
            }
            self.brackets(&mut steps)?;
            if self.rest().starts_with("..") {
                if !matches!(steps.as_slice(), [Step::Key(root)] if root == "$") {
                    return None;
                }
                self.mark("foreign-field", || "a path has no `..`".to_owned());
                self.skip(2);
                steps.clear();
                continue;
            }
            let optional = self.rest().starts_with("?.");
            if optional {
                self.skip(1);
                self.mark("foreign-field", || "a path has no `?.`".to_owned());
            }
            if self.peek() != Some('.') {
                break;
            }
            self.skip(1);
            if self.peek() == Some('*') {
                self.skip(1);
                self.mark("foreign-field", || "a path has no `*`: it searches lists by itself".to_owned());
                self.brackets(&mut steps)?;
                if !self.eat('.') {
                    break;
                }
            }
        }
        let shown = self.since(start).to_owned();
        // `Put*` is no path.
        if steps.is_empty() && method.is_none() {
            return None;
        }
        let meant = if self.inside { None } else { own(&steps) };
        if let Some(meant) = meant.filter(|meant| *meant != steps) {
            self.mark("foreign-field", || format!("CloudTrail records have no field {}", code(&shown)));
            return Some((path_of(meant, false), method));
        }
        if !own_names {
            self.mark("foreign-field", || format!("{} is no path of this language", code(&shown)));
        }
        Some((path_of(steps, self.inside), method))
    }

    /// `.get("a")` and `.deep_get("a", "b")`, which name members, after the word.
    fn member_call(&mut self, word: &str) -> Option<Vec<Step>> {
        if !matches!(word.to_ascii_lowercase().as_str(), "get" | "deep_get" | "getitem" | "__getitem__" | "deepget") {
            return None;
        }
        let mut ahead = self.clone();
        ahead.eat('(');
        let mut steps = Vec::new();
        loop {
            ahead.blanks();
            if ahead.rest().starts_with(['"', '\'']) {
                steps.push(Step::Key(ahead.quoted_name()?));
            } else {
                // A default, which a filter does not need.
                let end = ahead.rest().find(')')?;
                ahead.skip(end);
            }
            if word.eq_ignore_ascii_case("get") {
                let end = ahead.rest().find(')')?;
                ahead.skip(end);
            }
            if ahead.eat_after_blanks(')') {
                break;
            }
            if !ahead.eat_after_blanks(',') {
                return None;
            }
        }
        *self = ahead;
        Some(steps)
    }

    /// `[0]`, `[*]` and `["name"]` after a name.
    fn brackets(&mut self, steps: &mut Vec<Step>) -> Option<()> {
        while self.peek() == Some('[') {
            self.skip(1);
            if self.rest().starts_with(['"', '\'']) {
                let name = self.quoted_name()?;
                steps.push(Step::Key(name));
                self.mark("foreign-field", || "a path has no names in square brackets".to_owned());
            } else {
                let end = self.rest().find(']')?;
                let inside = self.rest()[..end].trim().to_owned();
                self.skip(end);
                match inside.parse() {
                    Ok(index) => steps.push(Step::Index(index)),
                    Err(_) if matches!(inside.as_str(), "" | "*" | ":" | "#") => {
                        self.mark("foreign-field", || {
                            format!("a path has no `[{inside}]`: it searches lists by itself")
                        });
                    }
                    Err(_) => return None,
                }
            }
            if !self.eat(']') {
                return None;
            }
        }
        Some(())
    }

    /// A name in quotes or back-quotes.
    fn quoted_name(&mut self) -> Option<String> {
        let quote = self.rest().chars().next()?;
        let end = self.rest()[1..].find([quote, '\n'])?;
        let name = self.rest()[1..=end].to_owned();
        if name.is_empty() || !self.rest()[1 + end..].starts_with(quote) || name.contains('`') {
            return None;
        }
        self.skip(end + 2);
        Some(name)
    }
}
