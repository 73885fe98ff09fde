//! One CloudTrail record, paths into it, and the virtual fields.
//!
//! The shape of a record is defined in "CloudTrail record contents" of the AWS CloudTrail User Guide:
//! <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html>.

mod call;
mod caller;
mod document;
mod event_time;
mod joined;
mod json;
mod leaf;
mod node;
mod parsed;
mod path;
mod repair;
mod request_hash;
mod target;
mod virtual_field;
mod work;
mod zone;

pub use caller::is_placeholder;
pub use joined::JoinedLimits;
pub(crate) use json::Json;
pub use leaf::leaves;
pub use node::{Node, Scalar, Tree};
pub use parsed::Record;
pub use path::{ElementVisitor, Path, Place, Root, Scalars, Step, Visitor, each_element};
pub(crate) use repair::repair;
pub use request_hash::is_of_attempt;
pub use target::{is_name, target};
pub use virtual_field::Virtual;
pub use work::{WorkBudget, test_steps};
pub use zone::Zone;
