//! The values of one block of a record, such as `requestParameters`, with those of the JSON that a service wrote into a string.

use super::{
    json::Json,
    node::{Node, Scalar, Tree},
    parsed::Record,
    work::VISIT,
};

/// How deep strings with JSON may be nested, as in the paths of filters.
const MAX_STRINGS: u8 = 4;

/// Calls `see` with each text, number and boolean of a block, in order, but empty texts, and with the keys that lead to it from the
/// block on; an index in a list has no place among them. It ends early if the budget of the record's work is used up.
pub fn leaves<'r>(record: &'r Record, block: &'r str, see: &mut impl FnMut(&[&'r str], Scalar<'r>)) {
    if let Some(node) = record.root().get(block) {
        visit(node, &mut vec![block], MAX_STRINGS, see);
    }
}

fn visit<'r>(
    node: Tree<'r>,
    keys: &mut Vec<&'r str>,
    strings: u8,
    see: &mut impl FnMut(&[&'r str], Scalar<'r>),
) -> bool {
    let work = node.work();
    if !work.spend(VISIT) {
        return false;
    }
    match node.scalar() {
        Scalar::Null | Scalar::Text("") => true,
        Scalar::List => node.elements().all(|element| visit(element, keys, strings, see)),
        Scalar::Object { .. } => node.keys().all(|key| {
            keys.push(key);
            let goes_on = node.get(key).is_none_or(|member| visit(member, keys, strings, see));
            keys.pop();
            goes_on
        }),
        scalar => {
            if let Scalar::Text(text) = scalar
                && let Some(json) = work.document(text).filter(|json| strings > 0 && has_values(json))
            {
                return visit(Tree { json, work }, keys, strings - 1, see);
            }
            see(keys, scalar);
            true
        }
    }
}

/// Whether a document is more than `{}` or `[]`, which is shown as text.
fn has_values(json: &Json) -> bool {
    !json.elements().is_empty() || !json.members().is_empty()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn found(parameters: Value) -> Vec<String> {
        let record = Record::new(json!({"requestParameters": parameters, "other": {"a": 1}})).unwrap();
        let mut found = Vec::new();
        leaves(&record, "requestParameters", &mut |keys, value| {
            found.push(format!("{}={}", keys.join("."), value.to_text().unwrap_or_default()));
        });
        found
            .iter()
            .map(|leaf| leaf.trim_start_matches("requestParameters").trim_start_matches('.').to_owned())
            .collect()
    }

    #[test]
    fn every_value_has_its_keys() {
        let nested =
            json!({"userName": "b", "n": 3, "empty": "", "none": null, "items": [{"cidr": "::/0"}, {"cidr": true}]});
        assert_eq!(found(nested), ["items.cidr=::/0", "items.cidr=true", "n=3", "userName=b"]);
        assert_eq!(found(json!("text")), ["=text"]);
        assert_eq!(found(Value::Null), [""; 0]);
        assert_eq!(found(json!({"a": {}, "b": []})), [""; 0]);
    }

    #[test]
    fn json_in_strings_is_entered() {
        let policy = r#"{"Statement":[{"Principal":"*"}],"n":"{\"deep\":1}"}"#;
        assert_eq!(
            found(json!({"policy": policy, "x": "{}"})),
            ["policy.Statement.Principal=*", "policy.n.deep=1", "x={}"]
        );
        assert_eq!(
            found(json!({"policy": "%7B%22Version%22%3A%222012%22%7D", "x": "{no"})),
            ["policy.Version=2012", "x={no"]
        );
    }

    #[test]
    fn a_large_block_ends_with_the_budget() {
        let record = Record::new(json!({"requestParameters": vec![1; 10_000]})).unwrap();
        let mut count = 0;
        let within = record.work().bounded(50 * VISIT, || leaves(&record, "requestParameters", &mut |_, _| count += 1));
        assert!(within.is_none() && (1..100).contains(&count), "{count}");
    }
}
