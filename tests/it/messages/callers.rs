//! Whom an alert proposes to ask: words that make sense for each kind of caller, in the e-mail and in the chat.
//!
//! The identities are those of "CloudTrail userIdentity element" in the AWS CloudTrail User Guide.

use serde_json::{Value, json};
use trailbell::alert::{Format, render};

use crate::messages::{alert, json as rendered, put_image};

/// The step in the e-mail, which the notification has too; none for a caller about whom there is nothing to ask.
fn asked(identity: Value) -> Option<String> {
    let mut record = put_image();
    record["userIdentity"] = identity;
    let alert = alert(2, record);
    let body = render(Format::TEXT, &alert).body;
    let next = body.lines().find_map(|line| line.strip_prefix("Next      ")).unwrap_or_default().to_owned();
    let is_asked =
        ["Ask ", "The identity provider ", "No one can be asked", "Find "].iter().any(|begin| next.starts_with(begin));
    let steps = rendered(&alert, Format::CHAT)["content"]["nextSteps"].clone();
    let first = steps[0].as_str().unwrap_or_default().replace(['`', '\''], "");
    assert_eq!(first == next.replace('"', ""), is_asked, "{first}\n{next}");
    is_asked.then_some(next)
}

fn check(identity: Value, expected: &str) {
    assert_eq!(asked(identity.clone()).as_deref(), Some(expected), "{identity}");
}

const OWN: &str = "111122223333";

fn session(role: &str, name: &str) -> Value {
    let issuer = json!({
        "type": "Role", "userName": role.rsplit('/').next(), "accountId": OWN,
        "arn": format!("arn:aws:iam::{OWN}:role/{role}"),
    });
    json!({
        "type": "AssumedRole", "accountId": OWN, "sessionContext": {"sessionIssuer": issuer},
        "arn": format!("arn:aws:sts::{OWN}:assumed-role/{}/{name}", role.rsplit('/').next().unwrap()),
    })
}

#[test]
fn the_root_user_is_no_person() {
    let root = json!({"type": "Root", "accountId": OWN, "arn": "arn:aws:iam::111122223333:root"});
    check(
        root.clone(),
        "Ask who holds the root credentials of the account 111122223333 (production) whether it was them",
    );
    let mut assumed = root;
    assumed["sessionContext"] = json!({"assumedRoot": "true"});
    check(assumed, "Ask who began this session of the root user: find the call AssumeRoot in the management account");
}

#[test]
fn a_person_is_asked_by_name() {
    let user = json!({"type": "IAMUser", "userName": "ada", "accountId": OWN});
    check(user, "Ask the owner of the user ada whether it was them");
    let role = "aws-reserved/sso.amazonaws.com/eu-west-1/AWSReservedSSO_Admin_0123";
    check(session(role, "dana"), "Ask the user of IAM Identity Center dana whether it was them");
    let person = json!({"type": "IdentityCenterUser", "accountId": OWN, "onBehalfOf": {"userId": "u-1"}});
    check(person, "Find the user u-1 in IAM Identity Center, and ask whether it was them");
    let federated = json!({"type": "SAMLUser", "userName": "ada", "accountId": OWN});
    check(federated, "Ask the user ada of the identity provider whether it was them");
    let mut with_source = session("ops", "x");
    with_source["sessionContext"]["sourceIdentity"] = json!("ada");
    check(with_source, "Ask ada, the source identity of the session, whether it was them");
}

/// A caller chooses the name of a session, and a role may have the name that IAM Identity Center would give.
#[test]
fn of_a_role_the_owner_is_asked() {
    let expected = |role: &str| {
        format!(
            "Ask the owner of the role {role} who or what used it, and look up who began the session ada; its caller chose \
             that name"
        )
    };
    for role in
        ["ops", "AWSReservedSSO_Admin_0123", "x:role/aws-service-role/ops", "x:role/aws-reserved/sso.amazonaws.com/ops"]
    {
        check(session(role, "ada"), &expected(role.rsplit('/').next().unwrap()));
    }
    let mut instance = session("web", "i-0123456789abcdef0");
    instance["sessionContext"]["ec2RoleDelivery"] = json!("2.0");
    check(instance, "Ask the owner of the role web who or what used it on the instance i-0123456789abcdef0");
    // Without an issuer the ARN has the role.
    for kind in [json!("AssumedRole"), json!("Unknown"), json!(null)] {
        check(
            json!({"type": kind, "arn": "arn:aws:sts::111122223333:assumed-role/ops-admin/Root", "accountId": OWN}),
            "Ask the owner of the role ops-admin who or what used it, and look up who began the session Root; its caller \
             chose that name",
        );
    }
    let unnamed = json!({"type": "AssumedRole", "principalId": "AROA:ada", "accountId": OWN});
    check(
        unnamed,
        "Find out which role this is, and ask its owner who or what used it, and look up who began the session ada; its \
         caller chose that name",
    );
}

