//! Resources by short names: an ARN of the alert's own account is what follows the account in it, such as `role/EC2-dev`, and
//! that of another account begins with the account, such as `444455556666:role/EC2-dev`.
//!
//! ARNs are those of "Amazon Resource Names (ARNs)" in the AWS General Reference.

use percent_encoding::percent_decode_str;

use crate::rule::FilledPart;

/// The parts, with the ARNs and the addresses of queues in their values shortened. A kind that the word before names is left
/// out: `role role/EC2-dev` is `role EC2-dev`.
pub fn short_names(parts: &[FilledPart], account: Option<&str>) -> Vec<FilledPart> {
    let mut before = String::new();
    let mut short = |part: &FilledPart| {
        let text: String = if part.is_value {
            part.text.split_inclusive(' ').map(|word| short_word(word, &mut before, account)).collect()
        } else {
            part.text.trim_end().rsplit(' ').next().unwrap_or_default().clone_into(&mut before);
            part.text.clone()
        };
        FilledPart { text, is_value: part.is_value }
    };
    parts.iter().map(&mut short).collect()
}

/// A text, with the ARNs and the addresses of queues in it shortened.
pub fn short_text(text: &str, account: Option<&str>) -> String {
    short_names(&[FilledPart::value(text)], account).into_iter().map(|part| part.text).collect()
}

/// A word, and what separates it from the next.
fn short_word(word: &str, before: &mut String, account: Option<&str>) -> String {
    let name = word.trim_end_matches([' ', ',', ';']);
    let kind = std::mem::replace(before, name.to_owned());
    match Resource::of_arn(name).or_else(|| Resource::of_queue(name)) {
        Some(resource) => resource.short(&kind, account) + &word[name.len()..],
        None => word.to_owned(),
    }
}

/// A resource by its account, which can be empty, and its name there.
struct Resource {
    account: String,
    name: String,
}

impl Resource {
    /// Reads an ARN, which can be percent-encoded as in a path.
    fn of_arn(text: &str) -> Option<Self> {
        let decoded =
            if text.starts_with("arn%3A") { percent_decode_str(text).decode_utf8_lossy() } else { text.into() };
        let parts: Vec<&str> = decoded.splitn(6, ':').collect();
        match parts[..] {
            ["arn", partition, service, _, account, name]
                if partition.starts_with("aws") && !service.is_empty() && !name.is_empty() =>
            {
                Some(Self { account: account.to_owned(), name: name.to_owned() })
            }
            _ => None,
        }
    }

    /// Reads the address of a queue: `https://sqs.us-east-1.amazonaws.com/111122223333/orders`.
    fn of_queue(text: &str) -> Option<Self> {
        let (host, path) = text.strip_prefix("https://")?.split_once('/')?;
        let is_host = host.strip_prefix("sqs.").is_some_and(|rest| {
            rest.strip_suffix(".cn")
                .unwrap_or(rest)
                .strip_suffix(".amazonaws.com")
                .is_some_and(|region| !region.contains('.'))
        });
        let (account, name) = path.split_once('/')?;
        let is_account = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
        (is_host && is_account && !name.is_empty() && !name.contains('/'))
            .then(|| Self { account: account.to_owned(), name: name.to_owned() })
    }

    /// The short name after a word.
    fn short(&self, before: &str, own: Option<&str>) -> String {
        let of_kind = self.name.split_once(['/', ':']).filter(|(kind, _)| kind.eq_ignore_ascii_case(before));
        let name = of_kind.map(|(_, name)| name).filter(|name| !name.is_empty()).unwrap_or(&self.name);
        if self.account.is_empty() || own == Some(&self.account) {
            name.to_owned()
        } else {
            format!("{}:{name}", self.account)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(before: &str, value: &str, expected: &str) {
        let part = |text: &str, is_value| FilledPart { text: text.to_owned(), is_value };
        let short = short_names(&[part(before, false), part(value, true)], Some("111122223333"));
        assert_eq!(short[1].text, expected, "{before}{value}");
        assert_eq!(short[0].text, before);
    }

    #[test]
    fn an_arn_is_its_resource() {
        check("to ", "arn:aws:iam::111122223333:role/EC2-dev", "role/EC2-dev");
        check("to ", "arn:aws-us-gov:iam::444455556666:role/app/x", "444455556666:role/app/x");
        check("to ", "arn:aws:iam::aws:policy/AdministratorAccess", "aws:policy/AdministratorAccess");
        check("to ", "arn:aws:s3:::logs/key", "logs/key");
        check("of ", "arn:aws:sns:us-east-1:111122223333:orders", "orders");
        check("on ", "arn%3Aaws%3Aiam%3A%3A111122223333%3Auser%2Fada", "user/ada");
        check("to ", "arn:aws:iam::111122223333:root, arn:aws:iam::444455556666:root", "root, 444455556666:root");
        check("to ", "444455556666, *", "444455556666, *");
    }

    #[test]
    fn a_title_has_short_names() {
        let title = "ada assumes role arn:aws:iam::111122223333:role/app/x, then arn:aws:s3:::logs";
        assert_eq!(short_text(title, Some("111122223333")), "ada assumes role app/x, then logs");
    }

    #[test]
    fn the_kind_is_not_said_twice() {
        check("assumes role ", "arn:aws:iam::111122223333:role/app/x", "app/x");
        check("opens Key ", "arn:aws:kms:us-east-1:444455556666:key/1-2", "444455556666:1-2");
        check("gives function ", "arn:aws:lambda:us-east-1:111122223333:function:checkout", "checkout");
        check("assumes role ", "arn:aws:iam::111122223333:role/", "role/");
        check("rerole ", "arn:aws:iam::111122223333:role/x", "role/x");
    }

    #[test]
    fn the_address_of_a_queue_is_its_name() {
        check("", "https://sqs.us-east-1.amazonaws.com/111122223333/orders", "orders");
        check("", "https://sqs.cn-north-1.amazonaws.com.cn/444455556666/orders.fifo", "444455556666:orders.fifo");
        for other in [
            "https://sqs.us-east-1.evil.example/111122223333/orders",
            "https://sqs.evil.example.amazonaws.com/111122223333/orders",
            "http://sqs.us-east-1.amazonaws.com/111122223333/orders",
            "https://sqs.us-east-1.amazonaws.com/111122223333/orders/x",
            "https://sqs.us-east-1.amazonaws.com/ada/orders",
        ] {
            check("", other, other);
        }
    }

    #[test]
    fn what_is_no_arn_is_as_it_is() {
        for text in
            ["", " ", "arn:", "arn:aws:iam::111122223333", "arn:aws:iam::111122223333:", "arn:x:iam::1:y", "a  b, c;"]
        {
            check("on ", text, text);
        }
    }
}
