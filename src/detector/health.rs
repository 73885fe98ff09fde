//! Events of AWS Health: "Reference: AWS Health events Amazon EventBridge schema" in the AWS Health User Guide. Their times are no
//! ISO 8601, so the time of a record is that of its event.

use super::entry::{Detector, Fields};

pub(super) static HEALTH: Detector = Detector {
    word: "health",
    name: "AWS Health",
    source: "aws.health",
    detail_types: &["AWS Health Event", "AWS Health Abuse Event"],
    list: None,
    fields: Fields {
        id: &["eventArn"],
        kind: &["eventTypeCode"],
        description: &["eventDescription.latestDescription"],
        status: &["statusCode"],
        account: &["affectedAccount"],
        region: &["eventRegion"],
        resource: &["affectedEntities.entityValue", "service"],
        resource_type: &["eventTypeCategory"],
        ..Fields::NONE
    },
    page: Some("health/home#/account/dashboard/open-issues"),
};
