//! Properties of the code as a whole, checked by reading the sources.
//!
//! Each check is a function from a file to what is wrong with it. It is first tried on files that are wrong.

use std::{
    collections::BTreeSet,
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use quote::ToTokens;

use crate::imports::is_test;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The Rust files below a folder, with their paths from the root of the repository.
fn files(folder: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in folder.read_dir().unwrap() {
            let path: PathBuf = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs")
                && let Ok(text) = fs::read_to_string(&path)
            {
                found.push((path.strip_prefix(root()).unwrap().display().to_string(), text));
            }
        }
    }
    found.sort();
    found
}

/// Runs a check over all sources, after it has been seen to fail.
fn check(wrong: &[(&str, &str)], right: &[(&str, &str)], violations: impl Fn(&str, &str) -> Vec<String>) {
    for (path, text) in wrong {
        assert!(!violations(path, text).is_empty(), "this is wrong, and is not seen: {path}: {text}");
    }
    for (path, text) in right {
        assert_eq!(violations(path, text), Vec::<String>::new(), "this is right: {path}: {text}");
    }
    let sources = files("src");
    assert!(sources.len() > 30, "the sources are not where they are looked for");
    let found: Vec<String> = sources
        .iter()
        .flat_map(|(path, text)| violations(path, text).into_iter().map(move |what| format!("{path}: {what}")))
        .collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// What is compiled into the product: without comments, literals and tests. Pieces that are no file are code as a whole.
fn code(text: &str) -> String {
    let tokens = match syn::parse_file(text) {
        Ok(file) => file.items.iter().filter(|item| !is_test(item)).map(ToTokens::to_token_stream).collect(),
        Err(_) => text.parse().unwrap_or_else(|error| panic!("{error}: {text}")),
    };
    let mut out = String::new();
    write(tokens, &mut out);
    out
}

fn write(code: TokenStream, out: &mut String) {
    for token in code {
        match token {
            TokenTree::Group(group) => {
                let (open, close) = match group.delimiter() {
                    Delimiter::Parenthesis => ("(", ")"),
                    Delimiter::Brace => ("{", "}"),
                    Delimiter::Bracket => ("[", "]"),
                    Delimiter::None => ("", ""),
                };
                out.push_str(open);
                write(group.stream(), out);
                out.push_str(close);
            }
            TokenTree::Ident(name) => {
                if out.ends_with(|c: char| c.is_alphanumeric() || c == '_') {
                    out.push(' ');
                }
                out.push_str(&name.to_string());
            }
            TokenTree::Punct(punct) => out.push(punct.as_char()),
            TokenTree::Literal(_) => out.push(' '),
        }
    }
}

/// The names in a piece of code.
fn names(code: &str) -> impl Iterator<Item = &str> {
    code.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|name| !name.is_empty())
}

#[test]
fn code_has_no_comments_literals_and_tests() {
    let text = "a // b\n/* c */ \"d \\\" e\" r#\"f \" g\"# r\"h\\\" 'i' '\\'' j<'k> r#l::now()";
    assert_eq!(code(text), "a     j<'k>r#l::now()");
    assert_eq!(code("fn a() {}\n#[cfg(test)]\nmod b { fn c() {} }\nfn d() {}"), "fn a(){}fn d(){}");
}

/// `aws/` knows AWS, `local/` the file system, and `bin/` puts things together.
fn is_edge(path: &str) -> bool {
    ["src/aws/", "src/local/", "src/bin/"].iter().any(|folder| path.starts_with(folder))
}

#[test]
fn only_the_edges_do_input_and_output() {
    const FORBIDDEN: &[&str] = &[
        "io",
        "fs",
        "File",
        "env",
        "TcpStream",
        "TcpListener",
        "UdpSocket",
        "ToSocketAddrs",
        "process",
        "thread",
        "stdin",
        "stdout",
        "stderr",
        "println",
        "print",
        "eprintln",
        "eprint",
        "dbg",
        "SystemTime",
        "Instant",
        "tokio",
        "lambda_runtime",
        "reqwest",
        "hyper",
    ];
    check(
        &[
            ("src/engine/mod.rs", "use std::{fs, sync::Arc};"),
            ("src/engine/mod.rs", "fn f() { println!(\"x\"); }"),
            ("src/alert/mod.rs", "let now = jiff::Timestamp::now();"),
            ("src/alert/mod.rs", "let now = Zoned::now();"),
            ("src/handler/mod.rs", "use std::time::Instant;"),
            ("src/handler/mod.rs", "use aws_sdk_s3::Client;"),
            ("src/handler/mod.rs", "tokio::spawn(f)"),
            ("src/rule/mod.rs", "let root = std::env::var(name);"),
        ],
        &[
            ("src/local/mod.rs", "use std::fs::File;"),
            ("src/aws/s3.rs", "use aws_sdk_s3::Client;"),
            ("src/bin/trailbell/main.rs", "println!(\"x\")"),
            ("src/engine/mod.rs", "// println!\nlet text = \"std::fs\";"),
            ("src/handler/mod.rs", "pub fn step(now: Timestamp) {}"),
            ("src/trigger/sqs.rs", "use aws_lambda_events::sqs::SqsMessage;"),
        ],
        |path, text| {
            if is_edge(path) {
                return Vec::new();
            }
            // One file reads memory by a trait of `std::io`.
            let code = code(text);
            let code = if path == "src/trigger/log_events.rs" { code.replace("io::", "") } else { code };
            let clock = ["::now(", "::now)"].iter().filter(|call| code.contains(**call)).map(|call| (*call).to_owned());
            let forbidden = names(&code).filter(|name| FORBIDDEN.contains(name) || is_crate_of_aws(path, name));
            forbidden.map(str::to_owned).chain(clock).collect()
        },
    );
}

