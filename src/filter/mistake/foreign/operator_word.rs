//! The operators of other languages, by what they ask: the tables.

use crate::filter::operator::{
    CIDR, CONTAINS, ENDS_WITH, EQUAL, GREATER, GREATER_OR_EQUAL, IN, LESS, LESS_OR_EQUAL, MATCHES, Operator,
    STARTS_WITH,
};

/// What an operator asks of a value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Asks {
    /// What an operator of this language asks.
    Native(&'static Operator),
    /// The text is in it, or a pattern with `%` or `*` is the whole of it.
    Like,
    /// A pattern with `*` is the whole of it.
    Glob,
    /// Any of several texts is in it.
    ContainsAny,
    /// All of several texts are in it.
    ContainsAll,
    /// It is one of two numbers or between them.
    Between,
    /// There is none.
    Missing,
    /// There is one.
    Present,
    /// There is none, or it is an empty text.
    Empty,
    /// It is true.
    True,
    /// It is false.
    False,
}

/// Whether an operator distinguishes `A` from `a`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum LetterCase {
    /// It does.
    Counts,
    /// It does not.
    Ignored,
    /// It does in one language and does not in another.
    Either,
}

/// An operator of another language.
#[derive(Clone, Copy, Debug)]
pub struct ForeignOperator {
    /// What it asks.
    pub asks: Asks,
    /// Whether it asks for the opposite.
    pub negated: bool,
    /// How it treats letter case.
    pub case: LetterCase,
}

use Asks::{Between, ContainsAll, ContainsAny, Empty, False, Glob, Like, Missing, Native, Present, True};
use LetterCase::{Counts, Either, Ignored};

