//! YAML text → a tree of nodes with their places.
//!
//! The tree does not guess types: a plain scalar stays the text of the file, and the reader of a field decides what it
//! means. Copies made by aliases are bounded in memory and depth, so a small file cannot unfold to a large tree.

use std::{borrow::Cow, collections::HashMap};

use granit_parser::{Event, Parser, ScalarStyle, options};

use super::scalar::Scalar;
use super::syntax::{self, MAX_DEPTH};
use crate::diagnostic::{Diagnostic, Span, shorten};

/// The longest file that is accepted, in bytes.
pub const MAX_FILE_BYTES: usize = 4 << 20;
const MAX_ALIASED_BYTES: usize = 16 << 20;

/// One value of the file.
#[derive(Clone, Debug)]
pub struct YamlNode {
    /// Its source; for a list or a map, the first line of it.
    pub span: Span,
    /// Its content.
    pub kind: YamlKind,
}

/// The content of a node.
#[derive(Clone, Debug)]
pub enum YamlKind {
    /// A text, a number, a boolean or null.
    Scalar(Scalar),
    /// `- a` or `[a]`.
    List(Vec<YamlNode>),
    /// `a: b` or `{a: b}`, in the order of the file, without repeated keys.
    Map(Vec<(Scalar, YamlNode)>),
    /// A value with an error that is already reported.
    Broken,
}

/// A file.
#[derive(Debug)]
pub struct YamlDocument {
    /// Its value; an empty scalar if the file is empty.
    pub root: YamlNode,
    /// Findings that do not keep the tree from being built.
    pub problems: Vec<Diagnostic>,
}

/// Reads a file of one document.
///
/// # Errors
///
/// The findings up to and including the first place where the text is not valid YAML.
pub fn parse(file: &str) -> Result<YamlDocument, Vec<Diagnostic>> {
    if file.len() > MAX_FILE_BYTES {
        return Err(vec![too_large(file)]);
    }
    let limits = options! {
        emit_anchor_events: true,
        flow_nesting_limit: MAX_DEPTH,
        block_nesting_limit: MAX_DEPTH,
    };
    let mut builder = Builder { file, ..Builder::default() };
    for event in Parser::new_from_str_with_options(file, limits) {
        let step = match event {
            Ok((event, span)) => builder.event(event, span),
            Err(error) => Err(Box::new(syntax::explain(file, &error))),
        };
        match step {
            Ok(Progress::More) => {}
            Ok(Progress::Done) => break,
            Err(fatal) => {
                if builder.problems.last() != Some(&*fatal) {
                    builder.problems.push(*fatal);
                }
                return Err(builder.problems);
            }
        }
    }
    builder.report_unused_anchors();
    let nothing = || Scalar::new(file, Span::default(), ScalarStyle::Plain, None, Cow::Borrowed(""));
    let root = builder.root.unwrap_or_else(|| YamlNode { span: Span::default(), kind: YamlKind::Scalar(nothing()) });
    Ok(YamlDocument { root, problems: builder.problems })
}

/// Reads a file whose places begin at `start` in the numbering of several files.
///
/// # Errors
///
/// As [`parse`].
pub fn parse_at(file: &str, start: usize) -> Result<YamlDocument, Vec<Diagnostic>> {
    let shifted = |problems: Vec<Diagnostic>| -> Vec<Diagnostic> {
        problems.into_iter().map(|finding| finding.at(|span| span.shifted(start))).collect()
    };
    let mut document = parse(file).map_err(shifted)?;
    document.problems = shifted(document.problems);
    document.root.shift(start);
    Ok(document)
}

impl YamlNode {
    fn shift(&mut self, offset: usize) {
        self.span = self.span.shifted(offset);
        match &mut self.kind {
            YamlKind::Scalar(scalar) => scalar.shift(offset),
            YamlKind::List(items) => items.iter_mut().for_each(|item| item.shift(offset)),
            YamlKind::Map(entries) => {
                for (key, value) in entries {
                    key.shift(offset);
                    value.shift(offset);
                }
            }
            YamlKind::Broken => {}
        }
    }
}

/// The finding for a file with more than [`MAX_FILE_BYTES`].
pub fn too_large(file: &str) -> Diagnostic {
    let title = format!("the file has {} bytes, more than {} MiB", file.len(), MAX_FILE_BYTES >> 20);
    Diagnostic::error("too-large", title, Span::default(), "the file starts here")
}

enum Progress {
    More,
    Done,
}

type Fatal = Box<Diagnostic>;

#[derive(Default)]
struct Builder<'a> {
    file: &'a str,
    open: Vec<Open>,
    anchors: HashMap<usize, Anchor>,
    aliased_bytes: usize,
    root: Option<YamlNode>,
    problems: Vec<Diagnostic>,
}

