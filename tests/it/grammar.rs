//! The grammar as a whole: printing and parsing are inverse, no text makes the parser panic, and the laws of logic hold.

use crate::arbitrary::{bare, element_expr, expr, expr_of, lists, path, record, record_of};
use proptest::{collection::vec, prelude::*, sample::select};
use trailbell::{
    diagnostic::Span,
    filter::{
        Filter, Observer, Unobserved,
        ast::{Compare, Expr, ExprKind, Right},
        operator,
    },
    record::{Path, Root, Scalar, Step},
};

fn parse(text: &str) -> Filter {
    Filter::parse_with(text, &lists()).unwrap_or_else(|errors| panic!("{text}\n{errors:#?}"))
}

fn compiled(expr: &Expr) -> Filter {
    parse(&expr.to_string())
}

fn not(expr: &Expr) -> Expr {
    bare(ExprKind::Not(Box::new(expr.clone())))
}

/// `print(parse(text)) == text`.
fn check_canonical(text: &str) {
    assert_eq!(parse(text).to_string(), text);
}

#[test]
fn canonical_text_is_printed_as_it_is() {
    for text in [
        r#"eventName = "PutImage""#,
        "a = 1 and b != 0.5 and c = true",
        "(a = 1 and b = 2) or c = null",
        "a = 1 or (b = 2 and (c = 3 or d = 4))",
        "not a exists",
        "not not a exists",
        "not (a = 1 or b = 2)",
        r#"eventName in ("PutImage", 5, true)"#,
        r#"userAgent starts_with "aws-cli/""#,
        r"a.`odd name`.`tag.name`.x-amz-acl:b.$c.@d = 1",
        "`user` = 1 and user = 1",
        "`not` exists and `in` in (1) and `Null` = null and a.not = 1",
        r#"a = "it's \"so\" \\ \n\r\t\u{7f} é""#,
        "a = -9223372036854775808 or a = 18446744073709551615",
        "a = {} or a != {}",
        "$none = null or ($accounts != null and `$none` = 1)",
        "a foreign_to ($accounts, field b) or a in_account $none or a in $accounts",
        r#"a in_account "111122223333" or a foreign_to field b.c"#,
        r#"a foreign_to ("111122223333", field user, field `user`)"#,
        "any a (it foreign_to (field record.user, field it[0], field b))",
        "`$a` = 1 and `$a`.b = null and a.$b = null",
    ] {
        check_canonical(text);
    }
}

