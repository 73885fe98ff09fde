//! Sorts more entries than fit in memory: sorted runs wait in a temporary file, and are merged as they are read.
//!
//! The file has no name in its folder from the moment it is made, so the system removes it even if the program is killed.

use std::{
    cmp::Reverse,
    collections::BinaryHeap,
    env,
    fs::File,
    io::{self, BufWriter, Read, Seek, SeekFrom, Write},
};

use thiserror::Error;
use trailbell::untrusted::printable;

/// How many bytes of entries are in memory before they become a run in the file.
const MAX_BYTES: usize = 32 << 20;
/// How many bytes the buffers of all runs together have while these are merged, and each at least.
const BUFFERS: usize = 16 << 20;
const MIN_BUFFER: usize = 4 << 10;

/// The temporary file cannot be used.
#[derive(Debug, Error)]
#[error(
    "what is found cannot be sorted: the temporary file in {folder} cannot be used; `TMPDIR` names another folder",
    folder = printable(&env::temp_dir().display().to_string())
)]
pub struct SortError(#[from] io::Error);

/// A key and its value.
type Entry = (Vec<u8>, Vec<u8>);
/// The next entry of a run: its key, the number of the run, its value.
type NextEntry = Reverse<(Vec<u8>, usize, Vec<u8>)>;

/// Takes entries in any order.
pub struct Sorter {
    max_bytes: usize,
    /// The keys and values of the entries in memory, one after the other.
    bytes: Vec<u8>,
    /// Of each entry: where it begins, and the lengths of its key and its value.
    entries: Vec<(usize, u32, u32)>,
    file: Option<File>,
    /// Where each run ends in the file; it begins where the one before it ends.
    runs: Vec<u64>,
}

/// Entries in the order of their keys; equal keys in any order.
pub struct Sorted {
    file: Option<File>,
    runs: Vec<Run>,
    /// The next entry of each run and of the memory, the least key first.
    next: BinaryHeap<NextEntry>,
    bytes: Vec<u8>,
    entries: std::vec::IntoIter<(usize, u32, u32)>,
}

/// A part of the file that is being read.
struct Run {
    /// The bytes of the file that are not in the buffer yet.
    from: u64,
    until: u64,
    buffer: Vec<u8>,
    at: usize,
    size: usize,
}

impl Default for Sorter {
    fn default() -> Self {
        Self::within(MAX_BYTES)
    }
}

impl Sorter {
    /// A sorter that keeps at most about so many bytes in memory.
    pub fn within(max_bytes: usize) -> Self {
        Self { max_bytes, bytes: Vec::new(), entries: Vec::new(), file: None, runs: Vec::new() }
    }

    /// Adds an entry. A key or a value of more than 4 GiB is cut.
    ///
    /// # Errors
    ///
    /// If the temporary file cannot be made or written.
    pub fn push(&mut self, key: &[u8], value: &[u8]) -> Result<(), SortError> {
        let length = |bytes: &[u8]| u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        let entry = (self.bytes.len(), length(key), length(value));
        let added = key.len() + value.len() + size_of_val(&entry);
        if !self.entries.is_empty() && self.bytes.len() + size_of_val(&*self.entries) + added > self.max_bytes {
            self.spill()?;
            return self.push(key, value);
        }
        self.bytes.extend_from_slice(key.get(..entry.1 as usize).unwrap_or(key));
        self.bytes.extend_from_slice(value.get(..entry.2 as usize).unwrap_or(value));
        self.entries.push(entry);
        Ok(())
    }

    /// All entries in order.
    ///
    /// # Errors
    ///
    /// If the temporary file cannot be read.
    pub fn finish(mut self) -> Result<Sorted, SortError> {
        self.sort();
        let size = (BUFFERS / self.runs.len().max(1)).max(MIN_BUFFER);
        let mut from = 0;
        let mut runs = Vec::new();
        for until in self.runs {
            runs.push(Run { from, until, buffer: Vec::new(), at: 0, size });
            from = until;
        }
        let (bytes, entries) = (self.bytes, self.entries.into_iter());
        let mut sorted = Sorted { file: self.file, runs, next: BinaryHeap::new(), bytes, entries };
        for run in 0..=sorted.runs.len() {
            sorted.advance(run)?;
        }
        Ok(sorted)
    }

    fn sort(&mut self) {
        let bytes = &self.bytes;
        let key = |(at, key, _): &(usize, u32, u32)| bytes.get(*at..*at + *key as usize).unwrap_or_default();
        self.entries.sort_unstable_by(|one, other| key(one).cmp(key(other)));
    }

    /// Writes what is in memory into the file, as a run.
    fn spill(&mut self) -> Result<(), SortError> {
        self.sort();
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(tempfile::tempfile()?),
        };
        let mut output = BufWriter::with_capacity(1 << 20, &mut *file);
        let mut written = self.runs.last().copied().unwrap_or(0);
        for (at, key, value) in self.entries.drain(..) {
            let entry = self.bytes.get(at..at + key as usize + value as usize).unwrap_or_default();
            output.write_all(&key.to_le_bytes())?;
            output.write_all(&value.to_le_bytes())?;
            output.write_all(entry)?;
            written += 8 + entry.len() as u64;
        }
        output.flush()?;
        drop(output);
        self.bytes.clear();
        self.runs.push(written);
        Ok(())
    }
}

