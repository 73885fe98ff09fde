//! Mistakes in comparisons: at the operator and on its right.

use super::{
    foreign::operator_meant,
    unexpected::{LIKELY_OPERATORS, Unexpected, code, connective, curly, foreign},
};
use crate::{
    diagnostic::{Diagnostic, Span, nearest, shorten},
    filter::{
        ast::{ListName, Right},
        operand::Takes,
        operator::{self, Meaning, Operator},
    },
    record::{Path, Virtual},
};

/// A field with no operator after it.
pub fn expected_operator(found: Unexpected, path: &Path) -> Diagnostic {
    if let Some(answer) = foreign(&found) {
        return answer;
    }
    let help = if let Some(name) = path.to_string().strip_suffix(':') {
        format!("write `{name} =`; a `:` at the end belongs to the name")
    } else if found.text.starts_with(['"', '\'']) {
        format!("put an operator between field and value, such as {}", code(&format!("{path} = …")))
    } else if found.text.starts_with('(') {
        function(&path.to_string()).to_owned()
    } else if found.text.starts_with('[') {
        format!("write {} without a blank", code(&format!("{path}{}", found.text)))
    } else {
        format!("to test only whether it has a value, write {}", code(&format!("{path} exists")))
    };
    Diagnostic::error(
        "expected-operator",
        format!("expected an operator after {}, found {}", code(&shorten(&path.to_string())), found.named()),
        found.span,
        LIKELY_OPERATORS,
    )
    .help(help)
}

/// What to use in place of a function.
fn function(name: &str) -> &'static str {
    match name.to_ascii_lowercase().as_str() {
        "count" | "dcount" | "sum" | "avg" | "min" | "max" | "distinct" | "count_distinct" | "uniq" => {
            "count events with the fields `threshold`, `window` and `distinct` of the rule; a filter sees one event"
        }
        "now" | "ago" | "date" | "datetime" | "timestamp" | "dayofweek" | "weekday" | "strftime" | "date_format" => {
            "compare `hour`, `weekday` or `timestamp` with a number"
        }
        _ => "write a field, an operator and a value; the language has no functions",
    }
}

/// A word or symbol that is no operator; `next` is what follows it.
pub fn unknown_operator(spelling: &str, span: Span, path: &Path, next: &str) -> Diagnostic {
    let lower = spelling.to_ascii_lowercase();
    if matches!(lower.as_str(), "and" | "or") {
        return expected_operator(Unexpected { text: spelling.to_owned(), span }, path);
    }
    if lower != "!"
        && let Some(answer) = connective(spelling, span)
    {
        return answer;
    }
    let foreign_operator = operator_meant(spelling, path);
    let help = match lower.as_str() {
        "not" => negated(path, next),
        "not_in_account" | "notin_account" | "not_inaccount" | "outside_account" | "other_account" | "foreign"
        | "foreign_account" | "not_account" => {
            "write `foreign_to` for a value whose account is not among these".to_owned()
        }
        "not_foreign_to" | "account" | "accounts" | "of_account" | "account_in" | "same_account" | "from_account" => {
            "write `in_account` for a value whose account is among these".to_owned()
        }
        "field" => "write the operator first, such as `= field …`".to_owned(),
        _ if quantifier(path) => {
            "write `any list (…)` for one element, or `not any list (not (…))` for every element".to_owned()
        }
        _ => match nearest(&lower, operator::all().map(|operator| operator.spelling)) {
            _ if foreign_operator.is_some() => foreign_operator.unwrap_or_default(),
            // A word that denies something is not taken for one that asks for it.
            Some(known) if ["n", "un", "!", "-n"].iter().any(|no| lower.starts_with(no)) => {
                format!("write {}", code(&format!("not ({path} {known} …)")))
            }
            Some(known) => format!("write `{known}`"),
            None if path.to_string() == "`exists`" => format!("write `{spelling} exists`"),
            None => "`trailbell help filter` lists the operators; put a name with a blank in back-quotes".to_owned(),
        },
    };
    Diagnostic::error("unknown-operator", format!("`{}` is not an operator", shorten(spelling)), span, LIKELY_OPERATORS)
        .help(help)
}

