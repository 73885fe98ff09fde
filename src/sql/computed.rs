//! The short names whose values are computed, as expressions over the table: what `record::Virtual` computes of a record.

use super::{
    condition::Condition,
    dialect::{Dialect, folded},
    network::OCTET,
    value::{Item, Kind, Values},
};
use crate::record::{Virtual, Zone};

/// The value of a short name. The table lacks `credentialId`, so the name of a caller that has nothing else is in doubt.
pub fn computed(dialect: Dialect, field: Virtual) -> Values {
    let text = |sql: String| Values::One(Item::new(sql, Kind::Text), None);
    let of_time = |of: String| Values::One(Item::new(of, Kind::Number), None);
    match field {
        Virtual::EventType => text(
            "CASE WHEN eventcategory = 'Insight' OR eventtype = 'AwsCloudTrailInsight' THEN 'insight' \
             ELSE 'cloudtrail' END"
                .to_owned(),
        ),
        Virtual::Result => text(result(dialect)),
        Virtual::Role => text(format!("CASE WHEN {} = 'Role' THEN {} END", issuer("type"), issuer("username"))),
        Virtual::Session => text(session(dialect)),
        Virtual::ArnRole => text(dialect.extracted("useridentity.arn", r"([^:]*)\z")),
        Virtual::User => {
            let without_credential = format!("{} IS NULL AND {} IS NULL", before_person(dialect), ON_BEHALF_OF);
            Values::One(Item::new(user(dialect), Kind::Text), Some(named(&without_credential)))
        }
        Virtual::Principal => {
            let lacking = format!(
                "{ON_BEHALF_OF} IS NULL AND ({TYPE} = 'IdentityCenterUser' OR {} IS NULL AND {} IS NULL AND {} IS NULL)",
                has("arn"),
                has("principalid"),
                has("username"),
            );
            Values::One(Item::new(principal(dialect), Kind::Text), Some(named(&lacking)))
        }
        Virtual::OwnerAccount => text(owner_account(dialect)),
        Virtual::Network => network(dialect),
        Virtual::MfaUsed => Values::One(Item::new(mfa_used(dialect), Kind::Bool), None),
        Virtual::Hour(zone) => of_time(dialect.hour(&dialect.time("eventtime"), &name(zone))),
        Virtual::Weekday(zone) => of_time(dialect.weekday(&dialect.time("eventtime"), &name(zone))),
        Virtual::Timestamp => of_time(format!("{} * 1000", dialect.seconds(&dialect.time("eventtime")))),
        Virtual::Request => Values::Unknown("`request` is a hash that SQL does not compute".to_owned()),
        // These are names of columns.
        Virtual::UserType
        | Virtual::AccountId
        | Virtual::AccessKey
        | Virtual::Ip
        | Virtual::Region
        | Virtual::Error
        | Virtual::BucketName => Values::Nothing,
    }
}

const TYPE: &str = "useridentity.type";
const ON_BEHALF_OF: &str = "NULLIF(useridentity.onbehalfof.userid, '')";

fn name(zone: Zone) -> String {
    zone.name().to_owned()
}

/// Where the caller has an identity, and this holds.
fn named(lacking: &str) -> Condition {
    format!("(useridentity IS NOT NULL AND {lacking})").into()
}

/// A field of the identity; empty text counts as missing.
fn has(field: &str) -> String {
    format!("NULLIF(useridentity.{field}, '')")
}

/// A field of what issued the credentials of a session.
fn issuer(field: &str) -> String {
    format!("NULLIF(useridentity.sessioncontext.sessionissuer.{field}, '')")
}

fn result(dialect: Dialect) -> String {
    let failed = |block: &str, key: &str| {
        let value = dialect.member(&dialect.parsed(block), key).unwrap_or_default();
        format!("{} = 'Failure'", dialect.scalar(&value))
    };
    let responses = ["ConsoleLogin", "CheckMfa", "SwitchRole", "RenewRole", "ExitRole"];
    let details = ["CredentialVerification", "UserAuthentication"];
    let failures: Vec<_> = (responses.iter().map(|key| failed("responseelements", key)))
        .chain(details.iter().map(|key| failed("serviceeventdetails", key)))
        .collect();
    format!(
        "CASE WHEN errorcode <> '' OR errormessage <> '' OR {} THEN 'failure' ELSE 'success' END",
        failures.join(" OR ")
    )
}

/// What follows the last slash of the ARN.
fn after_slash(dialect: Dialect) -> String {
    dialect.extracted("useridentity.arn", r"/([^/]*)\z")
}

fn session(dialect: Dialect) -> String {
    let of_id = dialect.extracted("useridentity.principalid", r"\A[^:]*:([\s\S]*)\z");
    format!(
        "CASE {TYPE} WHEN 'AssumedRole' THEN COALESCE({}, {of_id}) WHEN 'FederatedUser' THEN {of_id} END",
        after_slash(dialect)
    )
}

