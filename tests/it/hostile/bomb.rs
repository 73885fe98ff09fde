//! A gzip bomb, ten gigabytes of zeros in ten megabytes, fails alone and does not grow the memory.

use std::process::Command;

use flate2::{Compression, write::GzEncoder};
use std::io::Write;
use trailbell::{handler::InvocationLimits, log_file::Limits};

use crate::ports::{BUCKET, Memory, Outbox, Ticking, event, failures, gzip, handled_with, images};

/// A gzip member of `mebibytes` MiB of one byte.
fn member(head: &str, byte: u8, mebibytes: usize) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(head.as_bytes()).unwrap();
    (0..mebibytes).for_each(|_| encoder.write_all(&vec![byte; 1 << 20]).unwrap());
    encoder.finish().unwrap()
}

/// The beginning of a log file, then members of 64 MiB each.
fn bomb(byte: u8, members: usize) -> Vec<Vec<u8>> {
    let part = member("", byte, 64);
    let start = gzip(if byte == 0 { b"" } else { br#"{"Records":[{"eventID":""# });
    std::iter::once(start).chain(std::iter::repeat_n(part, members)).collect()
}

#[test]
fn bomb_of_ten_gigabytes_fails_alone_and_is_counted() {
    let limits = InvocationLimits {
        log_file: Limits { max_decompressed_bytes: 100 << 20, ..Limits::default() },
        ..InvocationLimits::default()
    };
    for (byte, says) in [
        (0, "gzip, but not of a JSON object"),
        (b' ', "more than 104857600 bytes when decompressed; the limit was reached inside record 0"),
        (b'x', "more than 104857600 bytes when decompressed; the limit was reached inside record 0"),
    ] {
        let chunks = bomb(byte, 160).into_iter().map(Ok).collect();
        let objects = Memory::default().with("a", chunks).with("b", vec![Ok(images(1))]);
        let outcome = handled_with(&objects, &Outbox::open(), &Ticking::never(), limits, &event(&["a", "b"]));
        assert_eq!((outcome.objects.failed, outcome.matches.alerted), (1, 1));
        assert!(failures(&outcome)[0].contains(says), "{:?}", failures(&outcome));
        assert!(outcome.answer().is_err());
    }
}

#[test]
fn object_larger_than_the_limit_fails() {
    let limits = InvocationLimits { max_object_bytes: 1_000, ..InvocationLimits::default() };
    let chunks = (0..4).map(|_| Ok(vec![b' '; 300])).collect();
    let objects = Memory::default().with("a", chunks).with("b", vec![Ok(images(1))]);
    let outcome = handled_with(&objects, &Outbox::open(), &Ticking::never(), limits, &event(&["a", "b"]));
    assert_eq!(failures(&outcome), ["s3://logs/a has more than 1000 bytes as stored"]);
    assert_eq!(outcome.matches.alerted, 1);
}

/// Runs the program in 256 MiB of address space on a file that decompresses to more.
#[test]
#[cfg(target_os = "linux")]
fn bomb_does_not_grow_the_memory() {
    let root = std::path::PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("bomb");
    std::fs::create_dir_all(root.join(BUCKET)).unwrap();
    std::fs::write(root.join(BUCKET).join("a"), bomb(b'x', 5).concat()).unwrap();
    std::fs::write(root.join("event.json"), event(&["a"]).to_string()).unwrap();
    let ran = Command::new("sh")
        .args(["-c", "ulimit -v 262144; exec \"$@\"", "sh", env!("CARGO_BIN_EXE_trailbell"), "invoke"])
        .args([root.join("event.json").as_os_str(), "--buckets".as_ref(), root.as_os_str()])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    let output = String::from_utf8_lossy(&ran.stderr);
    assert_eq!(ran.status.code(), Some(1), "{output}");
    let place = "s3://logs/a is not a complete log file: ";
    assert!(
        ["the gzip data", "the JSON ends early"].iter().any(|what| output.contains(&format!("{place}{what}"))),
        "{output}"
    );
}