/// Whether it is not a field but a word with which other languages quantify over the elements of a list.
fn quantifier(path: &Path) -> bool {
    matches!(path.to_string().to_ascii_lowercase().as_str(), "all" | "every" | "each" | "some" | "none")
}

/// The repair of `path not next …`.
fn negated(path: &Path, next: &str) -> String {
    match operator::named(next) {
        Some(Operator { takes: Takes::Nothing, spelling, .. }) => {
            format!("write {}", code(&format!("not {path} {spelling}")))
        }
        Some(Operator { takes: Takes::List, spelling, .. }) => {
            format!("write {}", code(&format!("not ({path} {spelling} (…))")))
        }
        Some(Operator { takes: Takes::Accounts, meaning: Meaning::Account, .. }) => format!(
            "write {}; {} is also true for `*` and for services",
            code(&format!("{path} foreign_to …")),
            code(&format!("not ({path} in_account …)"))
        ),
        Some(Operator { spelling, .. }) => format!("write {}", code(&format!("not ({path} {spelling} …)"))),
        None if next.eq_ignore_ascii_case("null") => format!("write {}", code(&format!("{path} != null"))),
        None => format!("write {}; to negate a condition, put `not` before it", code(&format!("{path} != …"))),
    }
}

/// No value where an operator needs one.
pub fn expected_value(found: Unexpected, operator: &Operator) -> Diagnostic {
    if let Some(answer) = foreign(&found) {
        return answer;
    }
    let spelling = operator.spelling;
    let first = found.text.chars().next();
    let title = match first {
        Some('(') if operator.takes.list() => "a list cannot contain a list".to_owned(),
        Some('[') if operator.takes.list() => "`[` does not begin a list of values".to_owned(),
        Some('(' | '[') => format!("`{spelling}` takes one value, not a list"),
        _ => format!("expected a value after `{spelling}`, found {}", found.named()),
    };
    let help = match first {
        Some('(') if operator.takes.list() => "write all values in one list",
        Some('[') if operator.takes.list() => "write the list in `(` and `)`",
        Some('[') if operator.takes == Takes::ValueOrNull && found.text == "[]" => {
            "write `null`, because an empty list counts as no value"
        }
        Some('(' | '[') if operator.takes == Takes::ValueOrNull => {
            "write `in` to compare with each value of a list, such as `eventName in (\"a\", \"b\")`"
        }
        Some('(' | '[') => "write a condition for each value, and join them with `or`",
        Some(')') if operator.takes.list() => "write at least one value, and no `,` after the last",
        Some('.') => "write a digit before the point, such as `0.5`",
        Some('{') if operator.takes == Takes::ValueOrNull && found.text.len() == 1 => {
            "write `{}`, without a blank, for an object without keys"
        }
        Some('{') => "compare the fields of the object one by one",
        Some('+') => "write the number without `+`",
        Some('/') if operator.raw => "write the regular expression in quotes",
        _ => "write text in quotes, a number, `true` or `false`",
    };
    Diagnostic::error("expected-value", title, found.span, "expected a value").help(help)
}

/// No list where an operator needs one.
pub fn expected_list(found: Unexpected, operator: &Operator) -> Diagnostic {
    if let Some(answer) = foreign(&found) {
        return answer;
    }
    let help = match found.text.chars().next() {
        Some('"' | '\'') if found.text[1..].starts_with('$') => {
            format!("write `{} {}` for the list of that name, without quotes", operator.spelling, bare(&found.text))
        }
        Some('"' | '\'') => format!("write `{} ({})`", operator.spelling, found.text),
        Some(_) if operator.meaning == Meaning::Member && matches!(&*found.text, "account" | "accounts") => {
            "write `in_account` to compare the account of an ARN or of an id".to_owned()
        }
        Some('A'..='Z' | 'a'..='z') => {
            let (operator, word) = (operator.spelling, &found.text);
            format!("write `{operator} (\"{word}\")`, or `{operator} ${word}` for the list of that name")
        }
        Some('[') => "write the list in `(` and `)`".to_owned(),
        _ => format!("write `{} (\"a\", \"b\")`", operator.spelling),
    };
    Diagnostic::error(
        "expected-list",
        format!("expected a list after `{}`, found {}", operator.spelling, found.named()),
        found.span,
        "expected `(`",
    )
    .help(help)
}