/// What names a user before the user of IAM Identity Center does.
fn before_person(dialect: Dialect) -> String {
    format!("COALESCE(CASE WHEN {TYPE} = 'Root' THEN 'Root' END, {}, {})", has("username"), after_slash(dialect))
}

fn user(dialect: Dialect) -> String {
    format!(
        "CASE WHEN useridentity IS NOT NULL THEN COALESCE({}, {ON_BEHALF_OF}, {}, {}, 'anonymous') END",
        before_person(dialect),
        has("invokedby"),
        has("principalid"),
    )
}

fn principal(dialect: Dialect) -> String {
    let account = format!(
        "COALESCE({}, {})",
        dialect.extracted("useridentity.accountid", r"\A([0-9]{12})\z"),
        dialect.extracted("useridentity.arn", r"\A[^:]*:[^:]*:[^:]*:[^:]*:([0-9]{12})(?::[\s\S]*)?\z"),
    );
    let with_account = |id: &str| format!("COALESCE(NULLIF({account}, {id}) || ':' || {id}, {id})");
    let id = dialect.extracted("useridentity.principalid", r"\A([^:]*)");
    let role_of_session =
        dialect.extracted("useridentity.arn", r"\A([^:]*:[^:]*:[^:]*:[^:]*:[^:]*:assumed-role/[^/]*)");
    let (role, session) = (issuer("arn"), session(dialect));
    let is_person = dialect.matches(&role, r"\A[^:]*:[^:]*:[^:]*:[^:]*:[^:]*:role/aws-reserved/sso\.amazonaws\.com/");
    let of_role = format!(
        "COALESCE(CASE WHEN {is_person} THEN {role} || ':' || {session} END, {role}, {role_of_session}, {})",
        with_account(&id)
    );
    let otherwise = format!(
        "COALESCE({role_of_session}, {}, {}, {}, {}, {}, {account}, 'anonymous')",
        has("arn"),
        with_account(&has("principalid")),
        with_account(&has("username")),
        with_account(ON_BEHALF_OF),
        with_account(&has("invokedby")),
    );
    format!(
        "CASE WHEN useridentity IS NOT NULL THEN COALESCE(CASE \
         WHEN {TYPE} = 'AssumedRole' OR {} = 'Role' AND COALESCE({TYPE}, '') \
         NOT IN ('Root', 'IAMUser', 'FederatedUser', 'AWSAccount', 'AWSService') THEN {of_role} \
         WHEN {TYPE} = 'Root' THEN {account} \
         WHEN {TYPE} = 'FederatedUser' THEN {role} || ':' || {session} \
         WHEN {TYPE} = 'AWSAccount' THEN {} \
         WHEN {TYPE} = 'IdentityCenterUser' THEN {} \
         WHEN {TYPE} = 'AWSService' THEN {} END, {otherwise}) END",
        issuer("type"),
        with_account(&id),
        with_account(ON_BEHALF_OF),
        with_account(&has("invokedby")),
    )
}

fn owner_account(dialect: Dialect) -> String {
    let accounts = dialect.those(&dialect.each("resources", "r", "r.accountid"), "a", "a <> ''");
    let first = dialect.element(&accounts, 0);
    let others =
        dialect.count(&dialect.those("resources", "r", &format!("r.accountid <> '' AND r.accountid <> {first}")));
    format!("COALESCE(CASE WHEN {others} = 0 THEN {first} END, NULLIF(recipientaccountid, ''))")
}

/// The network of an address of IPv4; that of an address of IPv6 is in doubt.
fn network(dialect: Dialect) -> Values {
    let three = dialect.extracted("sourceipaddress", &format!(r"\A((?:{OCTET}\.){{3}}){OCTET}\z"));
    let item = Item::new(format!("{three} || '0/24'"), Kind::Text);
    Values::One(item, Some("strpos(sourceipaddress, ':') > 0".to_owned().into()))
}

fn mfa_used(dialect: Dialect) -> String {
    let used = dialect.member(&dialect.parsed("additionaleventdata"), "MFAUsed").unwrap_or_default();
    let used = dialect.printed(&used);
    let of_session = folded("useridentity.sessioncontext.attributes.mfaauthenticated");
    format!(
        "CASE WHEN {used} = 'true' OR {} THEN TRUE WHEN {used} = 'false' OR {} THEN FALSE \
         WHEN {of_session} = 'true' THEN TRUE WHEN {of_session} = 'false' THEN FALSE END",
        dialect.matches(&used, r#"\A"[Yy][Ee][Ss]"\z"#),
        dialect.matches(&used, r#"\A"[^"]"#),
    )
}
