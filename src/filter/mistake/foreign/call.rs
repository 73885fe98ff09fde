//! Functions, methods and modifiers of other languages: `lower(x)`, `x.startswith("a")`, `x|contains`.

use super::{
    comparison::{build, unless},
    field::path_of,
    operator_word::{Asks, ForeignOperator, LetterCase, meant},
    reader::Reader,
    rewrite::{Meant, compare, item},
    value::ForeignValue,
};
use crate::{
    filter::{
        ast::Right,
        operand::Value,
        operator::{EQUAL, EXISTS, MATCHES},
    },
    number::Number,
    record::{Path, Step},
};

/// Functions that put text into one case.
const FOLDING: &[&str] = &[
    "lower",
    "tolower",
    "tolowercase",
    "upper",
    "toupper",
    "touppercase",
    "casefold",
    "asciidowncase",
    "asciiupcase",
    "lowercase",
    "uppercase",
    "lcase",
    "ucase",
    "downcase",
    "upcase",
];
/// Functions that return what they are given, as another type or without blanks.
const KEEPING: &[&str] = &[
    "str",
    "string",
    "tostring",
    "trim",
    "strip",
    "cast",
    "int",
    "number",
    "tonumber",
    "toint",
    "tolong",
    "coalesce",
    "ifnull",
    "nvl",
    "todynamic",
    "parsejson",
    "jsonparse",
    "first",
    "text",
    "btrim",
    "tobool",
    "boolean",
    "asstring",
    "trycast",
];
/// Functions that count.
const COUNTING: &[&str] =
    &["len", "length", "size", "count", "arraylength", "strlen", "cardinality", "charlength", "arraysize"];
/// Functions of the hour of a time.
const HOURS: &[&str] = &["hour", "hourofday", "gethour", "gethours", "getutchours", "datehour"];

fn letters(name: &str) -> String {
    name.chars().filter(|c| *c != '_').map(|c| c.to_ascii_lowercase()).collect()
}

/// What the brackets of a call hold.
struct Arguments {
    path: Option<Path>,
    values: Vec<ForeignValue>,
}