/// A list that continues with something other than `,` or `)`.
pub fn unclosed_list(found: Unexpected, bracket: Span) -> Diagnostic {
    let (title, help) = if found.text.is_empty() {
        ("a list is never closed".to_owned(), "add the `)`")
    } else {
        (format!("{} follows a value of a list", found.named()), "put `,` between the values and `)` after the last")
    };
    Diagnostic::error("unclosed-list", title, found.span, "expected `,` or `)`")
        .context(bracket, "the list begins here")
        .help(help)
}

/// A named list where the language expects one value.
pub fn list_not_here(list: &ListName, operator: &Operator) -> Diagnostic {
    let (title, help) = match operator.takes {
        Takes::List | Takes::ValueOrList | Takes::Accounts => (
            format!("a list cannot contain the list `${}`", shorten(&list.name)),
            format!("write `{} ${}`", operator.spelling, list.name),
        ),
        Takes::ValueOrNull => (
            format!("`{}` takes one value, not a list", operator.spelling),
            format!("write `in ${}` to compare with each value of the list", list.name),
        ),
        Takes::Value | Takes::Nothing => (
            format!("`{}` takes one value, not a list", operator.spelling),
            "write a condition for each value, and join them with `or`".to_owned(),
        ),
    };
    Diagnostic::error("expected-value", title, list.span, "expected a value").help(help)
}

/// `null` after an operator that compares with something.
pub fn null_not_here(span: Span, operator: &Operator) -> Diagnostic {
    Diagnostic::error(
        "null-not-here",
        format!("`null` cannot follow `{}`", operator.spelling),
        span,
        "expected a value",
    )
    .help("to test for no value, write `= null`; to test for any value, write `!= null`")
}

/// `{}` after an operator that compares with something else.
pub fn object_not_here(span: Span, operator: &Operator) -> Diagnostic {
    Diagnostic::error(
        "object-not-here",
        format!("`{{}}` cannot follow `{}`", operator.spelling),
        span,
        "expected a value",
    )
    .help("to test for an object without keys, write `= {}` or `!= {}`")
}

/// `field` after an operator that cannot compare two fields.
pub fn field_not_here(span: Span, operator: &Operator) -> Diagnostic {
    let title = format!("`{}` cannot compare with another field", operator.spelling);
    Diagnostic::error("field-not-here", title, span, "expected a value").help(
        "compare two fields with `=`, `!=`, `<`, `>`, `starts_with`, `ends_with`, `contains` or a similar operator",
    )
}

/// No field after `field`.
pub fn expected_field(found: Unexpected) -> Diagnostic {
    if found.text.starts_with(['"', '\'']) {
        return Diagnostic::error("expected-field", "text follows `field`", found.span, "expected a field")
            .help(format!("name a field, or compare with the text: remove `field` before `{}`", found.text));
    }
    Diagnostic::error("expected-field", format!("{} follows `field`", found.named()), found.span, "expected a field")
        .help("name the other field: `accountId != field recipientAccountId`")
}

/// A list that the rules file does not have.
pub fn unknown_list<'a>(name: &str, span: Span, known: impl IntoIterator<Item = &'a str>) -> Diagnostic {
    let known: Vec<&str> = known.into_iter().collect();
    let help = match nearest(name, known.iter().copied()) {
        Some(list) => format!("write `${list}`"),
        None if name.is_empty() => "write the name of a list of the rules file, such as `$admins`".to_owned(),
        None => format!("add it to `lists:` at the top of the rules file: `{name}: [\"…\"]`"),
    };
    Diagnostic::error(
        "unknown-list",
        format!("there is no list `${}`", shorten(name)),
        span,
        "expected the name of a list",
    )
    .help(help)
}

/// The same before `= null`, where a field could be meant.
pub fn unknown_list_on_the_left<'a>(name: &str, span: Span, known: impl IntoIterator<Item = &'a str>) -> Diagnostic {
    unknown_list(name, span, known).note(format!("a field of that name is written `` `${name}` ``"))
}

