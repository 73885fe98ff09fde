//! Values that are only a part of what the field holds, compared as if they were the whole: a client without its version, an
//! error of Amazon EC2 without its side.
//!
//! "Error codes for the Amazon EC2 API" in the Amazon EC2 Developer Guide lists the codes; CloudTrail puts `Client.` or
//! `Server.` before each. The names of clients are those of the `User-Agent` headers of AWS's SDKs and of widely used tools,
//! which write a `/` and a version after the name (RFC 9110, "User-Agent"). Both lists are of 2026-11-30.

use super::{
    condition::{self, Scope, compares_whole_values, field},
    entry::{Lint, Reads},
    event::{self, sources, top},
    filter_text::FilterText,
};
use crate::{
    diagnostic::{Diagnostic, Span},
    filter::ast::Compare,
};

/// The entry of the lint table.
pub const LINT: Lint =
    Lint { codes: &[(CODE, "a value that is only a part of what its field holds")], reads: &[Reads::Filter(check)] };

const CODE: &str = "partial-value";

const EC2: &str = "ec2.amazonaws.com";

/// What CloudTrail writes before the errors of Amazon EC2.
const SIDES: [&str; 2] = ["Client.", "Server."];

/// Errors that only Amazon EC2 has.
const EC2_ERRORS: &[&str] = &[
    "DryRunOperation",
    "InstanceLimitExceeded",
    "RequestLimitExceeded",
    "UnauthorizedOperation",
    "VcpuLimitExceeded",
    "VpcLimitExceeded",
];

/// What ends the errors of Amazon EC2 about one resource, such as `InvalidInstanceID.NotFound`.
const EC2_ENDS: &[&str] = &[".Duplicate", ".InUse", ".Malformed", ".NotFound"];

/// Clients that write their version.
const CLIENTS: &[&str] = &[
    "APN",
    "Apache-HttpClient",
    "aws-cli",
    "aws-sdk-cpp",
    "aws-sdk-dotnet",
    "aws-sdk-go",
    "aws-sdk-go-v2",
    "aws-sdk-java",
    "aws-sdk-js",
    "aws-sdk-kotlin",
    "aws-sdk-nodejs",
    "aws-sdk-php",
    "aws-sdk-ruby3",
    "aws-sdk-rust",
    "aws-sdk-swift",
    "Boto",
    "Boto3",
    "Botocore",
    "curl",
    "Go-http-client",
    "HashiCorp",
    "okhttp",
    "PostmanRuntime",
    "Pulumi",
    "python-requests",
    "S3Console",
    "Terraform",
    "Wget",
];

fn check(filter: &FilterText, found: &mut Vec<Diagnostic>) {
    let (error, agent) = (top("errorCode"), top("userAgent"));
    let mut errors = Vec::new();
    condition::comparisons(filter.filter, &mut |_, compare, _| {
        if field(&compare.left.path) == error {
            errors.extend(event::texts(compare, filter).into_iter().map(|(text, _)| text.to_owned()));
        }
    });
    condition::comparisons(filter.filter, &mut |_, compare, scope| {
        if !compares_whole_values(compare.operator) {
            return;
        }
        let path = field(&compare.left.path);
        for (text, span) in event::texts(compare, filter) {
            if path == agent {
                found.extend(client(compare, text, span));
            } else if path == error && is_of_ec2(text, scope, filter) {
                found.extend(error_of_ec2(compare, text, span, &errors));
            }
        }
    });
}

fn client(compare: &Compare, text: &str, span: Span) -> Option<Diagnostic> {
    let name = CLIENTS.iter().find(|name| name.eq_ignore_ascii_case(text))?;
    let title = format!("`userAgent` is never `\"{text}\"` alone");
    Some(
        Diagnostic::warning(CODE, title, span, "clients add their version")
            .note(format!("agents are such as `{name}/2.1`; Amazon S3 puts brackets around them"))
            .help(instead(compare, &format!("userAgent starts_with (\"{name}/\", \"[{name}/\")"))),
    )
}

/// The repair, where other values of a list remain.
fn instead(compare: &Compare, condition: &str) -> String {
    let not = if compare.operator.negated { "not " } else { "" };
    let rest = if compare.right.items().len() > 1 { " in place of this value" } else { "" };
    format!("write `{not}{condition}`{rest}")
}

fn is_of_ec2(text: &str, scope: &Scope, filter: &FilterText) -> bool {
    let resource = || text.starts_with("Invalid") && EC2_ENDS.iter().any(|end| text.ends_with(end));
    let possible = || sources(scope, filter).is_none_or(|of| of.is_empty() || of.iter().any(|one| one == EC2));
    (EC2_ERRORS.contains(&text) || resource()) && possible()
}

/// `errors` are all that the filter compares with errors: another condition may have the whole code.
fn error_of_ec2(compare: &Compare, text: &str, span: Span, errors: &[String]) -> Option<Diagnostic> {
    let whole = format!("{}{text}", SIDES[0]);
    if errors.iter().any(|other| *other == whole || SIDES.contains(&other.as_str())) {
        return None;
    }
    let title = format!("`errorCode` is `\"{whole}\"` where Amazon EC2 writes `{text}`");
    let help = if compare.right.items().len() > 1 {
        format!("add `\"{whole}\"` to the list")
    } else {
        instead(compare, &format!("{} ends_with \"{text}\"", compare.left.path))
    };
    let finding = Diagnostic::warning(CODE, title, span, "only the end of the code");
    Some(finding.note("CloudTrail writes `Client.` or `Server.` before the errors of Amazon EC2").help(help))
}
