//! The dialects of SQL: how each spells what a query needs.
//!
//! Athena's is that of Trino: "Functions in Amazon Athena" in the Amazon Athena User Guide and "Functions and operators" in
//! Trino's documentation. DuckDB's is that of "Functions" in DuckDB's documentation. A query uses only what both have.

use std::fmt::Write;

use crate::untrusted::printable;

/// A dialect of SQL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// Amazon Athena, engine version 3.
    Athena,
    /// DuckDB, version 1.3 or later.
    DuckDb,
}

impl Dialect {
    /// The value of the expression `of` for each element of a list, which is `name` in it.
    pub fn each(self, list: &str, name: &str, of: &str) -> String {
        match self {
            Dialect::Athena => format!("transform({list}, {name} -> {of})"),
            Dialect::DuckDb => format!("list_transform({list}, lambda {name}: {of})"),
        }
    }

    /// The elements of a list for which a condition holds; the element is `name` in it.
    pub fn those(self, list: &str, name: &str, condition: &str) -> String {
        match self {
            Dialect::Athena => format!("filter({list}, {name} -> {condition})"),
            Dialect::DuckDb => format!("list_filter({list}, lambda {name}: {condition})"),
        }
    }

    /// The number of elements of a list.
    pub fn count(self, list: &str) -> String {
        match self {
            Dialect::Athena => format!("cardinality({list})"),
            Dialect::DuckDb => format!("len({list})"),
        }
    }

    /// A list of one element.
    pub fn list(self, element: &str) -> String {
        match self {
            Dialect::Athena => format!("ARRAY[{element}]"),
            Dialect::DuckDb => format!("[{element}]"),
        }
    }

    /// The element of a list at an index from 0, or `NULL`.
    pub fn element(self, list: &str, index: usize) -> String {
        let at = index.saturating_add(1);
        match self {
            Dialect::Athena => format!("element_at({list}, {at})"),
            Dialect::DuckDb => format!("list_extract({list}, {at})"),
        }
    }

    /// The JSON that a text holds, or `NULL`.
    pub fn parsed(self, text: &str) -> String {
        match self {
            Dialect::Athena => format!("TRY(json_parse({text}))"),
            Dialect::DuckDb => format!("TRY(json({text}))"),
        }
    }

    /// The text of JSON.
    pub fn printed(self, json: &str) -> String {
        match self {
            Dialect::Athena => format!("json_format({json})"),
            Dialect::DuckDb => format!("CAST({json} AS VARCHAR)"),
        }
    }

    /// The text of a JSON string, number or boolean. For an object or a list it is `NULL` or its JSON.
    pub fn scalar(self, json: &str) -> String {
        match self {
            Dialect::Athena => format!("json_extract_scalar({json}, '$')"),
            Dialect::DuckDb => format!("json_extract_string({json}, '$')"),
        }
    }

    /// The member of an object, or `NULL`; `None` for a key that a JSON path cannot spell in both dialects.
    pub fn member(self, json: &str, key: &str) -> Option<String> {
        let is_word = key.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        let path = match self {
            _ if key.is_empty() || key.contains(['"', '\\', '*', '\'']) || printable(key) != key => return None,
            _ if is_word => format!("$.{key}"),
            Dialect::Athena => format!("$[\"{key}\"]"),
            Dialect::DuckDb => format!("$.\"{key}\""),
        };
        Some(format!("json_extract({json}, '{path}')"))
    }

    /// The element of a JSON list at an index from 0, or `NULL`.
    pub fn json_element(self, json: &str, index: usize) -> String {
        format!("json_extract({json}, '$[{index}]')")
    }

    /// The elements of a JSON list, or a list with the value that is none.
    pub fn unlisted(self, json: &str) -> String {
        let of = match self {
            Dialect::Athena => "ARRAY(JSON)",
            Dialect::DuckDb => "JSON[]",
        };
        format!("COALESCE(TRY_CAST({json} AS {of}), {})", self.list(json))
    }

    /// Whether a regular expression matches somewhere in a text.
    pub fn matches(self, text: &str, pattern: &str) -> String {
        let name = match self {
            Dialect::Athena => "regexp_like",
            Dialect::DuckDb => "regexp_matches",
        };
        format!("{name}({text}, {})", literal(pattern))
    }

    /// The first group of a regular expression in a text; `NULL` where it does not match, or matches nothing.
    pub fn extracted(self, text: &str, pattern: &str) -> String {
        format!("NULLIF(regexp_extract({text}, {}, 1), '')", literal(pattern))
    }

    /// The time of a text as ISO 8601 has it, or `NULL`.
    pub fn time(self, text: &str) -> String {
        match self {
            Dialect::Athena => format!("TRY(from_iso8601_timestamp({text}))"),
            Dialect::DuckDb => format!("TRY(CAST({text} AS TIMESTAMPTZ))"),
        }
    }

    /// The hour of a time in a time zone of the IANA, from 0 to 23.
    pub fn hour(self, time: &str, zone: &str) -> String {
        format!("hour({time} AT TIME ZONE {})", literal(zone))
    }

    /// The day of the week of a time in a time zone of the IANA, from 1 for Monday to 7.
    pub fn weekday(self, time: &str, zone: &str) -> String {
        let name = match self {
            Dialect::Athena => "day_of_week",
            Dialect::DuckDb => "isodow",
        };
        format!("{name}({time} AT TIME ZONE {})", literal(zone))
    }

    /// The seconds of a time since 1970.
    pub fn seconds(self, time: &str) -> String {
        match self {
            Dialect::Athena => format!("to_unixtime({time})"),
            Dialect::DuckDb => format!("epoch({time})"),
        }
    }
}

/// A text as a literal. Characters that a terminal does not show as they are become calls of `chr`.
pub fn literal(text: &str) -> String {
    let mut out = String::from("'");
    let mut calls = false;
    for c in text.chars() {
        if printable(c.encode_utf8(&mut [0; 4])).starts_with(c) {
            out.push(c);
            if c == '\'' {
                out.push(c);
            }
        } else {
            calls = true;
            // Writing to a text cannot fail.
            let _ = write!(out, "' || chr({}) || '", u32::from(c));
        }
    }
    out.push('\'');
    if calls { format!("({out})") } else { out }
}

/// The texts as a list for `IN`.
pub fn literals(texts: &[&str]) -> String {
    texts.iter().map(|text| literal(text)).collect::<Vec<_>>().join(", ")
}

/// A name as an identifier in quotes.
pub fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// The text with its ASCII letters in lower case. `lower` would also change letters that filters distinguish.
pub fn folded(text: &str) -> String {
    format!("translate({text}, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', 'abcdefghijklmnopqrstuvwxyz')")
}
