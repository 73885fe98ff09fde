//! Compares the engine with gunzip, which every reader must run: each stage on the same objects, in memory.
//!
//! `make bench` creates the folders that it reads, runs it several times and prints the ratios.

#![expect(clippy::expect_used, reason = "a missing file ends the measurement")]

use std::{fs, hint::black_box, io::Read, path::Path, time::Duration};

use criterion::{Criterion, SamplingMode, criterion_group, criterion_main};
use flate2::read::MultiGzDecoder;
use trailbell::{
    engine::{Engine, Evaluated, Scratch},
    log_file::{FileItem, FileShape, Limits, RawRecord, Reader},
    rule::RuleSet,
};
use walkdir::WalkDir;

/// The length of a chunk from S3, in bytes.
const CHUNK: usize = 64 * 1024;

criterion_group!(benches, busy, tiny);
criterion_main!(benches);

/// One object of 50 MB: the cost of a record.
fn busy(criterion: &mut Criterion) {
    let objects = objects(Path::new("target/bench/busy"));
    let mut text = Vec::new();
    gunzip(&objects[0], |bytes| text.extend_from_slice(bytes));
    let mut group = criterion.benchmark_group("busy");
    group.sampling_mode(SamplingMode::Flat).sample_size(10).warm_up_time(Duration::from_millis(100));
    group.measurement_time(Duration::from_secs(1));
    group.bench_function("gunzip", |bencher| bencher.iter(|| gunzip(&objects[0], |bytes| _ = black_box(bytes))));
    group.bench_function("split", |bencher| bencher.iter(|| read(&objects[0], |_| {})));
    for count in [10, 100, 1000] {
        let (engine, mut scratch) = (engine(count), Scratch::default());
        group.bench_function(format!("rules{count}"), |bencher| {
            bencher.iter(|| read(&objects[0], |record| drop(black_box(engine.evaluate(record, &mut scratch)))));
        });
        if count == 100 {
            group.bench_function("json", |bencher| {
                bencher.iter(|| read(&text, |record| drop(black_box(engine.evaluate(record, &mut scratch)))));
            });
        }
        eprintln!("rules{count}: {}", shares(&engine, &text));
    }
    let engine = engine(100);
    group.bench_function("plain", |bencher| {
        bencher.iter(|| read(&text, |record| drop(black_box(engine.evaluate_plainly(record.text)))));
    });
    group.finish();
}

/// Thousands of objects with five events each: the cost of an object.
fn tiny(criterion: &mut Criterion) {
    let objects = objects(Path::new("target/bench/tiny"));
    let (engine, mut scratch) = (engine(100), Scratch::default());
    let mut group = criterion.benchmark_group("tiny");
    group.sampling_mode(SamplingMode::Flat).sample_size(10).warm_up_time(Duration::from_millis(100));
    group.measurement_time(Duration::from_secs(1));
    group.bench_function("gunzip", |bencher| {
        bencher.iter(|| objects.iter().for_each(|object| gunzip(object, |bytes| _ = black_box(bytes))));
    });
    group.bench_function("rules100", |bencher| {
        bencher.iter(|| {
            for object in &objects {
                read(object, |record| drop(black_box(engine.evaluate(record, &mut scratch))));
            }
        });
    });
    eprintln!("tiny: {} objects", objects.len());
    group.finish();
}

fn engine(count: usize) -> Engine {
    let text = fs::read_to_string(format!("benches/rules/{count}.yaml")).expect("the rule sets are committed");
    Engine::new(RuleSet::parse(&text).expect("the rule sets are valid").0)
}

/// The objects under a folder.
fn objects(folder: &Path) -> Vec<Vec<u8>> {
    let files =
        WalkDir::new(folder).into_iter().map(|entry| entry.expect("`make bench` creates the folder").into_path());
    let objects = files.filter(|path| path.extension().is_some_and(|extension| extension == "gz"));
    objects.map(|path| fs::read(path).expect("a readable file")).collect()
}

/// Runs the decoder that the reader uses, and passes the content to `see` piece by piece.
fn gunzip(object: &[u8], mut see: impl FnMut(&[u8])) {
    let (mut decoder, mut buffer) = (MultiGzDecoder::new(object), vec![0; 2 * CHUNK]);
    loop {
        match decoder.read(&mut buffer).expect("the object is complete") {
            0 => return,
            length => see(&buffer[..length]),
        }
    }
}

/// Passes every record of an object to `see`, and returns how many there are.
fn read(object: &[u8], mut see: impl FnMut(RawRecord<'_>)) -> u64 {
    let (mut reader, mut count) = (Reader::new(FileShape::LogFile, Limits::default()), 0);
    for mut chunk in object.chunks(CHUNK) {
        while let Some(item) = reader.next(&mut chunk).expect("the object is complete") {
            if let FileItem::Record(record) = item {
                count += 1;
                see(record);
            }
        }
    }
    reader.finish().expect("the object is complete");
    count
}

/// How many records match a rule, and for how many a rule was evaluated.
fn shares(engine: &Engine, text: &[u8]) -> String {
    let (mut scratch, mut matched, mut candidates) = (Scratch::default(), 0, 0);
    let records = read(text, |record| {
        if let Evaluated::Record { findings, .. } = engine.evaluate(record, &mut scratch) {
            matched += u64::from(!findings.is_empty());
            candidates += u64::from(scratch.preselected() > 0);
        }
    });
    format!("of {records} records {candidates} are candidates and {matched} match")
}
