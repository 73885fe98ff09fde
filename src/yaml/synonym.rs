//! What other rule formats call the fields of this one: Sigma, Panther, Elastic, Sentinel, Falco, Prometheus, Datadog.

/// A field, and its names elsewhere: without `_`, `-` and blanks, in lower case.
const SYNONYMS: &[(&str, &[&str])] = &[
    (
        "filter",
        &[
            "query",
            "condition",
            "conditions",
            "expression",
            "detection",
            "expr",
            "match",
            "where",
            "search",
            "criteria",
            "pattern",
            "logic",
            "if",
            "when",
            "eventpattern",
            "eventfilter",
            "kql",
            "eql",
            "lucene",
            "sql",
            "spl",
            "rule",
            "filters",
            "selection",
            "matches",
            "filterpattern",
            "predicate",
        ],
    ),
    ("name", &["title", "rulename", "displayname", "alert", "alertname", "ruletitle", "label", "rule"]),
    (
        "severity",
        &["level", "priority", "risk", "riskscore", "criticality", "importance", "urgency", "sev", "severitylevel"],
    ),
    (
        "tags",
        &[
            "mitre",
            "labels",
            "attack",
            "techniques",
            "technique",
            "tag",
            "threat",
            "categories",
            "category",
            "mitreattack",
            "tactics",
            "tactic",
            "reports",
            "controls",
            "relevanttechniques",
            "compliance",
        ],
    ),
    ("description", &["desc", "details", "summary", "note", "notes", "comment", "message", "output", "body"]),
    ("title", &["alerttitle", "subject", "headline", "messagetitle", "alerttext"]),
    (
        "suppressions",
        &[
            "suppression",
            "suppress",
            "exceptions",
            "exception",
            "exclude",
            "excludes",
            "exclusions",
            "allowlist",
            "whitelist",
            "ignore",
            "unless",
            "falsepositives",
            "exceptionslist",
            "except",
        ],
    ),
    ("enabled", &["active", "isenabled", "on", "status", "state", "disabled", "isdisabled"]),
    (
        "window",
        &[
            "timeframe",
            "period",
            "interval",
            "duration",
            "timespan",
            "dedupperiod",
            "dedupperiodminutes",
            "timewindow",
            "windowsize",
            "suppressionduration",
            "queryperiod",
            "throttle",
            "within",
            "for",
        ],
    ),
    ("threshold", &["count", "times", "minimum", "occurrences", "triggerthreshold", "limit", "mincount"]),
    (
        "aggregate_fields",
        &["groupby", "group", "aggregate", "dedup", "dedupfields", "aggregateby", "aggregatefield", "groupfields"],
    ),
    ("distinct", &["unique", "cardinality", "distinctcount", "valuecount", "distinctfield"]),
    ("first_seen", &["newterms", "newvalue", "newvalues", "neverseen"]),
    ("runbook", &["reference", "references", "url", "link", "playbook", "runbookurl", "documentation"]),
    ("tests", &["test", "testcases", "examples", "unittests"]),
    ("notify", &["alerting", "notifications", "notification", "send", "mute", "muted", "silent", "silenced", "dryrun"]),
    ("id", &["ruleid", "uuid", "key"]),
    ("sequence", &["steps", "correlation", "events", "stages"]),
    ("rules", &["rule", "detections", "alerts", "policies", "policy"]),
    ("lists", &["list", "sets", "variables", "vars", "macros", "namedlists"]),
    ("accounts", &["accountnames", "awsaccounts", "account"]),
    ("timezone", &["tz", "zone"]),
    ("reason", &["why", "justification"]),
    ("expires", &["until", "expiry", "expiration", "expireson", "validuntil", "ends"]),
    ("owner", &["author", "by", "team", "contact"]),
];

/// Names for the opposite of what a field holds.
const OPPOSITES: &[&str] = &["disabled", "isdisabled", "mute", "muted", "silent", "silenced", "dryrun"];

fn letters(key: &str) -> String {
    key.chars().filter(|c| !matches!(c, '_' | '-' | ' ')).map(|c| c.to_ascii_lowercase()).collect()
}

/// The known field that a key of another format means.
pub fn meant(key: &str, known: &[&'static str]) -> Option<&'static str> {
    let key = letters(key);
    let mut names = SYNONYMS.iter().filter(|(_, names)| names.contains(&key.as_str()));
    names.find_map(|(field, _)| known.iter().copied().find(|one| one == field))
}

/// Whether a key holds the opposite of the field that it means.
pub fn is_opposite(key: &str) -> bool {
    OPPOSITES.contains(&letters(key).as_str())
}
