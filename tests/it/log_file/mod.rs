//! A log file is read in chunks of any size, valid or hostile, and each of its records is returned once.
use std::io::Write;

use flate2::{Compression, write::GzEncoder};
use trailbell::diagnostic::chain;
use trailbell::log_file::{FileItem, FileShape, Limits, RawRecord, Reader};

mod command_line;
mod gzip_files;
mod json;
mod properties;

/// The items of a file as text, and its end.
#[derive(Debug, PartialEq)]
struct Outcome {
    items: Vec<String>,
    end: Result<(), String>,
}

fn read_in(shape: FileShape, limits: Limits, chunks: &[&[u8]]) -> Outcome {
    let mut reader = Reader::new(shape, limits);
    let mut items = Vec::new();
    for chunk in chunks {
        let mut input = *chunk;
        loop {
            match reader.next(&mut input) {
                Ok(Some(FileItem::Record(RawRecord { index, text, .. }))) => {
                    assert_eq!(index, items.len() as u64, "records are numbered from 0 without a gap");
                    items.push(String::from_utf8_lossy(text).into_owned());
                }
                Ok(Some(FileItem::Unparsable { index, reason })) => {
                    assert_eq!(index, items.len() as u64, "records are numbered from 0 without a gap");
                    items.push(format!("unparsable: {reason}"));
                }
                Ok(None) => {
                    assert!(input.is_empty(), "`None` means that the input is consumed");
                    break;
                }
                Err(error) => {
                    let again = reader.next(&mut input).expect_err("every later call fails too");
                    assert_eq!(again.to_string(), error.to_string());
                    assert_eq!(reader.finish().expect_err("every later call fails too").to_string(), error.to_string());
                    return Outcome { items, end: Err(chain(&error)) };
                }
            }
        }
    }
    let end = reader.finish().map_err(|error| chain(&error));
    Outcome { items, end }
}

fn read(shape: FileShape, file: &[u8]) -> Outcome {
    let whole = read_in(shape, Limits::default(), &[file]);
    for size in [1, 7] {
        let chunks: Vec<&[u8]> = file.chunks(size).collect();
        assert_eq!(read_in(shape, Limits::default(), &chunks), whole, "in chunks of {size}");
    }
    whole
}

/// One line for each item, and the end in the last line.
fn shown(outcome: &Outcome) -> String {
    let mut lines = outcome.items.clone();
    lines.push(match &outcome.end {
        Ok(()) => "end".to_owned(),
        Err(error) => format!("error: {error}"),
    });
    lines.join("\n")
}

/// The outcome of a file, which must be the same for plain JSON and for gzip.
fn check(shape: FileShape, json: &[u8]) -> String {
    let plain = shown(&read(shape, json));
    let zipped = shown(&read(shape, &gzip(json)));
    assert_eq!(zipped.replace("gzip, but not of", "neither gzip nor"), plain, "in gzip");
    plain
}

fn log_file(json: impl AsRef<[u8]>) -> String {
    check(FileShape::LogFile, json.as_ref())
}

fn any(json: impl AsRef<[u8]>) -> String {
    check(FileShape::Any, json.as_ref())
}

/// The outcome of the bytes as they are.
fn raw(file: &[u8]) -> String {
    shown(&read(FileShape::LogFile, file))
}

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

const TWO: &str = r#"{"Records":[{"a":1},{"b":2}]}"#;
const TWO_READ: &str = "{\"a\":1}\n{\"b\":2}\nend";