impl Reader<'_> {
    /// A function and what is compared with it.
    pub fn call(&mut self, name: &str) -> Option<Meant> {
        self.skip(name.len());
        let known = letters(name);
        self.mark("unknown-function", || format!("the language has no function `{name}`"));
        let arguments = self.arguments()?;
        if HOURS.contains(&known.as_str()) {
            return self.after_field(path_of(vec![Step::Key("hour".to_owned())], false), false);
        }
        let path = arguments.path?;
        if FOLDING.contains(&known.as_str()) {
            return self.after_method(path, true);
        }
        if KEEPING.contains(&known.as_str()) || known.contains("json") {
            return self.after_method(path, false);
        }
        if COUNTING.contains(&known.as_str()) {
            return self.counted(&path);
        }
        self.asked(path, &known, arguments.values, false)
    }

    /// A method of a field, whose name was read.
    pub fn method(&mut self, path: Path, name: &str, ignores: bool) -> Option<Meant> {
        let known = letters(name);
        self.mark("unknown-function", || format!("the language has no function `{name}`"));
        let arguments = self.arguments()?;
        if FOLDING.contains(&known.as_str()) {
            return self.after_method(path, true);
        }
        if KEEPING.contains(&known.as_str()) {
            return self.after_method(path, ignores);
        }
        if COUNTING.contains(&known.as_str()) {
            return self.counted(&path);
        }
        // `re.search("a", userAgent)`: the field is among the arguments.
        self.asked(arguments.path.unwrap_or(path), &known, arguments.values, ignores)
    }

    /// What follows `lower(x)` or `x.lower()`: another method, or an operator.
    fn after_method(&mut self, mut path: Path, ignores: bool) -> Option<Meant> {
        while self.eat('.') {
            let name = self.word()?;
            if self.peek() == Some('(') {
                return self.method(path, name, ignores);
            }
            path.steps.push(Step::Key(name.to_owned()));
        }
        self.after_field(path, ignores)
    }

    /// A call that asks a question by itself, such as `contains(x, "a")`, with `= true` or `= false` after it.
    fn asked(&mut self, path: Path, name: &str, values: Vec<ForeignValue>, ignores: bool) -> Option<Meant> {
        let mut operator = meant(name).or_else(|| meant(name.strip_prefix("equals")?))?;
        let mut values = values;
        if let Asks::Native(native) = operator.asks
            && *native == MATCHES
        {
            // jq has flags after the expression.
            if values.len() == 2
                && let Some(ForeignValue::One(Value::Text(flags))) = values.last()
                && flags.len() <= 3
                && flags.chars().all(|c| "gimnpsx".contains(c))
            {
                operator.case = if flags.contains('i') { LetterCase::Ignored } else { LetterCase::Counts };
                values.pop();
            }
        } else if operator.case == LetterCase::Either {
            operator.case = LetterCase::Counts;
        }
        if ignores {
            operator.case = LetterCase::Ignored;
        }
        if name == "has" && values.is_empty() {
            operator.asks = Asks::Present;
        }
        let meant = build(&path, operator, values, self)?;
        let mut ahead = self.clone();
        let compared = ahead.operator().filter(|operator| operator.asks == Asks::Native(&EQUAL));
        match compared.map(|operator| (operator.negated, ahead.one_value(false))) {
            Some((negated, Some(ForeignValue::One(Value::Bool(holds))))) => {
                *self = ahead;
                Some(unless(meant, holds != negated))
            }
            _ => Some(meant),
        }
    }

    /// `len(x) > 0`: whether there is a value.
    fn counted(&mut self, path: &Path) -> Option<Meant> {
        let operator = self.operator()?;
        let ForeignValue::One(Value::Number(limit)) = self.one_value(false)? else { return None };
        let Asks::Native(native) = operator.asks else { return None };
        let is = |number: i128| limit == Number::Int(number);
        let some = match (native.spelling, operator.negated) {
            ("=", true) | (">", false) if is(0) => true,
            (">=", false) if is(1) => true,
            ("=" | "<=", false) if is(0) => false,
            ("<", false) if is(1) => false,
            _ => return None,
        };
        let none = compare(path, &EQUAL, Right::One(item(Value::Null)));
        Some(Meant::one(if some { compare(path, &EXISTS, Right::Nothing) } else { none }))
    }

    /// The fields and values in the brackets of a call.
    fn arguments(&mut self) -> Option<Arguments> {
        self.blanks();
        if !self.eat('(') {
            return None;
        }
        let mut found = Arguments { path: None, values: Vec::new() };
        while !self.eat_after_blanks(')') {
            self.blanks();
            let mut ahead = self.clone();
            let value = ahead.one_value(true);
            let is_path = |reader: &Self| {
                let mut reader = reader.clone();
                let read = reader.field().filter(|(_, method)| method.is_none());
                reader.blanks();
                read.filter(|_| {
                    matches!(reader.peek(), Some(')' | ',' | ';'))
                        || reader.next_word().is_some_and(|word| word.eq_ignore_ascii_case("as"))
                })
                .map(|(path, _)| (path, reader))
            };
            let literal = matches!(
                value,
                Some(
                    ForeignValue::One(Value::Bool(_) | Value::Null | Value::Number(_))
                        | ForeignValue::Many(_)
                        | ForeignValue::Named(_)
                )
            ) || self.rest().starts_with(['"', '\'', '/']);
            if !literal && let Some((path, after)) = is_path(self) {
                let foreign = after.foreign.clone();
                *self = after;
                self.foreign = foreign;
                match found.path {
                    None => found.path = Some(path),
                    Some(_) => found.values.push(ForeignValue::Field(path)),
                }
                if self.eat_word("as") {
                    self.blanks();
                    self.word()?;
                }
            } else {
                let value = value?;
                // The members of an object in JSON: `json_extract_scalar(x, '$.a.b')`
                let inner = match &value {
                    ForeignValue::One(Value::Text(text)) if found.path.is_some() => text.strip_prefix("$."),
                    _ => None,
                };
                match (inner, &mut found.path) {
                    (Some(inner), Some(path)) => {
                        path.steps.extend(inner.split('.').map(|key| Step::Key(key.to_owned())));
                    }
                    _ => found.values.push(value),
                }
                *self = ahead;
            }
            self.blanks();
            if !(self.eat(',') || self.eat(';')) && self.peek() != Some(')') {
                return None;
            }
        }
        Some(found)
    }

    /// Sigma's modifiers, `field|contains|all: …`, and what jq pipes a field into.
    pub fn piped(&mut self, path: Path, ignores: bool) -> Option<Meant> {
        let mut operator: Option<ForeignOperator> = None;
        let (mut all, mut cased, mut folds) = (false, false, false);
        while self.eat_after_blanks('|') {
            self.blanks();
            let word = self.word()?;
            let known = letters(word);
            self.mark("unknown-operator", || format!("`|{word}` is not an operator"));
            if self.peek() == Some('(') {
                return self.method(path, word, ignores);
            }
            match known.as_str() {
                "all" => all = true,
                "cased" => cased = true,
                "i" => folds = true,
                "not" => return None,
                _ if FOLDING.contains(&known.as_str()) => return self.after_field(path, true),
                _ if COUNTING.contains(&known.as_str()) => return self.counted(&path),
                _ if KEEPING.contains(&known.as_str()) => {}
                _ => operator = Some(meant(word)?),
            }
            self.blanks();
        }
        if !self.eat_after_blanks(':') && operator.is_none() {
            return self.after_field(path, ignores);
        }
        let mut operator = operator.unwrap_or(ForeignOperator {
            asks: Asks::Native(&EQUAL),
            negated: false,
            case: LetterCase::Either,
        });
        let counts = matches!(operator.asks, Asks::Native(native) if matches!(native.spelling, "matches" | "cidr" | "<" | "<=" | ">" | ">="));
        operator.case = if folds || !cased && !counts { LetterCase::Ignored } else { LetterCase::Counts };
        if all {
            operator.asks = Asks::ContainsAll;
        }
        if operator.asks == Asks::Present {
            let ForeignValue::One(Value::Bool(present)) = self.one_value(false)? else { return None };
            return build(&path, ForeignOperator { negated: !present, ..operator }, Vec::new(), self);
        }
        self.right_side(&path, operator)
    }
}
