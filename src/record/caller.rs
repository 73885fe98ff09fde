//! Who made a request: `user`, `role`, `session` and `principal`.
//!
//! The kinds of identity are those of "CloudTrail userIdentity element" in the AWS CloudTrail User Guide:
//! <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html>. The name of a
//! session is a text that its caller chooses (`RoleSessionName` in the AWS STS API Reference). It is the user name of a person
//! only for the roles that IAM Identity Center creates; these have a path that IAM reserves for it.

use std::borrow::Cow;

use super::node::{Node, Scalar, text_at};

/// The path of the roles of IAM Identity Center; the name of a role proves nothing.
const IDENTITY_CENTER: &str = "role/aws-reserved/sso.amazonaws.com/";
/// The name of a caller without an identity.
const ANONYMOUS: &str = "anonymous";
/// What the console writes in place of a user name that does not exist, since it can be a password.
const HIDDEN: &str = "HIDDEN_DUE_TO_SECURITY_REASONS";
/// What people read in its place.
const UNKNOWN: &str = "an unknown user";
/// How the unique ids of roles begin ("IAM identifiers" in the IAM User Guide).
const ROLE_ID: &str = "AROA";

/// The `userIdentity` of a record.
#[derive(Clone, Copy)]
pub struct Caller<N>(N);

impl<'a, N: Node<'a>> Caller<N> {
    /// The caller of a record; `None` for a record without one, such as that of an Insight, which compares many calls.
    pub fn of(record: N) -> Option<Self> {
        record.get("userIdentity").filter(|identity| identity.scalar() != Scalar::Null).map(Self)
    }

