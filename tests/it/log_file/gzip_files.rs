//! Gzip: members, padding, damage, bombs.

use std::io::Write;

use flate2::{Compression, Decompress, FlushDecompress, write::GzEncoder};
use insta::assert_snapshot;
use trailbell::log_file::{FileShape, Limits, Reader};

use super::{TWO, TWO_READ, any, gzip, log_file, raw, read, read_in, shown};

#[test]
fn plain_and_gzip_are_distinguished_by_their_first_bytes() {
    assert_eq!(log_file(TWO), TWO_READ);
}

#[test]
fn all_members_are_read() {
    let (head, tail) = TWO.split_at(17);
    assert_eq!(raw(&[gzip(head.as_bytes()), gzip(b""), gzip(tail.as_bytes())].concat()), TWO_READ);
}

#[test]
fn all_content_of_a_chunk_is_returned_at_once() {
    let json = format!(r#"{{"Records":[{}{{}}]}}"#, "{},".repeat(22_000));
    let file = gzip(json.as_bytes());
    for length in file.len() - 40..file.len() {
        let (mut whole, mut decoder) = (vec![0; json.len()], Decompress::new_gzip(15));
        decoder.decompress(&file[..length], &mut whole, FlushDecompress::None).unwrap();
        let mut reader = Reader::new(FileShape::LogFile, Limits::default());
        let mut input = &file[..length];
        while reader.next(&mut input).unwrap().is_some() {}
        assert_eq!(reader.decompressed_bytes(), decoder.total_out(), "of {length} bytes");
    }
}

#[test]
fn zero_padding_after_a_member_is_ignored() {
    let (head, tail) = TWO.split_at(17);
    assert_eq!(raw(&[gzip(TWO.as_bytes()), vec![0; 700]].concat()), TWO_READ);
    assert_eq!(raw(&[gzip(head.as_bytes()), vec![0; 9], gzip(tail.as_bytes()), vec![0]].concat()), TWO_READ);
}

#[test]
fn other_garbage_is_reported_after_the_records() {
    let member = gzip(TWO.as_bytes());
    let at = member.len();
    for garbage in ["garbage", "\0\0x", "\x1f", "\x1fx"] {
        let outcome = read(FileShape::LogFile, &[&member, garbage.as_bytes()].concat());
        assert_eq!(outcome.items.len(), 2, "{garbage:?}");
        let at = at + garbage.bytes().take_while(|byte| *byte == 0).count();
        assert_eq!(outcome.end, Err(format!("garbage after the gzip data, from its byte {at}")), "{garbage:?}");
    }
}

#[test]
fn a_file_cut_anywhere_is_an_error_after_its_records() {
    let member = gzip(TWO.as_bytes());
    for length in 2..member.len() {
        let outcome = read(FileShape::LogFile, &member[..length]);
        assert!(TWO_READ.starts_with(&outcome.items.join("\n")), "{length}: {outcome:?}");
        assert!(outcome.end.as_ref().unwrap_err().starts_with("the gzip data ends early, "), "{length}: {outcome:?}");
    }
    assert_snapshot!(raw(&member[..member.len() - 8]), @r#"
    {"a":1}
    {"b":2}
    error: the gzip data ends early, after 2 records
    "#);
}

#[test]
fn a_wrong_checksum_or_length_is_reported_after_the_records() {
    let member = gzip(TWO.as_bytes());
    let end = |back: usize| {
        let mut wrong = member.clone();
        let at = wrong.len() - back;
        wrong[at] ^= 1;
        raw(&wrong)
    };
    let check = |back, reason| {
        let end = end(back);
        assert!(end.starts_with(TWO_READ.strip_suffix("end").unwrap()), "{end}");
        assert!(end.contains("error: the gzip data is corrupt near its byte "), "{end}");
        assert!(end.contains("after 2 records, and what was read may be damaged: deflate "), "{end}");
        assert!(end.ends_with(reason), "{end}");
    };
    check(8, "incorrect data check");
    check(1, "incorrect length check");
}

#[test]
fn corrupt_data_is_reported_with_its_place() {
    let mut wrong = gzip(TWO.as_bytes());
    wrong[10] = 0b111;
    assert_snapshot!(raw(&wrong), @"error: the gzip data is corrupt near its byte 11, before any record: deflate decompression error: invalid block type");
    assert_snapshot!(raw(b"\x1f\x8b\x07\0\0\0\0\0\0\0"), @"error: the gzip data is corrupt near its byte 4, before any record: deflate decompression error: unknown compression method");
}

#[test]
fn other_formats_are_named() {
    assert_snapshot!(raw(b"Records"), @"error: neither gzip nor a JSON object: it starts with `Reco`");
    assert_snapshot!(raw(b"PK\x03\x04\x14"), @"error: neither gzip nor a JSON object: it starts with the bytes 50 4b 03 04 (zip); unpack it first: `unzip`");
    assert_snapshot!(raw(b"\x1f"), @"error: neither gzip nor a JSON object: it starts with the bytes 1f");
    assert_snapshot!(raw(b"\x1f\x8a{}"), @"error: neither gzip nor a JSON object: it starts with the bytes 1f 8a 7b 7d");
    assert_snapshot!(raw(b"\xff\xfe{\0}\0"), @"error: neither gzip nor a JSON object: it starts with the bytes ff fe 7b 00 (UTF-16); save it as UTF-8");
    assert_snapshot!(raw(b"\xef\xbb"), @"error: neither gzip nor a JSON object: it starts with the bytes ef bb");
    assert_snapshot!(raw(&gzip(&gzip(TWO.as_bytes()))), @"error: gzip, but not of a JSON object: it starts with the bytes 1f 8b 08 00 (gzip within gzip); unpack it first: `gunzip`");
    assert_snapshot!(raw(b"n"), @"error: neither gzip nor a JSON object: it starts with `n`");
}

#[test]
fn no_bytes_are_an_empty_file() {
    for empty in ["", " \n\t\r\n", "\u{feff}"] {
        assert_eq!(log_file(empty), "error: the file is empty", "{empty:?}");
        assert_eq!(any(empty), "error: the file is empty", "{empty:?}");
    }
}

#[test]
fn a_byte_order_mark_is_skipped() {
    assert_eq!(log_file(format!("\u{feff}{TWO}")), TWO_READ);
}

#[test]
fn a_file_may_hold_no_record() {
    assert_eq!(log_file(r#"{"Records":[]}"#), "end");
    assert_eq!(log_file("{ \"Records\" : [ ] }\n"), "end");
}

/// A gzip member with `length` times `byte`, compressed block by block.
fn bomb(head: &str, byte: u8, length: usize) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(head.as_bytes()).unwrap();
    let block = vec![byte; 1 << 20];
    (0..length >> 20).for_each(|_| encoder.write_all(&block).unwrap());
    encoder.finish().unwrap()
}

#[test]
fn a_bomb_ends_at_the_limit() {
    let limits = Limits { max_decompressed_bytes: 10 << 20, ..Limits::default() };
    let end = |head: &str, byte: u8| {
        let outcome = read_in(FileShape::Any, limits, &[&bomb(head, byte, 11 << 20)]);
        format!("{}; {}", outcome.items.join(", "), outcome.end.unwrap_err())
    };
    assert_snapshot!(end("", 0), @"; gzip, but not of a JSON object: it starts with the bytes 00 00 00 00");
    assert_snapshot!(end("", b' '), @"; more than 10485760 bytes when decompressed; the limit was reached before any record");
    assert_snapshot!(end("[", b'['), @"; more than 10485760 bytes when decompressed; the limit was reached inside record 0");
    assert_snapshot!(end(r#"[{"eventID":"1"},{"a":""#, b'x'), @r#"{"eventID":"1"}; more than 10485760 bytes when decompressed; the limit was reached inside record 1"#);
    assert_snapshot!(end(r#"{""#, b'x'), @"; more than 10485760 bytes when decompressed; the limit was reached before any record");
    assert_snapshot!(end(r#"{"eventID":"#, b'1'), @"; more than 10485760 bytes when decompressed; the limit was reached inside record 0");
}

#[test]
fn the_limit_itself_is_allowed() {
    let limits = |length: usize| Limits { max_decompressed_bytes: length as u64, ..Limits::default() };
    for file in [TWO.as_bytes(), &gzip(TWO.as_bytes())] {
        let at = read_in(FileShape::LogFile, limits(TWO.len()), &[file]);
        assert_eq!(shown(&at), TWO_READ);
        let over = read_in(FileShape::LogFile, limits(TWO.len() - 1), &[file]);
        let error = "error: more than 28 bytes when decompressed; the limit was reached after 2 records";
        assert_eq!(shown(&over), TWO_READ.replace("end", error));
    }
}