/// Words for each question, without blanks, `_`, `-` and `'`, in lower case.
const WORDS: &[(Asks, LetterCase, &[&str])] = &[
    (
        Native(&EQUAL),
        Counts,
        &[
            "eq",
            "equals",
            "equal",
            "equalto",
            "equalsto",
            "is",
            "isequalto",
            "isequal",
            "eql",
            "sameas",
            "isexactly",
            "exactly",
            "term",
            "matchphrase",
            "are",
            "was",
            "exact",
            "be",
        ],
    ),
    (Native(&LESS), Counts, &["lt", "lessthan", "islessthan", "isbelow", "below", "smallerthan", "before", "under"]),
    (
        Native(&LESS_OR_EQUAL),
        Counts,
        &[
            "le",
            "lte",
            "lessorequal",
            "lessthanorequal",
            "lessthanorequalto",
            "atmost",
            "isatmost",
            "islessthanorequalto",
            "lessthanorequals",
            "nomorethan",
        ],
    ),
    (
        Native(&GREATER),
        Counts,
        &[
            "gt",
            "greaterthan",
            "isgreaterthan",
            "morethan",
            "above",
            "isabove",
            "over",
            "exceeds",
            "largerthan",
            "after",
        ],
    ),
    (
        Native(&GREATER_OR_EQUAL),
        Counts,
        &[
            "ge",
            "gte",
            "greaterorequal",
            "greaterthanorequal",
            "greaterthanorequalto",
            "atleast",
            "isatleast",
            "isgreaterthanorequalto",
            "greaterthanorequals",
            "nolessthan",
        ],
    ),
    (
        Native(&IN),
        Counts,
        &[
            "in",
            "oneof",
            "isin",
            "isoneof",
            "anyof",
            "isanyof",
            "among",
            "inlist",
            "isinlist",
            "containedin",
            "memberof",
            "inset",
            "terms",
            "withinlist",
            "equalsany",
            "equalsanyof",
            "inarray",
            "isamong",
            "ismemberof",
            "eitherof",
            "equalsoneof",
        ],
    ),
    (
        Native(&STARTS_WITH),
        Either,
        &[
            "startswith",
            "startwith",
            "beginswith",
            "beginwith",
            "prefix",
            "hasprefix",
            "startingwith",
            "beginningwith",
            "starts",
            "begins",
            "prefixedby",
            "isprefixedby",
            "startswithany",
            "startswithanyof",
            "stringstartswith",
        ],
    ),
    (
        Native(&ENDS_WITH),
        Either,
        &[
            "endswith",
            "endwith",
            "suffix",
            "hassuffix",
            "endingwith",
            "ends",
            "finisheswith",
            "suffixedby",
            "endswithany",
            "endswithanyof",
        ],
    ),
    (
        Native(&CONTAINS),
        Either,
        &[
            "contains",
            "contain",
            "includes",
            "include",
            "substring",
            "hassubstring",
            "containing",
            "containsstring",
            "containstext",
            "including",
            "strcontains",
            "stringcontains",
        ],
    ),
    (Native(&CONTAINS), Ignored, &["has", "hasword", "hasterm", "phrase"]),
    (
        Native(&MATCHES),
        Counts,
        &[
            "matches",
            "match",
            "regex",
            "regexp",
            "rlike",
            "matchesregex",
            "regexmatch",
            "regexmatches",
            "re",
            "regexplike",
            "matchregex",
            "regexpmatch",
            "regexpmatches",
            "regexfullmatch",
            "matchesregexp",
            "similarto",
            "test",
            "rematch",
            "matchespattern",
            "regexextract",
            "regexpcontains",
            "rx",
            "search",
        ],
    ),
    (
        Native(&CIDR),
        Counts,
        &[
            "cidr",
            "incidr",
            "insubnet",
            "innetwork",
            "insidecidr",
            "cidrmatch",
            "ipincidr",
            "ipinrange",
            "subnet",
            "iscidr",
            "matchescidr",
            "ipaddress",
            "ipv4isinrange",
            "ipv6isinrange",
            "insidesubnet",
            "cidrcontains",
            "ipv4isinanyrange",
            "isinsubnet",
            "isincidr",
            "innet",
        ],
    ),
    (Like, Counts, &["like", "isalike"]),
    (Glob, Counts, &["glob", "wildcard", "matcheswildcard", "fnmatch", "globmatch", "matchesglob"]),
    (ContainsAny, Ignored, &["hasany"]),
    (
        ContainsAny,
        Either,
        &["containsany", "containsanyof", "includesany", "includesanyof", "likeany", "containsoneof"],
    ),
    (ContainsAll, Ignored, &["hasall"]),
    (ContainsAll, Either, &["containsall", "containsallof", "includesall", "likeall", "includesallof"]),
    (Between, Counts, &["between", "isbetween", "inrange", "isinrange"]),
    (
        Missing,
        Counts,
        &[
            "isnull",
            "isnone",
            "isnil",
            "null",
            "missing",
            "ismissing",
            "isundefined",
            "undefined",
            "absent",
            "isabsent",
            "isunset",
            "unset",
            "none",
        ],
    ),
    (
        Present,
        Counts,
        &[
            "exists",
            "exist",
            "present",
            "ispresent",
            "isset",
            "isdefined",
            "defined",
            "existing",
            "hasvalue",
            "hasfield",
            "haskey",
            "isthere",
        ],
    ),
    (Empty, Counts, &["isempty", "empty", "isblank", "blank", "isnullorempty", "nullorempty", "isnullorwhitespace"]),
    (True, Counts, &["istrue"]),
    (False, Counts, &["isfalse"]),
];

/// Symbols for each question, longest first.
pub const SYMBOLS: &[(&str, Asks, bool, LetterCase)] = &[
    ("!=~", Native(&MATCHES), true, Counts),
    ("!~*", Native(&MATCHES), true, Ignored),
    ("!==", Native(&EQUAL), true, Counts),
    ("===", Native(&EQUAL), false, Counts),
    ("==~", Native(&MATCHES), false, Counts),
    (":<=", Native(&LESS_OR_EQUAL), false, Counts),
    (":>=", Native(&GREATER_OR_EQUAL), false, Counts),
    (":<", Native(&LESS), false, Counts),
    (":>", Native(&GREATER), false, Counts),
    ("!~", Native(&MATCHES), true, Counts),
    ("~*", Native(&MATCHES), false, Ignored),
    ("=~", Native(&MATCHES), false, Either),
    ("~=", Native(&MATCHES), false, Counts),
    ("==", Native(&EQUAL), false, Counts),
    (":=", Native(&EQUAL), false, Counts),
    ("!=", Native(&EQUAL), true, Counts),
    ("=!", Native(&EQUAL), true, Counts),
    ("<>", Native(&EQUAL), true, Counts),
    ("<=", Native(&LESS_OR_EQUAL), false, Counts),
    ("=<", Native(&LESS_OR_EQUAL), false, Counts),
    (">=", Native(&GREATER_OR_EQUAL), false, Counts),
    ("=>", Native(&GREATER_OR_EQUAL), false, Counts),
    ("^=", Native(&STARTS_WITH), false, Counts),
    ("*=", Native(&CONTAINS), false, Counts),
    ("~", Native(&MATCHES), false, Counts),
    ("!", Native(&EQUAL), true, Counts),
    ("=", Native(&EQUAL), false, Counts),
    (":", Native(&EQUAL), false, Counts),
    ("<", Native(&LESS), false, Counts),
    (">", Native(&GREATER), false, Counts),
];

