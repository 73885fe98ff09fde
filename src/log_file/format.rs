//! The formats that a file may have instead of JSON, by its first bytes, and what makes them readable.

use std::fmt;

/// A format that is not read, and that could hold records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OtherFormat {
    /// Several programs compress logs twice.
    GzipInGzip,
    /// Also the format of `.jar` and `.xlsx`.
    Zip,
    /// RFC 8878.
    Zstandard,
    /// `.bz2`
    Bzip2,
    /// `.xz`
    Xz,
    /// `.7z`
    SevenZip,
    /// `.lz4`
    Lz4,
    /// Framed Snappy.
    Snappy,
    /// An archive of several files.
    Tar,
    /// Tables of Athena and CloudTrail Lake.
    Parquet,
    /// Tables of Athena.
    Orc,
    /// Object container files.
    Avro,
    /// What PowerShell writes.
    Utf16,
    /// A table with events, such as Athena and the console's event history write.
    Csv,
    /// A table in another form that has no events in its first line.
    OtherCsv,
    /// `--output text` of the AWS command line.
    AwsText,
    /// `--output table` of the AWS command line.
    AwsTable,
    /// `--output yaml` of the AWS command line.
    AwsYaml,
    /// A page, never records.
    Markup,
}

/// Name and repair of each format, and the bytes that begin it.
const MAGIC: &[(&[u8], OtherFormat)] = &[
    (b"\x1f\x8b", OtherFormat::GzipInGzip),
    (b"PK\x03\x04", OtherFormat::Zip),
    (b"PK\x05\x06", OtherFormat::Zip),
    (b"\x28\xb5\x2f\xfd", OtherFormat::Zstandard),
    (b"BZh", OtherFormat::Bzip2),
    (b"\xfd7zXZ", OtherFormat::Xz),
    (b"7z\xbc\xaf", OtherFormat::SevenZip),
    (b"\x04\x22\x4d\x18", OtherFormat::Lz4),
    (b"\xff\x06\x00\x00sNaPpY", OtherFormat::Snappy),
    (b"PAR1", OtherFormat::Parquet),
    (b"ORC", OtherFormat::Orc),
    (b"Obj\x01", OtherFormat::Avro),
    (b"\xff\xfe", OtherFormat::Utf16),
    (b"\xfe\xff", OtherFormat::Utf16),
    (b"EVENTS\t", OtherFormat::AwsText),
    (b"+--", OtherFormat::AwsTable),
    (b"---------", OtherFormat::AwsTable),
    (b"Events:", OtherFormat::AwsYaml),
    (b"- CloudTrailEvent:", OtherFormat::AwsYaml),
    (b"- AccessKeyId:", OtherFormat::AwsYaml),
    (b"<", OtherFormat::Markup),
];

impl OtherFormat {
    /// How many bytes are looked at.
    pub(super) const LOOK: usize = 512;

    /// The format of a file that begins with these bytes, or with fewer if it is shorter than [`Self::LOOK`].
    pub(super) fn of(bytes: &[u8]) -> Option<Self> {
        let bytes = &bytes[..bytes.len().min(Self::LOOK)];
        if let Some((_, format)) = MAGIC.iter().find(|(magic, _)| bytes.starts_with(magic)) {
            return Some(*format);
        }
        // The header of an archive's first file (POSIX.1-1988, ustar).
        if bytes.get(257..262) == Some(b"ustar") {
            return Some(Self::Tar);
        }
        csv(bytes)
    }

    /// Whether it could hold CloudTrail's records.
    pub fn could_hold_records(self) -> bool {
        !matches!(self, Self::Markup | Self::OtherCsv)
    }