/// The modules of the library, lowest first: a file imports from its own module and from lower layers, never from its own
/// layer's siblings or from above, so that no circle of modules can form.
pub const LAYERS: &[&[&str]] = &[
    &["digest", "object", "untrusted"],
    &["detector"],
    &["diagnostic", "number", "log_file"],
    &["record", "trigger", "yaml"],
    &["filter"],
    &["rule"],
    &["engine", "import", "lint"],
    &["backtest", "integrity", "proposal", "search", "state"],
    &["alert", "sql"],
    &["handler", "report"],
    &["aws", "local"],
];

/// Whether a name is that of a crate of AWS, other than the types of payloads and answers where these are read and written.
fn is_crate_of_aws(path: &str, name: &str) -> bool {
    let has_payloads = path.starts_with("src/trigger/") || path == "src/handler/answer.rs";
    name.starts_with("aws_") && !(name == "aws_lambda_events" && has_payloads)
}

#[test]
fn only_one_folder_and_one_file_import_aws() {
    check(
        &[
            ("src/handler/mod.rs", "use aws_lambda_events::sqs::SqsMessage;"),
            ("src/local/mod.rs", "use aws_sdk_s3::Client;"),
            ("src/bin/trailbell/main.rs", "aws_config::load()"),
            ("src/bin/trailbell/aws/stack.rs", "aws_config::load()"),
        ],
        &[
            ("src/aws/mod.rs", "use aws_sdk_s3::Client;"),
            ("src/bin/lambda.rs", "aws_config::load()"),
            ("src/bin/trailbell/aws/client.rs", "aws_config::load()"),
            ("src/bin/trailbell/main.rs", "let aws = 1;"),
        ],
        |path, text| {
            let code = code(text);
            let allowed = path.starts_with("src/aws/")
                || [
                    "src/bin/lambda.rs",
                    "src/bin/trailbell/aws/client.rs",
                    "src/bin/trailbell/aws/watch.rs",
                    "src/bin/trailbell/verify/keys.rs",
                ]
                .contains(&path);
            let aws = names(&code).filter(|name| !allowed && is_crate_of_aws(path, name));
            aws.map(str::to_owned).collect()
        },
    );
}

#[test]
fn only_what_drives_the_ports_is_async() {
    check(
        &[("src/engine/mod.rs", "pub async fn evaluate() {}"), ("src/state/mod.rs", "store.load().await")],
        &[
            ("src/handler/mod.rs", "pub async fn handle() {}"),
            ("src/state/store.rs", "table.read(keys).await"),
            ("src/local/folder.rs", "async fn get() {}"),
        ],
        |path, text| {
            let code = code(text);
            let allowed = is_edge(path)
                || path.starts_with("src/handler/")
                || [
                    "decide.rs",
                    "due_item.rs",
                    "learn.rs",
                    "mark.rs",
                    "notices.rs",
                    "silence.rs",
                    "store.rs",
                    "tick.rs",
                    "token.rs",
                ]
                .iter()
                .any(|name| path.strip_prefix("src/state/") == Some(*name));
            let found = names(&code).filter(|name| !allowed && matches!(*name, "async" | "await"));
            found.map(str::to_owned).collect()
        },
    );
}