#[test]
fn other_text_is_printed_in_canonical_form() {
    for (text, canonical) in [
        ("a=1 AND b=2", "a = 1 and b = 2"),
        ("((a = 1))", "a = 1"),
        ("(a = 1) and ((b = 2))", "a = 1 and b = 2"),
        ("a = 1 and b = 2 or c = 3", "(a = 1 and b = 2) or c = 3"),
        ("(a = 1 and b = 2) and c = 3", "(a = 1 and b = 2) and c = 3"),
        ("NOT(a EXISTS)", "not a exists"),
        ("a STARTS_WITH 'x\"'", r#"a starts_with "x\"""#),
        ("`a`.`b c` = NULL", "a.`b c` = null"),
        ("`user` = 1 and user = 1", "`user` = 1 and user = 1"),
        ("not exists", "`not` exists"),
        ("a = 1.0 or a = 1e3 or a = -0", "a = 1 or a = 1000 or a = 0"),
        ("a\n in ( 'x' ,\t2 )", r#"a in ("x", 2)"#),
        ("a={}AND b!={}", "a = {} and b != {}"),
        (
            "a FOREIGN_TO('111122223333',FIELD b ,\nfield c.`d e`)",
            r#"a foreign_to ("111122223333", field b, field c.`d e`)"#,
        ),
        ("$a = 1 and $a starts_with 'x'", r#"`$a` = 1 and `$a` starts_with "x""#),
        ("$none=null and not $none exists", "$none = null and not $none != null"),
        ("any a ($none = NULL)", "any a ($none = null)"),
        ("$a.b = null and $a[0] exists", "`$a`.b = null and `$a`[0] exists"),
    ] {
        assert_eq!(parse(text).to_string(), canonical, "{text}");
        check_canonical(canonical);
    }
}

/// Pieces of the language, correct and incorrect, that a test joins at random.
fn fragment() -> impl Strategy<Value = String> {
    let spellings = operator::all().map(|operator| operator.spelling);
    let pieces: Vec<&str> = [
        "and",
        "or",
        "not",
        "AND",
        "Not",
        "any",
        "null",
        "true",
        "(",
        ")",
        ",",
        ".",
        "..",
        "`",
        "``",
        "`a b`",
        "'",
        "\"",
        "\"text\"",
        "'text'",
        "\\",
        "\"\\u{",
        "\\n",
        "\n",
        "\r",
        " ",
        "\t",
        "\u{a0}",
        "\u{2028}",
        "a",
        "user",
        "a.b",
        "5",
        "-",
        "-5",
        "05",
        "{}",
        "{",
        "$none",
        "$x = null",
        "\"111122223333\"",
        "field",
        "1e999",
        "0.5",
        "==",
        "&&",
        "||",
        "!",
        "“",
        "”",
        "’",
        "is",
        "is not",
        "not in",
        "[0]",
        "é",
        "😀",
        "\u{0}",
        "#",
        "$",
        "@",
        "in (",
        "('a', 'b')",
        "{{",
        "}}",
        ";",
        ":",
        "\u{feff}",
    ]
    .into_iter()
    .chain(spellings)
    .collect();
    prop_oneof![4 => select(pieces).prop_map(str::to_owned), 1 => any::<String>()]
}

/// Parses a text; the spans of every error are in the text.
fn read(text: &str) -> Result<(), TestCaseError> {
    if let Err(errors) = Filter::parse(text) {
        prop_assert!(!errors.is_empty());
        for error in &errors {
            let places = error.context.iter().map(|(span, _)| span).chain([&error.span]);
            for span in places {
                prop_assert!(span.start <= span.end && span.end <= text.len().max(1), "{:?} in {:?}", span, text);
                prop_assert!(text.is_char_boundary(span.start), "{:?} in {:?}", span, text);
            }
            prop_assert!(!error.title.is_empty() && !error.label.is_empty() && error.help.is_some(), "{:?}", error);
        }
    }
    // A text that is one path has a parser of its own.
    let _ = Path::parse(text);
    Ok(())
}

/// A path with arbitrary names.
fn named(root: Root) -> BoxedStrategy<Path> {
    vec("[^`\r\n]+", 1..3).prop_map(move |keys| Path { root, steps: keys.into_iter().map(Step::Key).collect() }).boxed()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(400) })]

    #[test]
    fn printed_filters_parse_to_the_same_tree(expr in expr()) {
        let printed = expr.to_string();
        let filter = parse(&printed);
        prop_assert_eq!(filter.expr(), &expr, "{}", &printed);
        prop_assert_eq!(filter.to_string(), printed);
    }

    #[test]
    fn any_name_and_any_text_can_be_written(
        expr in expr_of(named(Root::Record), named(Root::Element), any::<String>().boxed()),
    ) {
        let printed = expr.to_string();
        let filter = parse(&printed);
        prop_assert_eq!(filter.expr(), &expr, "{}", &printed);
    }

    #[test]
    fn no_text_makes_the_parser_panic(text in any::<String>()) {
        read(&text)?;
    }

    #[test]
    fn no_joined_fragments_make_the_parser_panic(pieces in vec(fragment(), 0..14)) {
        read(&pieces.concat())?;
        read(&pieces.join(" "))?;
    }

    #[test]
    fn no_damaged_filter_makes_the_parser_panic(
        expr in expr(), at in any::<prop::sample::Index>(), length in 0..4_usize, put in fragment(),
    ) {
        let mut text: Vec<char> = expr.to_string().chars().collect();
        let at = at.index(text.len());
        let end = (at + length).min(text.len());
        text.splice(at..end, put.chars());
        read(&String::from_iter(text))?;
    }

    #[test]
    fn de_morgan(a in expr(), b in expr(), record in record()) {
        let (and, or) = (|parts: [&Expr; 2]| bare(ExprKind::And(parts.map(Clone::clone).to_vec())),
            |parts: [&Expr; 2]| bare(ExprKind::Or(parts.map(Clone::clone).to_vec())));
        let holds = |expr: &Expr| compiled(expr).matches(record_of(&record).root());
        prop_assert_eq!(holds(&not(&and([&a, &b]))), holds(&or([&not(&a), &not(&b)])));
        prop_assert_eq!(holds(&not(&or([&a, &b]))), holds(&and([&not(&a), &not(&b)])));
        prop_assert_eq!(holds(&not(&not(&a))), holds(&a));
        prop_assert_eq!(holds(&and([&a, &b])), holds(&a) && holds(&b));
        prop_assert_eq!(holds(&or([&a, &b])), holds(&a) || holds(&b));
    }

    #[test]
    fn unequal_is_not_equal(expr in expr(), record in record()) {
        // Every `=` of the filter becomes `!=` under a `not`, and vice versa.
        let swapped = swap(&expr);
        prop_assert_eq!(compiled(&swapped).matches(record_of(&record).root()), compiled(&expr).matches(record_of(&record).root()), "{} and {}", expr, swapped);
    }

    #[test]
    fn a_number_equals_itself_in_a_record(number in "-?(0|[1-9][0-9]{0,20})([.][0-9]{1,20})?(e-?[0-9]{1,2})?") {
        let record: serde_json::Value = serde_json::from_str(&format!("{{\"a\": {number}}}")).unwrap();
        prop_assert!(parse(&format!("a = {number} and a <= {number} and a in ({number})")).matches(record_of(&record).root()), "{}", number);
    }

    #[test]
    fn an_observer_changes_nothing(expr in expr(), record in record()) {
        let filter = compiled(&expr);
        let holds = filter.matches(record_of(&record).root());
        prop_assert_eq!(filter.matches_observed(record_of(&record).root(), &mut Unobserved), holds);
        let (mut hasty, mut thorough) = (Looking::<false>::default(), Looking::<true>::default());
        prop_assert_eq!(filter.matches_observed(record_of(&record).root(), &mut hasty), holds);
        prop_assert_eq!(filter.matches_observed(record_of(&record).root(), &mut thorough), holds);
        prop_assert_eq!((hasty.depth, thorough.depth), (0, 0));
        prop_assert!(hasty.seen <= thorough.seen);
    }

    #[test]
    fn de_morgan_inside_of_any(path in path(), a in element_expr(), b in element_expr(), record in record()) {
        let within = |inner: &Expr| bare(ExprKind::Any(path.clone().into(), Box::new(inner.clone())));
        let holds = |inner: &Expr| compiled(&within(inner)).matches(record_of(&record).root());
        let (and, or) = (bare(ExprKind::And(vec![a.clone(), b.clone()])), bare(ExprKind::Or(vec![a.clone(), b.clone()])));
        prop_assert_eq!(holds(&not(&and)), holds(&bare(ExprKind::Or(vec![not(&a), not(&b)]))));
        prop_assert_eq!(holds(&not(&or)), holds(&bare(ExprKind::And(vec![not(&a), not(&b)]))));
        prop_assert_eq!(holds(&not(&not(&a))), holds(&a));
        prop_assert_eq!(compiled(&not(&within(&a))).matches(record_of(&record).root()), !holds(&a));
        // An element satisfies one of two conditions exactly where one of the conditions has an element that satisfies it, if
        // both try the same elements: `any` tries elements that are not objects only for `it`.
        let [a, b] = [&a, &b].map(|expr| bare(ExprKind::And(vec![it_exists(), expr.clone()])));
        prop_assert_eq!(holds(&bare(ExprKind::Or(vec![a.clone(), b.clone()]))), holds(&a) || holds(&b));
        // For both conditions, the implication has one direction only.
        prop_assert!(!holds(&bare(ExprKind::And(vec![a.clone(), b.clone()]))) || holds(&a) && holds(&b));
    }
}