#[test]
fn of_a_workload_its_owner_is_asked() {
    let provider = "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com";
    let of = |name: &str| json!({"type": "WebIdentityUser", "userName": name, "identityProvider": provider});
    for name in ["repo:org/app:ref:refs/heads/main", "system:serviceaccount:default:web"] {
        check(
            of(name),
            &format!(
                "The identity provider token[.]actions[.]githubusercontent[.]com signed in {name}: ask the owner of that \
                 repository or workload"
            ),
        );
    }
    check(
        of("1234"),
        "Ask the user 1234 of the identity provider token[.]actions[.]githubusercontent[.]com whether it was them",
    );
    let role = json!({"type": "Role", "arn": "arn:aws:iam::111122223333:role/app/web", "accountId": OWN});
    check(role, "Ask the owner of the role web who or what used it");
}

#[test]
fn a_credential_is_no_user() {
    let person = json!({"type": "IdentityCenterUser", "accountId": OWN, "credentialId": "EXAMPLEVHU"});
    check(
        person,
        "Find who has the session with the credential EXAMPLEVHU in IAM Identity Center, and ask whether it was them",
    );
}

#[test]
fn of_a_federated_user_the_user_is_asked_that_began_the_session() {
    let federated = |issuer: Value| {
        json!({
            "type": "FederatedUser", "accountId": OWN, "arn": "arn:aws:sts::111122223333:federated-user/ada",
            "sessionContext": {"sessionIssuer": issuer},
        })
    };
    check(
        federated(json!({"type": "IAMUser", "userName": "broker"})),
        "Ask the owner of the user broker who used the session ada",
    );
    check(
        federated(json!({"type": "Root"})),
        "Ask who holds the root credentials of the account 111122223333 (production) who used the session ada",
    );
}

#[test]
fn of_a_service_no_one_is_asked() {
    check(
        json!({"type": "AWSService", "invokedBy": "autoscaling.amazonaws.com"}),
        "No one can be asked, since the service autoscaling.amazonaws.com acted by itself: find out for which resource or \
         user",
    );
    check(
        json!({"type": "AWSAccount", "accountId": "444455556666", "invokedBy": "cloudtrail.amazonaws.com"}),
        "No one can be asked, since the service cloudtrail.amazonaws.com acted for another account: find out who owns the \
         account 444455556666",
    );
    check(
        session("aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS", "ECS"),
        "No one can be asked, since the service ECS acted by itself: find out for which resource or user",
    );
}

#[test]
fn of_another_account_its_owner_is_asked() {
    let mut stranger = session("ops", "ada");
    stranger["accountId"] = json!("444455556666");
    check(
        stranger,
        "Find out who owns the account 444455556666, whether you know it, and who there used session ada of the role ops",
    );
    let user = json!({"type": "AWSAccount", "accountId": "444455556666", "principalId": "AIDAEXAMPLE"});
    check(user, "Find out who owns the account 444455556666, whether you know it, and who there used AIDAEXAMPLE");
}

#[test]
fn a_caller_without_a_name_is_not_asked() {
    // S3 and Amazon Cognito write several forms.
    for anonymous in [
        json!({"type": "AWSAccount", "principalId": "", "accountId": "anonymous"}),
        json!({"type": "AWSAccount", "principalId": "", "accountId": "ANONYMOUS_PRINCIPAL"}),
        json!({"type": "Unknown", "principalId": "Anonymous"}),
        json!({"accountId": OWN}),
        json!({"accountId": "444455556666"}),
        json!({"type": "Unknown"}),
        json!({}),
    ] {
        check(
            anonymous,
            "No one can be asked, since the caller has no identity: look at the address, and at what allows this",
        );
    }
    let named = json!({"type": "IAMUser", "userName": "anonymous", "accountId": OWN});
    check(named, "Ask the owner of the user anonymous whether it was them");
    let hidden = json!({"type": "IAMUser", "userName": "HIDDEN_DUE_TO_SECURITY_REASONS", "accountId": OWN});
    check(hidden, "No one can be asked, since no user has the name that was entered");
    assert_eq!(asked(Value::Null), None);
}
