//! The caller of an event in words: who it is, with which credentials, and whom to ask about what it did.
//!
//! The kinds of callers are those of "CloudTrail userIdentity element" in the AWS CloudTrail User Guide.

use super::{
    event::{EventView, Issuer},
    phrase::{Phrase, Row},
    place::named,
};
use crate::{record::Virtual, rule::Accounts, untrusted};

/// The longest user agent, in characters.
const MAX_CLIENT: usize = 60;
/// No text of a record is longer.
const MAX_RECORD: usize = 1 << 20;
/// The paths of roles that IAM keeps for IAM Identity Center and for services ("IAM identifiers" in the IAM User Guide).
const IDENTITY_CENTER: &str = "role/aws-reserved/sso.amazonaws.com/";
const SERVICE: &str = "role/aws-service-role/";
/// What a failed sign-in has in place of a name that no user has ("AWS Management Console sign-in events" in the AWS CloudTrail
/// User Guide).
const HIDDEN: &str = "HIDDEN_DUE_TO_SECURITY_REASONS";

/// The caller. A session shows that it is one, since the caller chooses its name, which can be that of a person.
pub fn who(event: EventView<'_>) -> Phrase {
    let Some(name) = event.field(Virtual::User) else { return Phrase::ours("an unknown user") };
    if event.is_anonymous() {
        return Phrase::ours("an anonymous caller");
    }
    let session = |name| Phrase::ours("session ").value(name);
    match event.issuer() {
        None if is_credential(event) => Phrase::ours("credential ").value(name).then(" of IAM Identity Center"),
        None => Phrase::theirs(name),
        Some(Issuer::Role(Some(role))) => session(name).then(" of the role ").value(role),
        Some(Issuer::Role(None)) => session(name).then(" of an unknown role"),
        Some(Issuer::User(Some(user))) => session(name).then(" of the user ").value(user),
        Some(Issuer::User(None)) => session(name).then(" of an unknown user"),
        Some(Issuer::Root) => session(name).then(" of the root user"),
    }
}

/// Whom to ask about a call, or where to look where no one can be asked; `None` for a record without a caller.
pub fn ask(accounts: &Accounts, event: EventView<'_>) -> Option<Phrase> {
    let name = event.field(Virtual::User)?;
    let kind = event.field(Virtual::UserType).unwrap_or_default();
    let arn = event.session(&["sessionIssuer", "arn"]).unwrap_or_default();
    // A path can hold colons.
    let issuer = arn.splitn(6, ':').nth(5).unwrap_or_default();
    if event.is_anonymous() {
        return Some(Phrase::ours(
            "No one can be asked, since the caller has no identity: look at the address, and at what allows this",
        ));
    }
    if name == HIDDEN {
        return Some(Phrase::ours("No one can be asked, since no user has the name that was entered"));
    }
    if event.is_service() || issuer.starts_with(SERVICE) {
        let service = event.at(&["userIdentity", "invokedBy"]).unwrap_or(name);
        let phrase = Phrase::ours("No one can be asked, since the service ").value(service);
        return Some(match event.foreign_account() {
            Some(id) => named(accounts, phrase.then(" acted for another account: find out who owns the account "), id),
            None => phrase.then(" acted by itself: find out for which resource or user"),
        });
    }
    if let Some(id) = event.foreign_account() {
        let (begin, end) = match accounts.name(&id) {
            Some(_) => ("Ask the owner of the account ", " who used "),
            None => ("Find out who owns the account ", ", whether you know it, and who there used "),
        };
        return Some(named(accounts, Phrase::ours(begin), id).then(end).and(who(event)));
    }
    if event.session(&["assumedRoot"]).is_some_and(|assumed| assumed == "true") {
        let phrase = "Ask who began this session of the root user: find the call AssumeRoot in the management account";
        return Some(Phrase::ours(phrase));
    }
    let whether = " whether it was them";
    Some(match event.issuer() {
        Some(Issuer::Role(role)) => of_role(event, role, issuer),
        Some(Issuer::User(user)) => {
            let phrase = Phrase::ours("Ask the owner of ");
            let phrase = match user {
                Some(user) => phrase.then("the user ").value(user),
                None => phrase.then("the user that began it"),
            };
            phrase.then(" who used the session ").value(name)
        }
        Some(Issuer::Root) => {
            let phrase = of_root(accounts, event).then(" who used the session ");
            phrase.value(name)
        }
        None if kind == "Root" => of_root(accounts, event).then(whether),
        None if is_credential(event) => {
            let phrase = Phrase::ours("Find who has the session with the credential ").value(name);
            phrase.then(" in IAM Identity Center, and ask whether it was them")
        }
        // The record has only the id.
        None if kind == "IdentityCenterUser" => {
            let phrase = Phrase::ours("Find the user ").value(name);
            phrase.then(" in IAM Identity Center, and ask whether it was them")
        }
        None if matches!(&*kind, "SAMLUser" | "WebIdentityUser") => of_provider(event, &kind, name),
        None if kind == "Role" => Phrase::ours("Ask the owner of the role ").value(name).then(" who or what used it"),
        None => {
            let of = if kind == "IAMUser" { "Ask the owner of the user " } else { "Ask the owner of " };
            Phrase::ours(of).value(name).then(whether)
        }
    })
}