/// clippy refuses every macro and method that panics, as long as these lines ask it to.
#[test]
fn clippy_refuses_panics_in_what_ships() {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    for lint in ["unwrap_used", "expect_used", "panic", "unreachable", "todo", "unimplemented"] {
        assert!(manifest.contains(&format!("\n{lint} = \"warn\"")), "{lint}");
    }
    assert!(manifest.contains("unsafe_code = \"forbid\""));
    for file in ["src/lib.rs", "src/bin/lambda.rs", "src/bin/trailbell/main.rs"] {
        let text = fs::read_to_string(root().join(file)).unwrap();
        assert!(text.contains("#![cfg_attr(not(test), warn(clippy::disallowed_macros))]"), "{file}");
    }
    // Only the tests of a file may allow what clippy refuses.
    let lints =
        ["unwrap_used", "expect_used", "clippy::panic", "unreachable", "todo", "unimplemented", "disallowed_macros"];
    for (path, text) in files("src") {
        let shipped = text.split("#[cfg(test)]").next().unwrap_or_default();
        let allowed = shipped.lines().filter(|line| line.contains("allow(") || line.contains("expect("));
        let found: Vec<_> = allowed.filter(|line| lints.iter().any(|lint| line.contains(lint))).collect();
        assert!(found.is_empty(), "{path}: {found:#?}");
    }
}

#[test]
fn a_file_is_a_noun_and_not_too_long() {
    let long = "//! Long.\n".repeat(451);
    check(
        &[
            ("src/a.rs", &long),
            ("src/engine/utils.rs", "//! Things.\n"),
            ("src/common/mod.rs", "//! Things.\n"),
            ("src/a.rs", "use b;\n"),
        ],
        &[("src/a.rs", &long[10..]), ("src/lib.rs", "#![doc = include_str!(\"x.md\")]\n")],
        |path, text| {
            let mut found = Vec::new();
            if !text.starts_with("//!") && !text.starts_with("#![doc") {
                found.push("it does not begin with its purpose (`//!`)".to_owned());
            }
            if text.lines().count() > 450 {
                found.push(format!("{} lines, more than 450", text.lines().count()));
            }
            let parts = path.trim_end_matches(".rs").split('/');
            found.extend(
                parts
                    .filter(|part| matches!(*part, "utils" | "util" | "helpers" | "common" | "misc"))
                    .map(str::to_owned),
            );
            found
        },
    );
}

#[test]
fn the_map_of_the_code_names_what_exists() {
    let map = fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let all: Vec<String> = ["src", "tests", "benches"]
        .into_iter()
        .filter(|folder| root().join(folder).is_dir())
        .flat_map(files)
        .map(|(path, _)| path)
        .collect();
    assert!(!missing("see `src/no_such_file.rs`", &all).is_empty(), "the check cannot fail");
    assert_eq!(missing("see `src/lib.rs`, lib.rs and engine/", &all), Vec::<String>::new());
    assert_eq!(missing(&map, &all), Vec::<String>::new());
}

/// The Rust files and the folders that a text names and that are nowhere in the repository.
fn missing(text: &str, all: &[String]) -> Vec<String> {
    let odd = |c: char| !c.is_alphanumeric() && !matches!(c, '_' | '/' | '.' | '-');
    let words = text.split(odd).map(|word| word.trim_start_matches("./"));
    let named = words.filter(|word| {
        let path = Path::new(word);
        path.extension().is_some_and(|extension| extension == "rs") || (word.ends_with('/') && word.len() > 1)
    });
    let exists = |word: &str| {
        let tail = format!("/{word}");
        root().join(word).exists() || all.iter().any(|path| format!("/{path}").ends_with(&tail) || path.contains(&tail))
    };
    named.filter(|word| !exists(word)).map(str::to_owned).collect()
}

/// The packages that a build with these features compiles into the product.
fn packages(features: &[&str]) -> Vec<String> {
    let tree = tree("normal,build", &["--no-default-features", "--features", &features.join(",")]);
    tree.lines().filter_map(|line| line.split(' ').next()).map(str::to_owned).collect()
}