/// Values that the operator does not take, where they may be those of named lists.
pub fn in_lists(refused: Vec<Diagnostic>, right: &Right) -> Vec<Diagnostic> {
    let noted = |error: Diagnostic| match right.lists().find(|list| list.span == error.span) {
        Some(list) => error.note(format!("it is a value of the list `${}`; fix it there", list.name)),
        None => error,
    };
    refused.into_iter().map(noted).collect()
}

/// A word that should be text.
pub fn unquoted(found: Unexpected) -> Diagnostic {
    let word = bare(&found.text);
    let help = if found.text == "field" {
        "compare with each field on its own, and join the conditions with `or`".to_owned()
    } else if names_field(word) {
        format!("write `\"{word}\"`, or `field {word}` for the value of that field")
    } else {
        format!("write `\"{word}\"`")
    };
    Diagnostic::error(
        "unquoted-text",
        format!("{} is not in quotes", found.named()),
        found.span,
        "expected text in quotes",
    )
    .help(help)
}

/// The text without the quotes around it.
fn bare(text: &str) -> &str {
    text.trim_matches(['"', '\''])
}

/// Whether a word looks like a field of a record rather than like text.
fn names_field(word: &str) -> bool {
    const FIELDS: [&str; 7] = [
        "userIdentity",
        "requestParameters",
        "responseElements",
        "additionalEventData",
        "recipientAccountId",
        "sourceIPAddress",
        "record",
    ];
    let first = word.split(['.', '[']).next().unwrap_or_default();
    FIELDS.contains(&first) || Virtual::named(first).is_some()
}

/// A number such as an account id that begins with a zero.
pub fn leading_zero(text: &str, span: Span) -> Diagnostic {
    Diagnostic::error(
        "leading-zero",
        format!("the number `{}` begins with a zero", shorten(text)),
        span,
        "expected text in quotes",
    )
    .note("a number has no leading zero; an account id is text")
    .help(format!("quote it: `\"{text}\"`"))
}

/// A number that no float can hold.
pub fn number_too_large(found: Unexpected) -> Diagnostic {
    Diagnostic::error(
        "number-too-large",
        format!("{} is too large", found.named()),
        found.span,
        "expected a number up to 1.8e308",
    )
    .help("write a smaller number, or quote it to compare it as text")
}

/// A quote that is never closed on its line; `text` is the part after it.
pub fn unclosed_quote(quote: char, text: &str, found: Unexpected, opening: Span) -> Diagnostic {
    let (name, expected) = match quote {
        '`' => ("a back-quote", "expected a back-quote".to_owned()),
        _ => ("a quote", format!("expected `{quote}`")),
    };
    let title =
        if found.text.is_empty() { format!("{name} is never closed") } else { "a line break inside quotes".to_owned() };
    let help = match text.chars().find(|c| curly(*c).is_some()) {
        _ if quote == '`' => "close the back-quote after the name".to_owned(),
        Some(curly) => format!("write `{quote}` in place of the curly `{curly}`"),
        None if text.ends_with(quote) => {
            format!("write `\\\\` for a backslash: `\\{quote}` is a quote inside the text")
        }
        None => format!("close it with `{quote}`; a line break in a value is written `\\n`"),
    };
    Diagnostic::error("unclosed-quote", title, Span::new(found.span.start, found.span.start), expected)
        .context(opening, "opened here")
        .help(help)
}

/// `\u` without the number of a character after it.
pub fn bad_code_point(span: Span) -> Diagnostic {
    Diagnostic::error(
        "bad-escape",
        "`\\u` needs the number of a character",
        span,
        "expected `\\u{…}` with one to six hexadecimal digits",
    )
    .help("write, for example, `\\u{e9}` for é")
}

/// A backslash before a letter that makes no escape.
pub fn unknown_escape(letter: Option<char>, start: usize) -> Diagnostic {
    let shown = letter.map(String::from).unwrap_or_default();
    Diagnostic::error(
        "bad-escape",
        format!("`\\{shown}` is not an escape"),
        Span::new(start, start + 1 + shown.len()),
        "expected `\\\\`, `\\\"`, `\\'`, `\\n`, `\\r`, `\\t` or `\\u{…}`",
    )
    .help(format!("for a backslash write `\\\\`: `\\\\{shown}`"))
}