/// Whether the record has of a user of IAM Identity Center only the credential.
fn is_credential(event: EventView<'_>) -> bool {
    let identity = |key: &str| event.at(&["userIdentity", key]);
    event.field(Virtual::UserType).is_some_and(|kind| kind == "IdentityCenterUser")
        && event.at(&["userIdentity", "onBehalfOf", "userId"]).is_none()
        && identity("credentialId").is_some_and(|credential| event.field(Virtual::User) == Some(credential))
}

/// Who an identity provider signed in: a person, or a workload, whose name there has parts, such as `repo:shop/web:ref:main`
/// (tokens of GitHub Actions) or `system:serviceaccount:default:web` (of Kubernetes).
fn of_provider(event: EventView<'_>, kind: &str, name: String) -> Phrase {
    // That of SAML is a hash.
    let provider = event.at(&["userIdentity", "identityProvider"]).filter(|_| kind == "WebIdentityUser");
    let provider = provider.map(|arn| match arn.split_once(":oidc-provider/") {
        Some((_, name)) => name.to_owned(),
        None => arn,
    });
    if kind == "WebIdentityUser" && name.contains([':', '/']) {
        let phrase = Phrase::ours("The identity provider").maybe(" ", provider).then(" signed in ").value(name);
        return phrase.then(": ask the owner of that repository or workload");
    }
    let phrase = Phrase::ours("Ask the user ").value(name).then(" of the identity provider").maybe(" ", provider);
    phrase.then(" whether it was them")
}

/// Who holds the credentials of the root user.
fn of_root(accounts: &Accounts, event: EventView<'_>) -> Phrase {
    let phrase = Phrase::ours("Ask who holds the root credentials of ");
    match event.account() {
        Some(id) => named(accounts, phrase.then("the account "), id),
        None => phrase.then("this account"),
    }
}

/// A person if AWS itself wrote the name down, or else the owner of the role.
fn of_role(event: EventView<'_>, role: Option<String>, issuer: &str) -> Phrase {
    let session = event.field(Virtual::Session).or_else(|| event.field(Virtual::User)).unwrap_or_default();
    if issuer.starts_with(IDENTITY_CENTER) {
        let phrase = Phrase::ours("Ask the user of IAM Identity Center ").value(session);
        return phrase.then(" whether it was them");
    }
    if let Some(source) = event.session(&["sourceIdentity"]) {
        let phrase = Phrase::ours("Ask ").value(source);
        return phrase.then(", the source identity of the session, whether it was them");
    }
    let phrase = match role {
        Some(role) => Phrase::ours("Ask the owner of the role ").value(role),
        None => Phrase::ours("Find out which role this is, and ask its owner"),
    };
    let phrase = phrase.then(" who or what used it");
    if event.session(&["ec2RoleDelivery"]).is_some() {
        return phrase.then(" on the instance ").value(session);
    }
    phrase.then(", and look up who began the session ").value(session).then("; its caller chose that name")
}

/// The credentials of the caller, and the session that they belong to.
pub fn rows(event: EventView<'_>) -> Vec<Row> {
    let identity = |key: &str| event.at(&["userIdentity", key]);
    let kind = event.field(Virtual::UserType);
    let who = identity("arn").or_else(|| identity("principalId")).or_else(|| identity("userName"));
    let mut shown = Vec::new();
    if kind.is_some() || who.is_some() {
        let blank = if kind.is_some() { " " } else { "" };
        let phrase = kind.map_or_else(Phrase::default, Phrase::theirs);
        shown.push(Row::new("Who", phrase.maybe(blank, who)));
    }
    let issuer = |key: &str| event.session(&["sessionIssuer", key]);
    if let Some(arn) = issuer("arn").or_else(|| issuer("userName")) {
        let since = event.session(&["attributes", "creationDate"]);
        let phrase = Phrase::ours("issued by ").value(arn).maybe(", since ", since);
        shown.push(Row::new("Session", phrase));
    }
    let federated = event.session(&["webIdFederationData", "federatedProvider"]);
    let behalf = event.at(&["userIdentity", "onBehalfOf", "userId"]);
    for (before, value) in [
        ("source identity ", event.session(&["sourceIdentity"])),
        ("federated by ", federated),
        ("on behalf of the user ", behalf),
        ("invoked by ", identity("invokedBy")),
    ] {
        let name = if shown.is_empty() { "Who" } else { "" };
        shown.extend(value.map(|value| Row::new(name, Phrase::ours(before).value(value))));
    }
    shown.extend(event.mfa().map(|mfa| Row::new("MFA", Phrase::ours(if mfa { "yes" } else { "no" }))));
    shown.extend(event.field(Virtual::AccessKey).map(|key| Row::new("Key", Phrase::theirs(key))));
    // A service writes its name as the client, too.
    let client = event.at(&["userAgent"]).filter(|agent| event.field(Virtual::Ip).as_ref() != Some(agent));
    let client = client.map(|agent| untrusted::line(&agent, MAX_RECORD));
    shown.extend(client.map(|agent| Row::new("Client", Phrase::theirs(untrusted::shorten_middle(&agent, MAX_CLIENT)))));
    shown
}