    fn text(self, keys: &[&str]) -> Option<&'a str> {
        text_at(self.0, keys)
    }

    fn kind(self) -> Option<&'a str> {
        self.text(&["type"])
    }

    /// A field of what issued the credentials of a session.
    fn issuer(self, key: &str) -> Option<&'a str> {
        self.text(&["sessionContext", "sessionIssuer", key])
    }

    /// The user of IAM Identity Center, or else the credential of the session.
    fn person(self) -> Option<&'a str> {
        self.text(&["onBehalfOf", "userId"]).or_else(|| self.text(&["credentialId"]))
    }

    /// A short name: `Root`, the user name, the end of the ARN, the user of IAM Identity Center, the service or the unique id;
    /// the first that is there. `anonymous` if nothing is.
    pub fn user(self) -> &'a str {
        if self.kind() == Some("Root") {
            return "Root";
        }
        self.text(&["userName"])
            .or_else(|| last(self.text(&["arn"])?, '/'))
            .or_else(|| self.person())
            .or_else(|| self.text(&["invokedBy"]))
            .or_else(|| self.text(&["principalId"]))
            .unwrap_or(ANONYMOUS)
    }

    /// The name of the role that issued the credentials.
    pub fn role(self) -> Option<&'a str> {
        self.issuer("userName").filter(|_| self.issuer("type") == Some("Role"))
    }

    /// The name of the session of a role or of a federated user.
    pub fn session(self) -> Option<&'a str> {
        let of_id = || Some(self.text(&["principalId"])?.split_once(':')?.1).filter(|name| !name.is_empty());
        match self.kind()? {
            "AssumedRole" => self.text(&["arn"]).and_then(|arn| last(arn, '/')).or_else(of_id),
            "FederatedUser" => of_id(),
            _ => None,
        }
    }

    /// Whether the caller is a role, of this or of another account.
    pub fn is_role(self) -> bool {
        let is_foreign_role = || {
            self.kind() == Some("AWSAccount") && self.text(&["principalId"]).is_some_and(|id| id.starts_with(ROLE_ID))
        };
        let is_session = || self.text(&["arn"]).and_then(role_of_session).is_some();
        self.is_session_of_role() || self.kind() == Some("Role") || is_foreign_role() || is_session()
    }

    fn is_session_of_role(self) -> bool {
        match self.kind() {
            Some("AssumedRole") => true,
            Some("Root" | "IAMUser" | "FederatedUser" | "AWSAccount" | "AWSService") => false,
            _ => self.issuer("type") == Some("Role"),
        }
    }

    /// Who the caller is, with the account, and without the name of a session that proves nothing.
    pub fn principal(self) -> Cow<'a, str> {
        let known = match self.kind() {
            _ if self.is_session_of_role() => self.of_role(),
            Some("Root") => self.account().map(Cow::Borrowed),
            Some("FederatedUser") => match (self.issuer("arn"), self.session()) {
                (Some(issuer), Some(name)) => Some(format!("{issuer}:{name}").into()),
                _ => None,
            },
            Some("AWSAccount") => self.text(&["principalId"]).map(|id| self.with_account(before(id, ':'))),
            Some("IdentityCenterUser") => self.person().map(|person| self.with_account(person)),
            Some("AWSService") => self.text(&["invokedBy"]).map(|service| self.with_account(service)),
            _ => None,
        };
        known.or_else(|| self.otherwise()).unwrap_or(Cow::Borrowed(ANONYMOUS))
    }

    /// A short name of the principal, for people: of a role or a user its name, of a person in a role of IAM Identity Center the
    /// person's, of a federated user that of its issuer and then that of the session; with the caller's account if that is not
    /// `account`. What is named as the root user and is another caller is shown with its kind.
    pub fn principal_name(self, account: Option<&str>) -> Cow<'a, str> {
        let (kind, name) = self.kind_and_name();
        let foreign = self.account().filter(|own| account.is_some_and(|account| account != *own));
        let shown: Cow<'a, str> = match (kind, foreign) {
            ("Root", None) | ("account" | "service", _) => name.into(),
            (_, Some(own)) => format!("{own}:{name}").into(),
            ("federated", None) => format!("session {name}").into(),
            (kind, None) if name.eq_ignore_ascii_case("root") => format!("{kind} {name}").into(),
            (_, None) => name.into(),
        };
        match self.session() {
            Some(session) if self.kind() == Some("FederatedUser") && kind != "federated" => {
                format!("{shown} (session {session})").into()
            }
            _ => shown,
        }
    }

    /// Whether nothing in the record names the caller: no one signed the request.
    pub fn is_anonymous(self) -> bool {
        let is_of_kind = match self.kind() {
            Some("AWSAccount") => self.account().is_none(),
            kind => kind.is_none_or(|kind| kind == "Unknown" || is_placeholder(kind)),
        };
        let names = [
            self.text(&["userName"]),
            self.text(&["arn"]),
            self.text(&["principalId"]),
            self.text(&["accessKeyId"]),
            self.text(&["invokedBy"]),
            self.issuer("arn"),
            self.person(),
        ];
        is_of_kind && names.into_iter().flatten().all(is_placeholder)
    }

    /// The name of the role in the ARN of a session.
    pub fn role_in_arn(self) -> Option<&'a str> {
        last(role_of_session(self.text(&["arn"])?)?, '/')
    }

    fn kind_and_name(self) -> (&'static str, &'a str) {
        if self.is_session_of_role() {
            let person = self.issuer("arn").filter(|role| is_of_identity_center(role)).and(self.session());
            return match person.or_else(|| self.role()).or_else(|| self.issuer("userName")) {
                Some(name) if person.is_some() => ("session", name),
                Some(name) => ("role", name),
                None => ("role", self.role_otherwise().unwrap_or_else(|| self.user())),
            };
        }
        match self.kind() {
            Some("Root") => ("Root", self.user()),
            Some("FederatedUser") => match (self.issuer("type"), self.issuer("userName")) {
                (Some("Root"), _) => ("Root", "Root"),
                (_, Some(user)) => ("user", user),
                _ => ("federated", self.session().unwrap_or_else(|| self.user())),
            },
            Some("AWSAccount") => ("account", self.account().unwrap_or_else(|| self.user())),
            Some("AWSService") => ("service", self.text(&["invokedBy"]).unwrap_or_else(|| self.user())),
            _ if self.text(&["userName"]) == Some(HIDDEN) => ("user", UNKNOWN),
            _ => match self.role_in_arn() {
                Some(role) => ("role", role),
                None => ("user", self.user()),
            },
        }
    }

    /// What a session of a role has of the role's name where it has no issuer: the ARN, or else the id.
    fn role_otherwise(self) -> Option<&'a str> {
        self.role_in_arn().or_else(|| self.text(&["principalId"]).map(|id| before(id, ':')))
    }

    /// A session of a role: the ARN of the role, or else what the session has of it.
    fn of_role(self) -> Option<Cow<'a, str>> {
        match self.issuer("arn") {
            Some(role) => Some(match self.session() {
                Some(person) if is_of_identity_center(role) => format!("{role}:{person}").into(),
                _ => role.into(),
            }),
            None => match self.text(&["arn"]).and_then(role_of_session) {
                Some(role) => Some(role.into()),
                None => self.text(&["principalId"]).map(|id| self.with_account(before(id, ':'))),
            },
        }
    }

    /// A user, and any other caller.
    fn otherwise(self) -> Option<Cow<'a, str>> {
        let arn = self.text(&["arn"]).map(|arn| role_of_session(arn).unwrap_or(arn).into());
        let id = || {
            self.text(&["principalId"])
                .or_else(|| self.text(&["userName"]))
                .or_else(|| self.person())
                .or_else(|| self.text(&["invokedBy"]))
        };
        arn.or_else(|| id().map(|id| self.with_account(id))).or_else(|| self.account().map(Cow::Borrowed))
    }

    fn with_account(self, id: &'a str) -> Cow<'a, str> {
        match self.account() {
            Some(account) if account != id => format!("{account}:{id}").into(),
            _ => id.into(),
        }
    }

    /// The id of the caller's account; S3 writes `anonymous` in its place.
    fn account(self) -> Option<&'a str> {
        let of_arn = || self.text(&["arn"])?.split(':').nth(4);
        self.text(&["accountId"]).filter(is_account).or_else(|| of_arn().filter(is_account))
    }
}

/// Whether a name is what services write in place of one where a caller has no identity.
pub fn is_placeholder(name: &str) -> bool {
    name.eq_ignore_ascii_case(ANONYMOUS) || name.eq_ignore_ascii_case("ANONYMOUS_PRINCIPAL")
}

fn is_account(id: &&str) -> bool {
    id.len() == 12 && id.bytes().all(|byte| byte.is_ascii_digit())
}

/// What follows the last separator; `None` for nothing.
fn last(text: &str, separator: char) -> Option<&str> {
    text.rsplit_once(separator).map(|(_, last)| last).filter(|last| !last.is_empty())
}

fn before(text: &str, separator: char) -> &str {
    text.split_once(separator).map_or(text, |(before, _)| before)
}

/// The resource of an ARN: `arn:partition:service:region:account:resource`.
fn resource(arn: &str) -> Option<&str> {
    arn.splitn(6, ':').nth(5)
}

fn is_of_identity_center(role: &str) -> bool {
    resource(role).is_some_and(|resource| resource.starts_with(IDENTITY_CENTER))
}

/// The ARN of a session without the session's name: `arn:aws:sts::111122223333:assumed-role/NAME`.
fn role_of_session(arn: &str) -> Option<&str> {
    let name = resource(arn)?.strip_prefix("assumed-role/")?;
    let end = arn.len() - name.len() + name.find('/').unwrap_or(name.len());
    Some(&arn[..end])
}