/// A list or a map that is not closed yet.
struct Open {
    start: Span,
    anchor: usize,
    items: Items,
}

enum Items {
    List(Vec<YamlNode>),
    Map(OpenMap),
}

#[derive(Default)]
struct OpenMap {
    entries: Vec<(Scalar, YamlNode)>,
    key: Option<OpenKey>,
    broken: bool,
}

enum OpenKey {
    New(Scalar),
    /// Its value is skipped.
    Refused,
}

#[derive(Default)]
struct Anchor {
    name: String,
    span: Span,
    used: bool,
    /// None until the node is complete.
    node: Option<YamlNode>,
}

impl Builder<'_> {
    fn event(&mut self, event: Event, source: granit_parser::Span) -> Result<Progress, Fatal> {
        let span: Span = source.byte_range().unwrap_or_default().into();
        if event.tag().is_some() {
            self.refuse_tag(source.tag_span().and_then(|tag| tag.byte_range()).map_or(span, Span::from));
        }
        match event {
            Event::Scalar(text, style, anchor, _) => {
                let (span, text) = self.written(span, style, text);
                let scalar = Scalar::new(self.file, span, style, source.indent, text);
                self.add(YamlNode { span: scalar.span, kind: YamlKind::Scalar(scalar) }, anchor)?;
            }
            Event::SequenceStart(_, anchor, _) => self.open(span, anchor, Items::List(Vec::new()))?,
            Event::MappingStart(_, anchor, _) => self.open(span, anchor, Items::Map(OpenMap::default()))?,
            Event::SequenceEnd | Event::MappingEnd => self.close(span)?,
            Event::Anchor(id, name) => {
                let anchor = self.anchors.entry(id).or_default();
                anchor.name = name.into_owned();
                anchor.span = span;
            }
            Event::Alias(id) => self.alias(id, span)?,
            Event::DocumentStart(..) if self.root.is_some() => {
                let finding = Diagnostic::error("bad-yaml", "a second document", span, "expected the end of the file");
                self.problems.push(finding.help("keep all rules under one `rules:` and remove the `---` or `...`"));
                return Ok(Progress::Done);
            }
            _ => {}
        }
        Ok(Progress::More)
    }

    /// The parser reports a missing value as `~`: it becomes an empty text after its key.
    fn written<'t>(&self, span: Span, style: ScalarStyle, text: Cow<'t, str>) -> (Span, Cow<'t, str>) {
        if style != ScalarStyle::Plain || span.end > span.start {
            return (span, text);
        }
        let before = self.file.get(..span.start).unwrap_or_default().trim_end().len();
        (Span::new(before, before), Cow::Borrowed(""))
    }

    fn refuse_tag(&mut self, span: Span) {
        let tag = self.file.get(span.start..span.end).unwrap_or("!");
        let title = format!("`{tag}` is a YAML tag, which rules files do not use");
        let finding = Diagnostic::error("bad-yaml", title, span, "expected the value");
        self.problems.push(finding.help("remove the tag; a value that begins with `!` needs quotes or a block"));
    }

    fn open(&mut self, start: Span, anchor: usize, items: Items) -> Result<(), Fatal> {
        if self.open.len() >= MAX_DEPTH {
            return Err(Box::new(syntax::too_deep(start)));
        }
        self.open.push(Open { start, anchor, items });
        Ok(())
    }

    fn close(&mut self, end: Span) -> Result<(), Fatal> {
        let Some(Open { start, anchor, items }) = self.open.pop() else { return Ok(()) };
        let kind = match items {
            Items::List(items) => YamlKind::List(items),
            Items::Map(map) if map.broken => YamlKind::Broken,
            Items::Map(mut map) => {
                drop_repeated(&mut map.entries, &mut self.problems);
                YamlKind::Map(map.entries)
            }
        };
        let source = self.file.get(start.start..end.end).unwrap_or_default();
        let line = source.split(['\n', '\r']).next().unwrap_or_default().trim_end();
        let span = Span::new(start.start, start.start + line.len());
        self.add(YamlNode { span, kind }, anchor)
    }

    fn alias(&mut self, id: usize, span: Span) -> Result<(), Fatal> {
        let Some(anchor) = self.anchors.get_mut(&id) else { return Ok(()) };
        anchor.used = true;
        let Some(node) = anchor.node.clone() else {
            let (title, label) = (
                format!("the alias `*{}` refers to the value that contains it", anchor.name),
                "expected the name of a complete value",
            );
            let finding =
                Diagnostic::error("bad-yaml", title, span, label).context(anchor.span, "the value with that name");
            return Err(Box::new(finding.help("write out the value instead of the alias")));
        };
        self.charge(&node, span)?;
        if self.open.len() + height(&node) > MAX_DEPTH {
            return Err(Box::new(syntax::too_deep(span)));
        }
        self.add(node, 0)
    }

    fn charge(&mut self, node: &YamlNode, span: Span) -> Result<(), Fatal> {
        self.aliased_bytes += size(node);
        if self.aliased_bytes <= MAX_ALIASED_BYTES {
            return Ok(());
        }
        let title = format!("the aliases of this file expand to more than {} MiB", MAX_ALIASED_BYTES >> 20);
        let finding = Diagnostic::error("bad-yaml", title, span, "exceeds the limit here");
        Err(Box::new(finding.help("write out the values, or give names to smaller ones")))
    }

    /// Adds a complete node to the list or map that contains it.
    fn add(&mut self, node: YamlNode, anchor: usize) -> Result<(), Fatal> {
        if anchor != 0 {
            self.charge(&node, node.span)?;
            self.anchors.entry(anchor).or_default().node = Some(node.clone());
        }
        match self.open.last_mut().map(|open| &mut open.items) {
            None => self.root = Some(node),
            Some(Items::List(items)) => items.push(node),
            Some(Items::Map(map)) => match map.key.take() {
                Some(OpenKey::New(key)) => map.entries.push((key, node)),
                Some(OpenKey::Refused) => {}
                None => map.key = Some(key(node, map, self.file, &mut self.problems)),
            },
        }
        Ok(())
    }

    /// `filter: &a = b` is an anchor for YAML, which drops the `&a` silently.
    fn report_unused_anchors(&mut self) {
        let mut unused: Vec<&Anchor> = self.anchors.values().filter(|anchor| !anchor.used).collect();
        unused.sort_by_key(|anchor| anchor.span.start);
        self.problems.extend(unused.iter().map(|anchor| {
            let title = format!("the anchor `&{}` is never used", anchor.name);
            Diagnostic::warning("unused-anchor", title, anchor.span, "YAML does not read this as part of the value")
                .help("remove it; a value that begins with `&` needs quotes or a block")
        }));
    }
}