/// The packages behind these edges, one a line.
fn tree(edges: &str, arguments: &[&str]) -> String {
    let cargo = env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let output = Command::new(cargo)
        .args(["tree", "--offline", "--locked", "--prefix", "none", "--edges", edges])
        .args(arguments)
        .current_dir(root())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// A package that a test needs may turn on what the product does without, and then the tests prove something else.
#[test]
fn what_reads_records_is_tested_as_it_is_built() {
    let [shipped, tested] = ["normal", "normal,dev"].map(|edges| tree(edges, &["--format", "{p} {f}"]));
    let features = |tree: &str, package: &str| {
        let line = tree.lines().find(|line| line.starts_with(&format!("{package} v"))).unwrap_or_default();
        line.trim_end_matches(" (*)").to_owned()
    };
    for package in ["serde_json", "regex", "flate2", "ipnet", "jiff", "percent-encoding"] {
        assert!(!features(&shipped, package).is_empty(), "{package}");
        assert_eq!(features(&shipped, package), features(&tested, package));
    }
}

/// Whether a package does I/O or talks to AWS, which only the function does.
fn is_of_the_function(package: &str) -> bool {
    package != "aws_lambda_events"
        && ["aws", "lambda", "tokio", "hyper", "rustls"].iter().any(|prefix| package.starts_with(prefix))
}

/// It is a dependency of every build, so it may bring data structures and parsers, and no sockets, runtimes or TLS.
#[test]
fn aws_lambda_events_brings_only_types_and_their_parsers() {
    const ALLOWED: &[&str] = &[
        "aws_lambda_events",
        // Serialization, and the macros that derive it.
        "serde",
        "serde_core",
        "serde_derive",
        "serde_json",
        "serde_with",
        "serde_with_macros",
        "darling",
        "darling_core",
        "darling_macro",
        "ident_case",
        "proc-macro2",
        "quote",
        "strsim",
        "syn",
        "unicode-ident",
        "itoa",
        "memchr",
        "ryu",
        "zmij",
        "bs58",
        "tinyvec",
        "hex",
        // Base64 and gzip.
        "base64",
        "flate2",
        "miniz_oxide",
        "adler2",
        "simd-adler32",
        "crc32fast",
        "zlib-rs",
        "cfg-if",
        // Types of HTTP messages, without a client or a server.
        "bytes",
        "http",
        "http-body",
        "http-serde",
        // Times. What asks for the clock and for the time zone of the machine is not called by the types of payloads.
        "chrono",
        "iana-time-zone",
        "core-foundation-sys",
        "num-traits",
        "autocfg",
    ];
    let tree = tree("normal,build", &["--package", "aws_lambda_events"]);
    let found: BTreeSet<&str> = tree.lines().filter_map(|line| line.split(' ').next()).collect();
    assert!(found.contains("aws_lambda_events") && found.contains("serde_json"), "{found:?}");
    let other: Vec<_> = found.iter().filter(|package| !ALLOWED.contains(*package)).collect();
    assert!(other.is_empty(), "new dependencies: look whether they do I/O, then allow or avoid them: {other:?}");
    for package in ["tokio", "hyper", "mio", "socket2", "reqwest", "rustls"] {
        assert!(!ALLOWED.contains(&package));
    }
}

#[test]
fn the_packages_that_the_project_builds_on_are_used() {
    let function = packages(&["function"]);
    let sources: Vec<String> = files("src").iter().map(|(_, text)| code(text)).collect();
    for package in ["lambda_runtime", "aws_lambda_events", "aws-sdk-sns", "aws-sdk-s3", "serde_json", "winnow", "tokio"]
    {
        assert!(function.iter().any(|one| one == package), "`{package}` is not built into the function");
        let module = package.replace('-', "_");
        let is_used = sources.iter().any(|code| names(code).any(|name| name == module));
        assert!(is_used, "no code uses `{package}`");
    }
}

#[test]
fn the_command_line_is_built_without_aws() {
    let cli = packages(&["cli"]);
    assert!(
        cli.iter().any(|package| package == "clap") && cli.iter().any(|package| package == "serde_json"),
        "{cli:?}"
    );
    let found: Vec<_> = cli.iter().filter(|package| is_of_the_function(package)).collect();
    assert!(found.is_empty(), "{found:?}");
    let engine = packages(&[]);
    assert!(!engine.iter().any(|package| package == "clap" || is_of_the_function(package)), "{engine:?}");
    assert!(is_of_the_function("aws-sdk-s3") && is_of_the_function("tokio"));
}

#[test]
fn the_function_is_built_without_the_doctor() {
    let (function, doctor) = (packages(&["function"]), packages(&["aws"]));
    let of_the_doctor =
        ["cloudformation", "cloudwatch", "eventbridge", "kms", "lambda", "sso"].map(|name| format!("aws-sdk-{name}"));
    for package in of_the_doctor.iter().map(String::as_str).chain(["clap"]) {
        assert!(doctor.iter().any(|one| one == package), "{package}");
        assert!(!function.iter().any(|one| one == package), "{package}");
    }
    // One implementation of TLS, and that of the function.
    let tls_of = |packages: &[String]| -> BTreeSet<String> {
        let tls = ["rustls", "native-tls", "openssl", "openssl-sys", "ring", "aws-lc-rs", "s2n-tls"];
        packages.iter().filter(|one| tls.contains(&one.as_str())).cloned().collect()
    };
    assert!(!tls_of(&doctor).is_empty());
    assert_eq!(tls_of(&doctor), tls_of(&function));
}