impl Sorted {
    /// The next key and its value; `None` at the end.
    ///
    /// # Errors
    ///
    /// If the temporary file cannot be read.
    pub fn next(&mut self) -> Result<Option<Entry>, SortError> {
        let Some(Reverse((key, run, value))) = self.next.pop() else { return Ok(None) };
        self.advance(run)?;
        Ok(Some((key, value)))
    }

    /// Puts the next entry of a run into the heap; the memory is the run after the last.
    fn advance(&mut self, number: usize) -> Result<(), SortError> {
        let entry = match (self.runs.get_mut(number), &mut self.file) {
            (Some(run), Some(file)) => run.next(file)?,
            _ => self.entries.next().map(|(at, key, value)| {
                let (middle, end) = (at + key as usize, at + key as usize + value as usize);
                let part = |from, to| self.bytes.get(from..to).unwrap_or_default().to_vec();
                (part(at, middle), part(middle, end))
            }),
        };
        self.next.extend(entry.map(|(key, value)| Reverse((key, number, value))));
        Ok(())
    }
}

impl Run {
    fn next(&mut self, file: &mut File) -> Result<Option<Entry>, SortError> {
        if self.from == self.until && self.at == self.buffer.len() {
            return Ok(None);
        }
        let mut lengths = [[0; 4]; 2];
        for length in &mut lengths {
            let bytes = self.take(file, 4)?;
            length.iter_mut().zip(bytes).for_each(|(to, from)| *to = from);
        }
        let [key, value] = lengths.map(|length| u32::from_le_bytes(length) as usize);
        Ok(Some((self.take(file, key)?, self.take(file, value)?)))
    }

    /// The next bytes of the run.
    fn take(&mut self, file: &mut File, length: usize) -> Result<Vec<u8>, SortError> {
        let mut taken = Vec::with_capacity(length);
        while taken.len() < length {
            if self.at == self.buffer.len() {
                let size = usize::try_from(self.until - self.from).unwrap_or(usize::MAX).min(self.size);
                self.buffer.resize(size, 0);
                file.seek(SeekFrom::Start(self.from))?;
                file.read_exact(&mut self.buffer)?;
                self.from += size as u64;
                self.at = 0;
                if size == 0 {
                    return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
                }
            }
            let end = self.buffer.len().min(self.at + length - taken.len());
            taken.extend_from_slice(self.buffer.get(self.at..end).unwrap_or_default());
            self.at = end;
        }
        Ok(taken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The entries in order, and the number of runs.
    fn in_order(max_bytes: usize, entries: &[Entry]) -> (Vec<Entry>, usize) {
        let mut sorter = Sorter::within(max_bytes);
        for (key, value) in entries {
            sorter.push(key, value).unwrap();
            assert!(sorter.bytes.len() <= max_bytes.max(key.len() + value.len()));
        }
        let runs = sorter.runs.len();
        let mut all = sorter.finish().unwrap();
        (std::iter::from_fn(|| all.next().unwrap()).collect(), runs)
    }

    #[test]
    fn entries_are_sorted_in_memory_and_in_the_file() {
        let entry = |number: u32| {
            let mixed = number.wrapping_mul(0x9e37_79b1) % 5_000;
            (format!("{mixed:05}").into_bytes(), vec![b'x'; (mixed % 97) as usize])
        };
        let entries: Vec<_> = (0..3_000).map(entry).collect();
        let mut expected = entries.clone();
        expected.sort();
        for (max_bytes, least, most) in [(1 << 20, 0, 0), (50_000, 2, 10), (1_000, 100, 3_000), (1, 2_999, 2_999)] {
            let (mut found, runs) = in_order(max_bytes, &entries);
            assert!((least..=most).contains(&runs), "{runs} runs");
            assert!(found.is_sorted_by(|one, other| one.0 <= other.0));
            found.sort();
            assert!(found == expected, "{max_bytes}");
        }
    }

    #[test]
    fn nothing_and_long_entries_are_sorted() {
        assert_eq!(in_order(100, &[]).0, []);
        let long = |byte: u8| (vec![byte], vec![byte; 200_000]);
        let entries = [long(2), (vec![], vec![]), long(1), long(0)];
        let (found, runs) = in_order(100, &entries);
        assert_eq!(
            found.iter().map(|(key, _)| key.first().copied()).collect::<Vec<_>>(),
            [None, Some(0), Some(1), Some(2)]
        );
        assert!(runs >= 2 && found[3] == entries[0]);
    }
}
