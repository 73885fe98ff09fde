//! `trailbell sql`: the form of its queries, and what it refuses. `tests/sql/` runs the queries.

use std::fs;

use proptest::prelude::*;
use trailbell::{
    filter::{Filter, Lists, ast::Expr, operand::Value},
    search::Period,
    sql::{Dialect, Query, Source, Wanted, matched_by, query},
};

use crate::{
    arbitrary,
    command::{folder, trailbell},
};

fn run(title: Option<&str>, condition: &Expr, lists: &Lists, dialect: Dialect, source: &Source) -> Query {
    let wanted = Wanted { title, condition: Some(condition), around: None, lists, period: Period::default() };
    query(&wanted, dialect, source).unwrap()
}

fn of(filter: &str, dialect: Dialect) -> Query {
    let filter =
        Filter::parse_with(filter, &arbitrary::lists()).unwrap_or_else(|errors| panic!("{filter}: {errors:#?}"));
    let source = match dialect {
        Dialect::Athena => Source::of(dialect, &[]),
        Dialect::DuckDb => Source::of(dialect, &["a.json.gz".to_owned()]),
    };
    run(None, filter.expr(), &arbitrary::lists(), dialect, &source.unwrap())
}

/// The part of a query in Athena's dialect after `WHERE`; empty if it has none.
fn condition(filter: &str) -> String {
    let text = of(filter, Dialect::Athena).text;
    let found = text.split_once("\nWHERE ").map_or("", |(_, condition)| condition);
    found.trim_end_matches("ORDER BY eventtime\n").trim_end().to_owned()
}