/// Words that turn what follows into its opposite, without blanks.
const NEGATIONS: &[&str] =
    &["doesnot", "donot", "doesnt", "dont", "isnot", "arenot", "isnt", "wasnot", "arent", "not", "non"];

/// Ends of words that leave letter case out or take it in.
const CASES: &[(&str, LetterCase)] = &[
    ("caseinsensitive", Ignored),
    ("ignorecase", Ignored),
    ("insensitive", Ignored),
    ("casesensitive", Counts),
    ("nocase", Ignored),
    ("cased", Counts),
    ("cs", Counts),
    ("ci", Ignored),
];

/// The operator that words mean: `not_contains`, `does not contain`, `NotContains`.
pub fn meant(words: &str) -> Option<ForeignOperator> {
    let word: String = words.chars().filter(|c| !matches!(c, '_' | '-' | '\'' | '’') && !c.is_whitespace()).collect();
    let word = word.to_ascii_lowercase();
    // Several words are not taken apart: in `in test`, `n` is no negation.
    if words.contains(char::is_whitespace) { with_negation(&word, &in_any_case) } else { with_affixes(&word) }
}

/// A word, or one with letter case before or after it: `icontains`, `contains_cs`.
fn in_any_case(word: &str) -> Option<ForeignOperator> {
    let cased = || {
        let ends = CASES.iter().find_map(|(end, case)| Some((exact(word.strip_suffix(end)?)?, *case)));
        let (operator, case) = ends.or_else(|| Some((exact(word.strip_prefix('i')?)?, Ignored)))?;
        Some(ForeignOperator { case, ..operator })
    };
    exact(word).or_else(cased)
}

fn exact(word: &str) -> Option<ForeignOperator> {
    let (asks, negated, case) = match word {
        "isnot" | "isnt" | "arenot" | "not" | "ne" | "neq" | "unequal" | "differs" | "differsfrom"
        | "differentfrom" | "isdifferentfrom" | "otherthan" | "isnoteq" => (Native(&EQUAL), true, Counts),
        "nin" | "noneof" | "isnoneof" | "neitherof" => (Native(&IN), true, Counts),
        "lacks" | "excludes" | "exclude" | "omits" => (Native(&CONTAINS), true, Either),
        _ => {
            let (asks, case, _) = WORDS.iter().find(|(_, _, words)| words.contains(&word))?;
            (*asks, false, *case)
        }
    };
    Some(ForeignOperator { asks, negated, case })
}

fn with_negation(word: &str, positive: &dyn Fn(&str) -> Option<ForeignOperator>) -> Option<ForeignOperator> {
    let opposite = |not: &&str| {
        let operator = positive(word.strip_prefix(not)?)?;
        Some(ForeignOperator { negated: !operator.negated, ..operator })
    };
    positive(word).or_else(|| NEGATIONS.iter().find_map(opposite))
}

/// `not…`, `n…`, `un…` and `is…` before the rest.
fn with_affixes(word: &str) -> Option<ForeignOperator> {
    let short = || {
        let rest = word.strip_prefix("un").or_else(|| word.strip_prefix('n'))?;
        in_any_case(rest).map(|operator| ForeignOperator { negated: !operator.negated, ..operator })
    };
    let full = || in_any_case(word.strip_prefix("is").or_else(|| word.strip_prefix("does"))?);
    with_negation(word, &in_any_case).or_else(short).or_else(full)
}