/// Counts the values that it receives.
#[derive(Default)]
struct Looking<const THOROUGH: bool> {
    depth: usize,
    seen: usize,
}

impl<const THOROUGH: bool> Observer for Looking<THOROUGH> {
    const THOROUGH: bool = THOROUGH;

    fn open(&mut self) {
        self.depth += 1;
    }

    fn saw(&mut self, _: Scalar<'_>, _: bool) {
        self.seen += 1;
    }

    fn close(&mut self, _: bool) {
        self.depth -= 1;
    }
}

/// `it exists`.
fn it_exists() -> Expr {
    bare(ExprKind::Compare(Compare {
        left: Path { root: Root::Element, steps: Vec::new() }.into(),
        operator: operator::named("exists").unwrap(),
        operator_span: Span::default(),
        right: Right::Nothing,
    }))
}

fn swap(expr: &Expr) -> Expr {
    let swap_all = |parts: &[Expr]| parts.iter().map(swap).collect();
    match &expr.kind {
        ExprKind::And(parts) => bare(ExprKind::And(swap_all(parts))),
        ExprKind::Or(parts) => bare(ExprKind::Or(swap_all(parts))),
        ExprKind::Not(part) => not(&swap(part)),
        ExprKind::Any(path, part) => bare(ExprKind::Any(path.clone(), Box::new(swap(part)))),
        ExprKind::List { list, empty } => not(&bare(ExprKind::List { list: list.clone(), empty: !empty })),
        ExprKind::Compare(compare) => {
            let other = match compare.operator.spelling {
                "=" => "!=",
                "!=" => "=",
                _ => return expr.clone(),
            };
            let mut compare = compare.clone();
            compare.operator = operator::all().find(|operator| operator.spelling == other).unwrap();
            not(&bare(ExprKind::Compare(compare)))
        }
    }
}