#[test]
fn top_level_and_identity_fields_are_columns() {
    let cases = [
        (r#"eventName = "PutImage""#, "eventname = 'PutImage'"),
        (r#"eventName != "PutImage""#, "NOT COALESCE(eventname = 'PutImage', FALSE)"),
        (r#"eventName in ("A", "B")"#, "eventname IN ('A', 'B')"),
        (r#"eventName starts_with "Put""#, "starts_with(eventname, 'Put')"),
        (r#"eventName starts_with ("Put", "Get*")"#, r"regexp_like(eventname, '\A(?:Put|Get\*)')"),
        (r#"eventName ends_with "Image""#, r"regexp_like(eventname, '(?:Image)\z')"),
        (r#"userAgent like "100%""#, "strpos(useragent, '100%') > 0"),
        (r#"userAgent contains """#, "useragent IS NOT NULL"),
        (r#"eventName matches "^(Put|Get)[^a]+$""#, r"regexp_like(eventname, '\A(?:Put|Get)(?:[^a])+\z')"),
        (r#"sourceIPAddress cidr "10.0.0.0/8" and not eventName exists"#, "eventname IS NULL"),
        ("errorCode = null", "errorcode IS NULL"),
        ("errorCode exists", "errorcode IS NOT NULL"),
        ("error exists", "NULLIF(errorcode, '') IS NOT NULL"),
        ("readOnly = false", "readonly = 'false'"),
        ("recipientAccountId = 111122223333", "recipientaccountid = '111122223333'"),
        (
            r#"userIdentity.sessionContext.sessionIssuer.type = "Role""#,
            "useridentity.sessioncontext.sessionissuer.type = 'Role'",
        ),
        ("userIdentity.onBehalfOf exists", "useridentity.onbehalfof IS NOT NULL"),
        ("eventName.member exists", "FALSE"),
        ("not (eventName.member exists)", ""),
        ("eventSource = field eventName", "eventsource = eventname"),
        (
            r#"ip = "192.0.2.1" or region = "us-east-1""#,
            "(NULLIF(sourceipaddress, '') = '192.0.2.1' OR NULLIF(awsregion, '') = 'us-east-1')",
        ),
    ];
    for (filter, expected) in cases {
        assert!(condition(filter).ends_with(expected), "{filter}: {}", condition(filter));
    }
}

#[test]
fn a_condition_that_sql_cannot_compare_makes_a_superset() {
    let cases = [
        ("userIdentity.credentialId exists", "the table has no column for `userIdentity.credentialId`"),
        ("insightDetails.state = \"Start\"", "the table has no column for `insightDetails`"),
        (r#"eventName matches "\bPut\b""#, r"the regular expression `\bPut\b` has no form that SQL reads alike"),
        (r#"ip cidr "2001:db8::/32""#, "addresses of IPv6, as in `2001:db8::/32`, have no form that SQL compares"),
        (r#"request = "a""#, "`request` is a hash that SQL does not compute"),
        ("requestParameters.`a\"b` exists", "a JSON path cannot name the key `a\"b`"),
        ("requestParameters.size > 9007199254740992", "SQL rounds numbers as large as 9007199254740992"),
    ];
    for (filter, reason) in cases {
        let exact = r#"eventName = "A""#;
        for filter in [filter.to_owned(), format!("not ({filter})"), format!("{filter} or {exact}")] {
            let found = of(&filter, Dialect::Athena);
            assert_eq!(found.reasons, [reason], "{filter}");
            assert!(found.text.starts_with("-- superset: "), "{}", found.text);
        }
        // What is certain still limits the result.
        let found = of(&format!("{exact} and not ({filter})"), Dialect::Athena).text;
        assert!(found.contains("WHERE eventname = 'A'"), "{found}");
        assert!(of(exact, Dialect::Athena).text.starts_with("-- exact: "));
    }
}

#[test]
fn an_unknown_condition_bounds_the_whole_from_above() {
    let unknown = "userIdentity.credentialId exists";
    assert_eq!(condition(unknown), "");
    assert_eq!(condition(&format!("not {unknown}")), "");
    assert_eq!(condition(&format!(r#"not ({unknown} or eventName = "A")"#)), "NOT COALESCE(eventname = 'A', FALSE)");
    assert_eq!(condition(&format!(r#"not ({unknown} and eventName = "A")"#)), "");
    // No element is certain to match, so none is certain not to.
    assert_eq!(condition(&format!("not any requestParameters.items (record.{unknown})")), "");
}

#[test]
fn lists_have_their_values_in_the_query() {
    assert_eq!(condition("recipientAccountId in $accounts"), "recipientaccountid IN ('111122223333', '444455556666')");
    assert_eq!(condition("recipientAccountId in $none"), "FALSE");
    assert_eq!(condition(r#"not recipientAccountId in $none and eventName = "A""#), "eventname = 'A'");
    assert_eq!(condition(r#"$none = null and eventName = "A""#), "eventname = 'A'");
    assert_eq!(condition("$none != null"), "FALSE");
    // Every account is foreign to none.
    let foreign = condition("recipientAccountId foreign_to $none");
    assert!(foreign.starts_with("COALESCE(") && foreign.ends_with(") IS NOT NULL"), "{foreign}");
    let foreign = condition("userIdentity.arn foreign_to field recipientAccountId");
    assert!(foreign.contains("useridentity.arn") && !foreign.contains("FALSE\n"), "{foreign}");
    let text = of(r#"recipientAccountId in $accounts and request = "a""#, Dialect::Athena).text;
    assert!(
        text.contains(
            r#"--   trailbell search --filter 'recipientAccountId in ("111122223333", "444455556666") and request = "a"' RESULT.json"#
        ),
        "{text}"
    );
}

/// The literal of SQL ends where the filter's text ends, and a comment where its line does.
#[test]
fn no_text_of_a_user_ends_a_literal_or_a_comment() {
    let hostile = r#"eventName = "'; DROP TABLE x; --\n\u{202e}\u{0}" and request = "'a'\n""#;
    let expected = "eventname = ('''; DROP TABLE x; --' || chr(10) || '' || chr(8238) || '' || chr(0) || '')";
    assert_eq!(condition(hostile), expected);
    for dialect in [Dialect::Athena, Dialect::DuckDb] {
        let text = of(hostile, dialect).text;
        let comments = text.lines().take_while(|line| line.starts_with("--")).count();
        assert!(text.lines().nth(comments).unwrap().starts_with(if dialect == Dialect::Athena {
            "SELECT"
        } else {
            "WITH"
        }));
        assert!(text.lines().skip(comments).all(|line| !line.trim_start().starts_with("--")), "{text}");
        assert!(text.contains(r"'\''a'\''"), "{text}");
    }
    let key = "requestParameters.`a\"b` = \"1\" or requestParameters.`a'b` = \"1\"";
    assert_eq!(of(key, Dialect::DuckDb).reasons.len(), 2);
    let source = Source::of(Dialect::DuckDb, &["it's*.gz".to_owned()]).unwrap();
    let filter = Filter::parse(r#"request = "a""#).unwrap();
    let found = run(Some("a\nDROP"), filter.expr(), &Lists::default(), Dialect::DuckDb, &source).text;
    assert!(found.starts_with("-- a") && !found.contains("\nDROP"), "{found}");
    assert!(found.contains("read_json(['it''s*.gz']") && found.contains(r"'it'\''s*.gz'"), "{found}");
}

#[test]
fn a_rule_is_its_filter_without_its_suppressions() {
    let rules = r#"
rules:
  - name: Put image
    severity: 3
    filter: eventName = "PutImage"
    suppressions:
      - userAgent = "robot"
      - {filter: 'userAgent = "test"', reason: a test, owner: me, expires: 2026-03-01}
"#;
    let folder = folder("sql_rule", &[("rules.yaml", rules.as_bytes())]);
    let path = folder.join("rules.yaml");
    let ran = trailbell(&["sql", "--rules", path.to_str().unwrap(), "--rule", "put-image", "security.trail"]);
    assert_eq!((ran.status, ran.stderr.as_str()), (0, ""));
    assert!(ran.stdout.starts_with("-- Put image\n"), "{}", ran.stdout);
    for part in [
        "FROM \"security\".\"trail\"\n",
        "\nWHERE eventname = 'PutImage'\n",
        "\n  AND NOT COALESCE(useragent = 'robot', FALSE)\n",
        // The day is included.
        "< 1772409600000",
    ] {
        assert!(ran.stdout.contains(part), "{part}: {}", ran.stdout);
    }
    let set = trailbell::rule::RuleSet::parse(rules).unwrap().0;
    assert!(Filter::parse(&matched_by(&set.rules[0]).to_string()).is_ok());
}

#[test]
fn the_table_is_the_one_that_aws_documents() {
    let place = "s3://amzn-s3-demo-bucket/AWSLogs/111122223333/CloudTrail/us-east-1";
    let ran = trailbell(&["sql", "--create-table", &format!("{place}/")]);
    assert_eq!((ran.status, ran.stderr.as_str()), (0, ""));
    // White space and case apart, this is AWS's statement with `account-id` and `aws-region` filled in.
    let plain = |text: &str| text.split_whitespace().collect::<String>().to_ascii_lowercase();
    let expected = fs::read_to_string(format!("{}/tests/sql/create_table.sql", env!("CARGO_MANIFEST_DIR"))).unwrap();
    let expected = expected.replace("account-id", "111122223333").replace("aws-region", "us-east-1");
    assert_eq!(plain(&ran.stdout), plain(&expected));
}

#[test]
fn what_cannot_be_a_query_is_refused() {
    let place = "has to end in `/AWSLogs/ACCOUNT/CloudTrail/REGION`";
    let cases: &[(&[&str], &str)] = &[
        (&["--create-table", "/logs"], "`/logs` is no place in S3"),
        (&["--create-table", "s3://"], "`s3://` is no place in S3"),
        (&["--create-table", "s3://bucket/AWSLogs"], place),
        (&["--create-table", "s3://bucket/AWSLogs/1/CloudTrail/us-east-1"], place),
        (&["--create-table", "s3://AWSLogs/111122223333/CloudTrail/us-east-1"], place),
        (&["--create-table", "s3://b/AWSLogs/x/111122223333/CloudTrail/us-east-1"], place),
        (&["--create-table", "s3://b'/AWSLogs/111122223333/CloudTrail/us-east-1"], "a character other than"),
        (&["--filter", r#"eventName = "A""#, "a.b.c.d"], "`a.b.c.d` is not the name of a table"),
        (&["--filter", r#"eventName = "A""#, "logs/*.gz"], "add `--dialect duckdb`"),
        (&["--filter", r#"eventName = "A""#, "a", "b"], "a query of Athena reads one table"),
        (&["--filter", r#"eventName = "A""#, "--dialect", "duckdb"], "name the log files"),
        (&["--filter", "eventName == \"A\""], "error[unknown-operator]: `==` is not an operator"),
        (&["--filter", "eventName in $nowhere"], "nowhere"),
        (&["--rule", "no such rule"], "there is no rule `no such rule`"),
        (&[], "required"),
        (&["--filter", "a = 1", "--rule", "a"], "cannot be used with"),
    ];
    for (arguments, message) in cases {
        let ran = trailbell(&[&["sql"], *arguments].concat());
        assert_eq!((ran.status, ran.stdout.as_str()), (2, ""), "{arguments:?}");
        assert!(ran.stderr.contains(message), "{arguments:?}: {}", ran.stderr);
    }
    for place in [
        "s3://b/AWSLogs/o-abc123/111122223333/CloudTrail/us-east-1",
        "s3://b/one/two/AWSLogs/111122223333/CloudTrail/us-gov-west-1/",
    ] {
        assert_eq!(trailbell(&["sql", "--create-table", place]).status, 0, "{place}");
    }
}

/// The examples of the page print what they show.
#[test]
fn the_page_shows_what_the_command_prints() {
    let page = fs::read_to_string(format!("{}/docs/sql.md", env!("CARGO_MANIFEST_DIR"))).unwrap();
    let examples: Vec<_> = page.split("\n```console\n").skip(1).map(|rest| rest.split_once("```").unwrap().0).collect();
    assert!(examples.len() >= 2);
    for example in examples {
        let (typed, shown) = example.split_once('\n').unwrap();
        let typed = typed.strip_prefix("$ trailbell ").unwrap();
        // What is in single quotes is one argument.
        let arguments = typed.split('\'').enumerate().flat_map(|(at, part)| match at % 2 {
            0 => part.split_whitespace().collect(),
            _ => vec![part],
        });
        let ran = trailbell(&arguments.collect::<Vec<_>>());
        assert_eq!(ran.stdout + &ran.stderr, shown, "{typed}");
    }
}

#[test]
fn a_period_limits_time_and_partitions() {
    let where_of = |arguments: &[&str]| {
        let ran = trailbell(&[&["sql", "--filter", r#"eventName = "A""#], arguments].concat());
        assert_eq!((ran.status, ran.stderr.as_str()), (0, ""));
        ran.stdout.split_once("\nWHERE ").unwrap().1.trim_end_matches("\nORDER BY eventtime\n").to_owned()
    };
    let time = "COALESCE(TRY(from_iso8601_timestamp(eventtime))";
    assert_eq!(
        where_of(&["--since", "2026-03-02", "--until", "2026-03-03T10:00:00Z"]),
        format!(
            "\"timestamp\" >= '2026/03/02'\n  AND \"timestamp\" <= '2026/03/04'\n  \
             AND {time} >= TRY(from_iso8601_timestamp('2026-03-02T00:00:00Z')), TRUE)\n  \
             AND {time} < TRY(from_iso8601_timestamp('2026-03-03T10:00:00Z')), TRUE)\n  AND eventname = 'A'"
        )
    );
    assert!(where_of(&["--since", "3d"]).starts_with("\"timestamp\" >= '20"));
    assert!(where_of(&["--until", "9999-12-31"]).starts_with(time));
    let files = where_of(&["--dialect", "duckdb", "--since", "2026-03-02", "a.json.gz"]);
    assert!(files.starts_with("COALESCE(TRY(CAST(eventtime AS TIMESTAMPTZ)) >= "), "{files}");
}

#[test]
fn events_around_one_have_its_values() {
    let id = "6d3f1c1e-0000-4000-8000-000000000001";
    let ran =
        trailbell(&["sql", "--around", id, "--within", "10m", "--same", "accessKey, ip", "--since", "2026-03-02"]);
    assert_eq!((ran.status, ran.stderr.as_str()), (0, ""));
    assert!(ran.stdout.starts_with(&format!("-- exact: the events within 10m of {id} with the same accessKey, ip\n")));
    let (_, query) = ran.stdout.split_once("WITH ").unwrap();
    let expected = format!(
        "anchor AS (
  SELECT DISTINCT
    TRY(from_iso8601_timestamp(eventtime)) AS anchor_time,
    NULLIF(useridentity.accesskeyid, '') AS anchor_1,
    NULLIF(sourceipaddress, '') AS anchor_2
  FROM \"cloudtrail_logs_pp\"
  WHERE \"timestamp\" >= '2026/03/02' AND COALESCE(TRY(from_iso8601_timestamp(eventtime)) >= \
         TRY(from_iso8601_timestamp('2026-03-02T00:00:00Z')), TRUE) AND eventid = '{id}'
)
SELECT"
    );
    assert!(query.starts_with(&expected), "{query}");
    assert!(query.contains(" CROSS JOIN anchor\nWHERE \"timestamp\" >= '2026/03/02'\n"), "{query}");
    assert!(query.contains("BETWEEN anchor_time - INTERVAL '600' SECOND AND anchor_time + INTERVAL '600' SECOND"));
    assert!(query.contains("\n  AND NULLIF(useridentity.accesskeyid, '') = anchor_1\n"), "{query}");
    let usual = trailbell(&["sql", "--around", "it's", "--filter", r#"eventName = "A""#]).stdout;
    assert!(usual.starts_with("-- superset: ") && usual.contains("anchor_1 IS NULL AND"), "{usual}");
    assert!(usual.contains("eventid = 'it''s'") && usual.contains("\n  AND eventname = 'A'\n"), "{usual}");
    let search = r#"--   trailbell search --around 'it'\''s' --within 1h --filter 'eventName = "A"' RESULT.json"#;
    assert!(usual.contains(search), "{usual}");
    for (arguments, message) in [
        (&["--same", "requestParameters.bucketName"][..], "which can have several values"),
        (&["--same", "userIdentity.credentialId"], "the table has no column for `userIdentity.credentialId`"),
        (&["--same", "ip,"], "--same"),
        (&["--within", "soon"], "`soon` is not a length of time"),
        (&["--rule", "a"], "cannot be used with"),
    ] {
        let ran = trailbell(&[&["sql", "--around", id], arguments].concat());
        assert_eq!((ran.status, ran.stdout.as_str()), (2, ""), "{arguments:?}");
        assert!(ran.stderr.contains(message), "{arguments:?}: {}", ran.stderr);
    }
}

proptest! {
    /// Any filter has a query in both dialects, whose literals end.
    #[test]
    fn every_filter_has_a_query(expr in arbitrary::expr()) {
        let lists = Lists([("none".to_owned(), Vec::new()), ("accounts".to_owned(), vec![Value::Text("111122223333".to_owned())])].into());
        for dialect in [Dialect::Athena, Dialect::DuckDb] {
            let source = Source::of(dialect, &["a".to_owned()]).unwrap();
            let found = run(None, &expr, &lists, dialect, &source);
            prop_assert_eq!(found.reasons.is_empty(), found.text.starts_with("-- exact: "));
            let sql = found.text.lines().skip_while(|line| line.starts_with("--")).collect::<Vec<_>>().join("\n");
            // A quote within a literal or a name is doubled, and so ends one and begins the next.
            let open = sql.chars().fold(None, |open, c| match open {
                None if matches!(c, '\'' | '"') => Some(c),
                Some(quote) if c == quote => None,
                open => open,
            });
            prop_assert_eq!(open, None, "{}", sql);
        }
    }
}