/// A key of a map; one that is not a scalar is reported.
fn key(node: YamlNode, map: &mut OpenMap, file: &str, problems: &mut Vec<Diagnostic>) -> OpenKey {
    let YamlKind::Scalar(key) = node.kind else {
        map.broken = true;
        if !matches!(node.kind, YamlKind::Broken) {
            problems.push(syntax::template(file, node.span.start).unwrap_or_else(|| {
                Diagnostic::error("bad-yaml", "a list or a map cannot be a key", node.span, "expected a name")
                    .help("quote the value if it begins with `[` or `{`")
            }));
        }
        return OpenKey::Refused;
    };
    OpenKey::New(key)
}

/// Keeps the first entry of each key and reports the others.
fn drop_repeated(entries: &mut Vec<(Scalar, YamlNode)>, problems: &mut Vec<Diagnostic>) {
    let key = |place: usize| &entries[place].0;
    let mut places: Vec<usize> = (0..entries.len()).collect();
    places.sort_by_key(|place| &key(*place).text);
    let mut repeated = vec![false; entries.len()];
    for same in places.chunk_by(|one, other| key(*one).text == key(*other).text) {
        let first = key(same[0]).span;
        for place in &same[1..] {
            repeated[*place] = true;
            let title = format!("the key `{}` occurs twice", shorten(&key(*place).text));
            let finding = Diagnostic::error("duplicate-key", title, key(*place).span, "the second one");
            problems.push(finding.context(first, "the first one").help("remove one of the two"));
        }
    }
    let mut repeated = repeated.into_iter();
    entries.retain(|_| repeated.next() != Some(true));
}

/// How many levels of lists and maps a node has, itself included.
fn height(node: &YamlNode) -> usize {
    match &node.kind {
        YamlKind::Scalar(_) | YamlKind::Broken => 0,
        YamlKind::List(items) => 1 + items.iter().map(height).max().unwrap_or(0),
        YamlKind::Map(entries) => 1 + entries.iter().map(|(_, value)| height(value)).max().unwrap_or(0),
    }
}

/// The bytes of memory that a copy takes.
fn size(node: &YamlNode) -> usize {
    size_of::<YamlNode>()
        + match &node.kind {
            YamlKind::Broken => 0,
            YamlKind::Scalar(scalar) => scalar.size(),
            YamlKind::List(items) => items.iter().map(size).sum(),
            YamlKind::Map(entries) => {
                entries.iter().map(|(key, value)| size_of::<Scalar>() + key.size() + size(value)).sum()
            }
        }
}
