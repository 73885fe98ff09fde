//! The fuzz targets on stable Rust: every body runs on its corpus and on inputs that a fixed seed derives from it.
//! `make fuzz` goes further, guided by coverage.

#[path = "../../fuzz/bodies.rs"]
mod bodies;

use std::{fs, panic, path::PathBuf};

use bodies::TARGETS;

/// How many inputs are derived.
const INPUTS: u32 = 20_000;

/// Longer inputs take longer and find no more.
const MAX_LENGTH: usize = 4096;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fuzz")
}

fn corpus(target: &str) -> Vec<Vec<u8>> {
    let folder = fs::read_dir(root().join("corpus").join(target)).unwrap();
    let mut files: Vec<_> = folder.map(|file| file.unwrap().path()).collect();
    files.sort();
    files.iter().map(|file| fs::read(file).unwrap()).collect()
}

/// The tokens of a libFuzzer dictionary: one on each line, in quotes, with escapes `\xNN`.
fn tokens(target: &str) -> Vec<Vec<u8>> {
    let text = fs::read_to_string(root().join("dictionaries").join(target)).unwrap();
    let token = |line: &str| {
        let mut parts = line.strip_prefix('"').unwrap().strip_suffix('"').unwrap().split("\\x");
        let mut token = parts.next().unwrap().as_bytes().to_vec();
        for part in parts {
            token.push(u8::from_str_radix(&part[..2], 16).unwrap());
            token.extend(part[2..].bytes());
        }
        token
    };
    text.lines().map(token).collect()
}

/// Steele and others, "Fast splittable pseudorandom number generators" (2014): the sequence of `SplitMix64`.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % (end as u64).max(1)).unwrap()
    }

    fn of<'a>(&mut self, values: &'a [Vec<u8>]) -> &'a [u8] {
        &values[self.below(values.len())]
    }

    fn byte(&mut self) -> u8 {
        self.next().to_le_bytes()[0]
    }

    /// A piece of a text, usually short.
    fn piece(&mut self, text: &[u8]) -> std::ops::Range<usize> {
        let start = self.below(text.len() + 1);
        let longest = 1 << self.below(8);
        start..start + self.below((text.len() - start + 1).min(longest))
    }

    /// An input derived from others.
    fn input(&mut self, corpus: &[Vec<u8>], tokens: &[Vec<u8>]) -> Vec<u8> {
        let mut input = self.of(corpus).to_vec();
        // Half of the inputs have one change, a quarter have two, and so on.
        for _ in 0..=self.next().trailing_zeros() {
            let piece = self.piece(&input);
            let put = match self.below(8) {
                0 => vec![self.byte()],
                1 => Vec::new(),
                2 | 3 => self.of(tokens).to_vec(),
                4 => [&input[piece.clone()], self.of(tokens)].concat(),
                5 => input[piece.clone()].repeat(1 + self.below(4)),
                _ => {
                    let other = self.of(corpus);
                    other[self.piece(other)].to_vec()
                }
            };
            input.splice(piece, put);
        }
        input.truncate(MAX_LENGTH);
        input
    }
}

fn check(target: &str, inputs: u32) {
    let (_, body) = TARGETS.iter().find(|(name, _)| *name == target).unwrap();
    let (corpus, tokens) = (corpus(target), tokens(target));
    let run = |input: &[u8], what: &dyn Fn() -> String| {
        assert!(panic::catch_unwind(|| body(input)).is_ok(), "{target}, {}: b\"{}\"", what(), input.escape_ascii());
    };
    for (at, input) in corpus.iter().enumerate() {
        run(input, &|| format!("file {at} of the corpus"));
    }
    let mut random = Random(target.len() as u64);
    for number in 0..inputs {
        run(&random.input(&corpus, &tokens), &|| format!("input {number}"));
    }
}

#[test]
fn filters() {
    check("filter", INPUTS);
}

#[test]
fn rules_files() {
    check("rules", INPUTS);
}

#[test]
fn log_files() {
    // Each input is read sixteen times, and a debug build clears every buffer byte by byte, so each takes some milliseconds.
    check("log_file", INPUTS / 8);
}

#[test]
fn records() {
    check("record", INPUTS);
}

#[test]
fn triggers() {
    check("trigger", INPUTS);
}

#[test]
fn titles() {
    check("title", INPUTS);
}

#[test]
fn paths() {
    check("path", INPUTS);
}

#[test]
fn long_records() {
    check("work", INPUTS / 40);
}

#[test]
fn stored_series() {
    check("series", INPUTS / 2);
}

/// cargo-fuzz would silently skip a body without a target.
#[test]
fn every_body_is_a_target_of_cargo_fuzz() {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    for (name, _) in TARGETS {
        assert!(
            manifest.contains(&format!("[[bin]]\nname = \"{name}\"\npath = \"fuzz_targets/{name}.rs\"\n")),
            "{name}"
        );
        let target = fs::read_to_string(root().join(format!("fuzz_targets/{name}.rs"))).unwrap();
        assert!(target.contains(&format!("bodies::{name}(input)")), "{name}");
    }
    assert_eq!(fs::read_dir(root().join("fuzz_targets")).unwrap().count(), TARGETS.len());
}

/// Enough of the inputs must be valid; otherwise the targets test error messages only.
#[test]
fn the_inputs_are_not_all_rejected() {
    let share_of_bytes = |target: &str, accepts: &dyn Fn(&[u8]) -> bool| {
        let (corpus, tokens, mut random) = (corpus(target), tokens(target), Random(1));
        let accepted = (0..1000).filter(|_| accepts(&random.input(&corpus, &tokens))).count();
        assert!(accepted > 20, "{target}: {accepted} of 1000");
    };
    let share = |target: &str, accepts: &dyn Fn(&str) -> bool| {
        share_of_bytes(target, &|input| accepts(&String::from_utf8_lossy(input)));
    };
    share_of_bytes("series", &|bytes| trailbell::state::series::SeriesItem::decode(bytes).is_ok());
    share("filter", &|text| trailbell::filter::Filter::parse(text).is_ok());
    share("rules", &|text| trailbell::rule::RuleSet::parse(text).is_ok());
    share("title", &|text| trailbell::rule::Title::parse(text).is_ok());
    share("path", &|text| trailbell::record::Path::parse(text).is_ok());
    share("record", &|text| trailbell::engine::parse(text.as_bytes()).is_ok());
    share("trigger", &|text| trailbell::trigger::decode(text.as_bytes()).is_ok());
}
