#![doc = include_str!("reference.md")]

pub mod ast;
mod explain;
mod matcher;
mod mistake;
pub mod operand;
pub mod operator;
mod parser;
mod path;

use std::{collections::BTreeMap, fmt};

use ast::Operand;
pub use explain::{Explanation, Gap, explain};
use matcher::Matcher;
pub use matcher::{Observer, Unobserved, rarity};
use operand::{Needs, Value};
pub use path::{continues_bare_word, starts_bare_word};

use crate::{
    diagnostic::Diagnostic,
    record::{Node, Place},
};

/// The language reference, as `trailbell help filter` prints it.
pub const REFERENCE: &str = include_str!("reference.md");

/// A filter that has been parsed, checked and compiled. Matching cannot fail.
#[derive(Clone)]
pub struct Filter {
    expr: ast::Expr,
    matcher: Matcher,
}

/// The named lists of a rules file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Lists(pub BTreeMap<String, Vec<Value>>);

impl Lists {
    /// The values of the list of that name, without its `$`.
    pub fn get(&self, name: &str) -> Option<&[Value]> {
        self.0.get(name).map(Vec::as_slice)
    }

    /// The names of all lists.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

impl Filter {
    /// Reads a filter that uses no named lists; see [`Filter::parse_with`].
    pub fn parse(text: &str) -> Result<Self, Vec<Diagnostic>> {
        Self::parse_with(text, &Lists::default())
    }

    /// Reads a filter.
    ///
    /// The errors are the first mistake in its grammar, or else everything wrong in its meaning; their spans lie
    /// in `text`.
    pub fn parse_with(text: &str, lists: &Lists) -> Result<Self, Vec<Diagnostic>> {
        let expr = parser::parse(text).map_err(|diagnostic| vec![*diagnostic])?;
        let matcher = Matcher::compile(&expr, lists)?;
        Ok(Self { expr, matcher })
    }

    /// The same filter with other lists; the errors are as in [`Filter::parse_with`].
    pub fn with_lists(&self, lists: &Lists) -> Result<Self, Vec<Diagnostic>> {
        Ok(Self { matcher: Matcher::compile(&self.expr, lists)?, expr: self.expr.clone() })
    }

    /// Whether a record matches.
    pub fn matches<'a>(&self, record: impl Node<'a>) -> bool {
        self.matches_observed(record, &mut Unobserved)
    }

    /// The same, with somebody looking on.
    pub fn matches_observed<'a>(&self, record: impl Node<'a>, observer: &mut impl Observer) -> bool {
        self.matcher.matches(record, Place::record(record), observer)
    }

    /// The filter as it was written.
    pub fn expr(&self) -> &ast::Expr {
        &self.expr
    }

    /// The names of the lists that it uses, one as often as it is written.
    pub fn lists(&self) -> impl Iterator<Item = &str> {
        self.expr.listed().into_iter().map(|(_, list)| list.name.as_str())
    }

    /// Why it would not take `value` in the list of that name; the spans are those of the list in its text.
    pub fn refusals(&self, list: &str, value: &Value) -> Vec<Diagnostic> {
        let named = self.expr.listed().into_iter().filter(|(_, name)| name.name == list);
        let operand = |span| Operand { value: value.clone(), span };
        named
            .filter_map(|(compare, name)| matcher::test(compare.operator, &operand(name.span)).err())
            .flatten()
            .collect()
    }

    /// The fields at the top of a record at which the filter may look.
    pub fn fields(&self) -> Vec<&str> {
        let mut fields = Vec::new();
        self.matcher.each_path(&mut |path| fields.extend(path.fields()));
        fields
    }

    /// What a matching record must have: of each inner list, at least one.
    pub fn needs(&self) -> Vec<Vec<Needs>> {
        self.matcher.needs(&[])
    }
}

/// In canonical form.
impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.expr.fmt(f)
    }
}

impl fmt::Debug for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Filter({})", self.expr)
    }
}