    fn text(self) -> (&'static str, &'static str) {
        let json = "have the AWS command line write `--output json`";
        match self {
            Self::GzipInGzip => ("gzip within gzip", "unpack it first: `gunzip`"),
            Self::Zip => ("zip", "unpack it first: `unzip`"),
            Self::Zstandard => ("zstd", "unpack it first: `unzstd`"),
            Self::Bzip2 => ("bzip2", "unpack it first: `bunzip2`"),
            Self::Xz => ("xz", "unpack it first: `unxz`"),
            Self::SevenZip => ("7z", "unpack it first: `7z x`"),
            Self::Lz4 => ("lz4", "unpack it first: `unlz4`"),
            Self::Snappy => ("Snappy", "unpack it first: `snzip -d`"),
            Self::Tar => ("tar", "unpack it first: `tar xf`"),
            Self::Parquet => ("Parquet", "convert it to JSON first, for instance with Athena's `UNLOAD`"),
            Self::Orc => ("ORC", "convert it to JSON first, for instance with Athena's `UNLOAD`"),
            Self::Avro => ("Avro", "convert it to JSON first: `avro-tools tojson`"),
            Self::Utf16 => ("UTF-16", "save it as UTF-8"),
            Self::Csv | Self::OtherCsv => ("CSV", "have it written as JSON; Athena does with `UNLOAD`"),
            Self::AwsText => ("text of the AWS command line", json),
            Self::AwsTable => ("a table of the AWS command line", json),
            Self::AwsYaml => ("YAML of the AWS command line", json),
            Self::Markup => ("XML or HTML", ""),
        }
    }
}

/// Whether the first line names the columns of a table.
fn csv(bytes: &[u8]) -> Option<OtherFormat> {
    let line = bytes.split(|byte| matches!(byte, b'\n' | b'\r')).next()?;
    let line = std::str::from_utf8(line).ok()?.to_ascii_lowercase();
    let is_name = |name: &str| {
        let name = name.trim().trim_matches('"');
        !name.is_empty()
            && name.starts_with(|first: char| first.is_ascii_alphabetic())
            && name.chars().all(|c| c.is_ascii_alphanumeric() || "_-. @".contains(c))
    };
    let names = || line.split([',', ';', '\t']);
    if names().count() < 3 || !names().all(is_name) {
        return None;
    }
    let has_events = ["event", "cloudtrail"].iter().any(|word| line.contains(word));
    Some(if has_events { OtherFormat::Csv } else { OtherFormat::OtherCsv })
}

impl fmt::Display for OtherFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.text() {
            (name, "") => write!(f, "({name})"),
            (name, repair) => write!(f, "({name}); {repair}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_format_is_known_by_its_first_bytes() {
        let mut tar = vec![b'a'; 257];
        tar.extend(b"ustar\x0000");
        for (bytes, format) in [
            (&b"PK\x03\x04\x14\x00"[..], Some(OtherFormat::Zip)),
            (b"\x28\xb5\x2f\xfd\x04", Some(OtherFormat::Zstandard)),
            (b"BZh91AY", Some(OtherFormat::Bzip2)),
            (b"\xfd7zXZ\x00", Some(OtherFormat::Xz)),
            (b"PAR1\x15\x04", Some(OtherFormat::Parquet)),
            (b"ORC\x08", Some(OtherFormat::Orc)),
            (b"Obj\x01\x04", Some(OtherFormat::Avro)),
            (&tar, Some(OtherFormat::Tar)),
            (b"eventversion,useridentity,eventtime\n1.08,", Some(OtherFormat::Csv)),
            (b"\"eventversion\",\"eventid\",\"eventtime\"\r\n", Some(OtherFormat::Csv)),
            (b"Event name,Event time,User name,Event source\n", Some(OtherFormat::Csv)),
            (b"name,size,colour\n", Some(OtherFormat::OtherCsv)),
            (b"<html>", Some(OtherFormat::Markup)),
            (b"Well, this is, of course, prose!\n", None),
            (b"#!/bin/sh\n", None),
            (b"", None),
        ] {
            assert_eq!(OtherFormat::of(bytes), format, "{}", bytes.escape_ascii());
        }
    }
}
