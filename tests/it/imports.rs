//! Imports between the files of the sources: they run downward, and no files import each other in a circle.
//!
//! An import counts for the file that defines what is imported, through every re-export on the way.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::{Item, UseTree};

use crate::architecture::LAYERS;

/// The name under which the binaries see the library.
const LIBRARY: &str = "trailbell";

/// A module as the compiler sees it.
#[derive(Debug, Default)]
struct Module {
    /// The file that holds it; of an inline module, the file around it.
    file: String,
    children: BTreeSet<String>,
    /// What a `use` makes visible in it: a name, and the path behind it.
    names: BTreeMap<String, Vec<String>>,
    /// The modules that a `use …::*` opens to it.
    opened: Vec<Vec<String>>,
    /// Every path in its code, absolute: the name of the crate first.
    paths: BTreeSet<Vec<String>>,
    /// What it holds besides `mod` and `use`.
    definitions: Vec<String>,
}

/// The modules of the library and of the binaries by their absolute paths.
#[derive(Debug, Default)]
struct Tree {
    modules: BTreeMap<Vec<String>, Module>,
}

impl Tree {
    /// Reads files; `roots` names those that begin a crate, with the name of the crate.
    fn read(files: &BTreeMap<String, String>, roots: &[(&str, &str)]) -> Self {
        let mut tree = Self::default();
        for (file, name) in roots {
            tree.file(files, file, vec![(*name).to_owned()]);
        }
        let read: BTreeSet<&String> = tree.modules.values().map(|module| &module.file).collect();
        let unread: Vec<_> = files.keys().filter(|file| !read.contains(file)).collect();
        assert!(unread.is_empty(), "no `mod` leads to {unread:?}");
        tree
    }

    fn file(&mut self, files: &BTreeMap<String, String>, file: &str, path: Vec<String>) {
        let text = files.get(file).unwrap_or_else(|| panic!("there is no {file}"));
        let parsed = syn::parse_file(text).unwrap_or_else(|error| panic!("{file}: {error}"));
        self.items(files, file, path, &parsed.items);
    }

    fn items(&mut self, files: &BTreeMap<String, String>, file: &str, path: Vec<String>, items: &[Item]) {
        let mut module = Module { file: file.to_owned(), ..Module::default() };
        for item in items.iter().filter(|item| !is_test(item)) {
            match item {
                Item::Mod(inner) => {
                    let name = inner.ident.to_string();
                    module.children.insert(name.clone());
                    let below = path.iter().cloned().chain([name.clone()]).collect();
                    match &inner.content {
                        Some((_, items)) => self.items(files, file, below, items),
                        None => self.file(files, &file_of(files, file, path.len() == 1, &name), below),
                    }
                }
                Item::Use(used) => bindings(&used.tree, &mut Vec::new(), &mut module),
                item => {
                    module.definitions.push(named(item));
                    gather(item.to_token_stream(), &mut module.paths);
                }
            }
        }
        self.modules.insert(path, module);
    }

    /// The file that defines what a path in a module leads to; `None` for another crate's, and for a mere module.
    fn defined(&self, module: &[String], path: &[String], depth: usize) -> Option<&str> {
        let (first, rest) = path.split_first()?;
        if depth > 16 {
            return None;
        }
        let here = &self.modules[module];
        let (at, rest) = match first.as_str() {
            "crate" => (vec![module[0].clone()], rest),
            LIBRARY => (vec![LIBRARY.to_owned()], rest),
            "self" => (module.to_vec(), rest),
            "super" => (module[..module.len() - 1].to_vec(), rest),
            name if here.children.contains(name) => (module.iter().cloned().chain([name.to_owned()]).collect(), rest),
            name => {
                let Some(behind) = here.names.get(name) else {
                    return self.through_glob(module, path, depth);
                };
                let path: Vec<String> = behind.iter().chain(rest).cloned().collect();
                // A name that a `use` of itself brings in is another crate's.
                return if behind[0] == *name && name != LIBRARY {
                    None
                } else {
                    self.defined(module, &path, depth + 1)
                };
            }
        };
        self.descend(at, rest, depth)
    }

    /// The same through the module's `use …::*`.
    fn through_glob(&self, module: &[String], path: &[String], depth: usize) -> Option<&str> {
        let opened = self.modules[module].opened.iter();
        opened.map(|glob| [glob, path].concat()).find_map(|path| self.defined(module, &path, depth + 1))
    }

    fn descend(&self, mut at: Vec<String>, mut rest: &[String], depth: usize) -> Option<&str> {
        loop {
            let module = self.modules.get(&at)?;
            let (first, behind) = rest.split_first()?;
            match first.as_str() {
                "super" => _ = at.pop(),
                "self" => {}
                name if module.children.contains(name) => at.push(name.to_owned()),
                name if module.names.contains_key(name) => return self.defined(&at, rest, depth + 1),
                _ => return Some(&module.file),
            }
            rest = behind;
        }
    }

    /// Which files each file imports from.
    fn imports(&self) -> BTreeMap<&str, BTreeSet<&str>> {
        let mut imports: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for (path, module) in &self.modules {
            let of = imports.entry(&module.file).or_default();
            let named = module.names.values().filter(|_| !module.is_contents_page());
            let found = named.chain(&module.paths).filter_map(|used| self.defined(path, used, 0));
            // What a `*` opens counts as imported from the file that it names.
            let opened = module.opened.iter().map(|glob| [&glob[..], &["*".to_owned()]].concat());
            let opened: Vec<_> = opened.filter_map(|glob| self.defined(path, &glob, 0)).collect();
            of.extend(found.chain(opened).filter(|file| *file != module.file));
        }
        imports
    }
}

impl Module {
    /// Whether it holds only what a table of contents does.
    fn is_contents_page(&self) -> bool {
        self.definitions.is_empty() && self.file.ends_with("/mod.rs")
    }
}

/// Whether an item is compiled for tests only.
pub fn is_test(item: &Item) -> bool {
    let attributes = match item {
        Item::Mod(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        _ => return false,
    };
    attributes.iter().any(|attribute| attribute.to_token_stream().to_string().replace(' ', "") == "#[cfg(test)]")
}

/// A definition by its first words, without attributes and visibility.
fn named(item: &Item) -> String {
    let tokens = item.to_token_stream().into_iter().skip_while(|token| !matches!(token, TokenTree::Ident(_)));
    let words = tokens.map(|token| token.to_string()).take_while(|word| !word.starts_with(['{', '(', ';', ':']));
    words.take(6).collect::<Vec<_>>().join(" ")
}

/// Where the module `name` is that a file declares.
fn file_of(files: &BTreeMap<String, String>, file: &str, is_root: bool, name: &str) -> String {
    let (folder, own) = file.rsplit_once('/').unwrap();
    let folder = if is_root || own == "mod.rs" { folder.to_owned() } else { file.trim_end_matches(".rs").to_owned() };
    let [beside, below] = [format!("{folder}/{name}.rs"), format!("{folder}/{name}/mod.rs")];
    if files.contains_key(&beside) { beside } else { below }
}

/// The names that a `use` binds, and the paths behind them.
fn bindings(tree: &UseTree, above: &mut Vec<String>, module: &mut Module) {
    let mut bind = |name: String, path: Vec<String>| _ = module.names.insert(name, path);
    match tree {
        UseTree::Path(path) => {
            above.push(path.ident.to_string());
            bindings(&path.tree, above, module);
            above.pop();
        }
        UseTree::Group(group) => group.items.iter().for_each(|tree| bindings(tree, above, module)),
        UseTree::Name(name) if name.ident == "self" => bind(above.last().unwrap().clone(), above.clone()),
        UseTree::Name(name) => bind(name.ident.to_string(), [&above[..], &[name.ident.to_string()]].concat()),
        UseTree::Rename(name) if name.ident == "self" => bind(name.rename.to_string(), above.clone()),
        UseTree::Rename(name) => bind(name.rename.to_string(), [&above[..], &[name.ident.to_string()]].concat()),
        UseTree::Glob(_) => module.opened.push(above.clone()),
    }
}

/// The paths of two names or more in a piece of code, also inside of macros.
fn gather(code: TokenStream, paths: &mut BTreeSet<Vec<String>>) {
    let (mut path, mut colons) = (Vec::<String>::new(), 0);
    let mut end = |path: &mut Vec<String>| {
        if path.len() > 1 {
            paths.insert(path.clone());
        }
        path.clear();
    };
    let mut inner = Vec::new();
    for token in code {
        match token {
            TokenTree::Punct(punct) if punct.as_char() == ':' => colons += 1,
            TokenTree::Ident(name) => {
                if colons != 2 {
                    end(&mut path);
                }
                path.push(name.to_string());
                colons = 0;
            }
            other => {
                end(&mut path);
                colons = 0;
                if let TokenTree::Group(group) = other {
                    inner.push(group.stream());
                }
            }
        }
    }
    end(&mut path);
    for code in inner {
        gather(code, paths);
    }
}

/// The room of a file: the folder or file right below `src/`; `None` for the binaries and the library's root.
fn room(file: &str) -> Option<&str> {
    let inside = file.strip_prefix("src/")?.trim_end_matches(".rs");
    let room = inside.split('/').next()?;
    (!matches!(room, "lib" | "bin")).then_some(room)
}

fn layer(room: &str) -> Option<usize> {
    LAYERS.iter().position(|layer| layer.contains(&room))
}

/// The imports that do not run downward, each with both files.
fn upward(imports: &BTreeMap<&str, BTreeSet<&str>>) -> Vec<String> {
    let mut found = Vec::new();
    for (from, to) in imports.iter().flat_map(|(from, all)| all.iter().map(move |to| (*from, *to))) {
        let (Some(own), other) = (room(from), room(to)) else { continue };
        if layer(own).is_none() {
            found.push(format!("{from}: `{own}` is in no layer of this test"));
        } else if other != Some(own) && other.and_then(layer).is_none_or(|other| Some(other) >= layer(own)) {
            found.push(format!("{from} imports from {to}, which is not in a lower layer"));
        }
    }
    found
}

/// The groups of files that import each other.
fn circles(imports: &BTreeMap<&str, BTreeSet<&str>>) -> Vec<String> {
    let mut found = Vec::new();
    let mut seen = BTreeSet::new();
    for from in imports.keys() {
        if seen.contains(from) {
            continue;
        }
        let circle: Vec<&str> =
            reached(imports, from).into_iter().filter(|to| reached(imports, to).contains(from)).collect();
        seen.extend(circle.iter().copied());
        if circle.len() > 1 {
            found.push(format!("these files import each other: {}", circle.join(", ")));
        }
    }
    found
}

fn reached<'a>(imports: &BTreeMap<&'a str, BTreeSet<&'a str>>, from: &'a str) -> BTreeSet<&'a str> {
    let (mut seen, mut next) = (BTreeSet::new(), vec![from]);
    while let Some(file) = next.pop() {
        next.extend(imports.get(file).into_iter().flatten().filter(|to| seen.insert(**to)));
    }
    seen
}

/// The `mod.rs` files that define something, with what.
fn definitions_in_contents_pages(tree: &Tree) -> Vec<String> {
    let pages = tree.modules.values().filter(|module| module.file.ends_with("/mod.rs"));
    pages
        .flat_map(|module| module.definitions.iter().map(move |what| format!("{} defines `{what}`", module.file)))
        .collect()
}

fn sources() -> BTreeMap<String, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (mut found, mut folders) = (BTreeMap::new(), vec![root.join("src")]);
    while let Some(folder) = folders.pop() {
        for entry in folder.read_dir().unwrap() {
            let path: PathBuf = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.strip_prefix(root).unwrap().display().to_string();
                found.insert(name, fs::read_to_string(&path).unwrap());
            }
        }
    }
    assert!(found.len() > 100, "the sources are not where they are looked for");
    found
}

fn project() -> Tree {
    let roots = [
        ("src/lib.rs", LIBRARY),
        ("src/bin/trailbell/main.rs", "trailbell (command line)"),
        ("src/bin/lambda.rs", "bootstrap"),
    ];
    Tree::read(&sources(), &roots)
}

#[test]
fn imports_run_downward() {
    assert_eq!(upward(&project().imports()), Vec::<String>::new());
}

#[test]
fn no_files_import_each_other() {
    assert_eq!(circles(&project().imports()), Vec::<String>::new());
}

#[test]
fn a_mod_file_is_a_contents_page() {
    assert_eq!(definitions_in_contents_pages(&project()), Vec::<String>::new());
}

/// What the checks say of these files; each is a line `path: code`.
fn judged(files: &str) -> Vec<String> {
    let files: BTreeMap<String, String> = files
        .lines()
        .filter_map(|line| line.trim().split_once(": "))
        .map(|(path, code)| (format!("src/{path}"), code.to_owned()))
        .collect();
    let tree = Tree::read(&files, &[("src/lib.rs", LIBRARY)]);
    let imports = tree.imports();
    [upward(&imports), circles(&imports), definitions_in_contents_pages(&tree)].concat()
}

#[test]
fn what_the_checks_refuse() {
    for (files, expected) in [
        (
            "lib.rs: mod rule; mod alert;
             rule/mod.rs: mod load;
             rule/load.rs: use crate::alert::Title;
             alert/mod.rs: mod title; pub use title::Title;
             alert/title.rs: pub struct Title;",
            "src/rule/load.rs imports from src/alert/title.rs, which is not in a lower layer",
        ),
        (
            "lib.rs: mod filter; mod record;
             filter/mod.rs: mod path;
             filter/path.rs: pub fn is_keyword() {}
             record/mod.rs: mod path;
             record/path.rs: fn f() { if !matches!(g(|| [crate::filter::path::is_keyword()]), 1) {} }",
            "src/record/path.rs imports from src/filter/path.rs, which is not in a lower layer",
        ),
        (
            "lib.rs: mod aws; mod local;
             aws.rs: use super::local; fn f() { local::read() }
             local.rs: pub fn read() {}",
            "src/aws.rs imports from src/local.rs, which is not in a lower layer",
        ),
        ("lib.rs: mod attic;\nattic.rs: use crate::attic::x; fn y() {}", ""),
        (
            "lib.rs: mod attic; mod number;
             attic.rs: use crate::number::Number;
             number.rs: pub struct Number;",
            "src/attic.rs: `attic` is in no layer of this test",
        ),
        (
            "lib.rs: mod filter;
             filter/mod.rs: mod ast; mod operator;
             filter/ast.rs: use super::operator::Operator; pub struct Expr;
             filter/operator/mod.rs: mod entry; pub use entry::Operator;
             filter/operator/entry.rs: pub struct Operator(crate::filter::ast::Expr);",
            "these files import each other: src/filter/ast.rs, src/filter/operator/entry.rs",
        ),
        (
            "lib.rs: mod state;
             state/mod.rs: mod a; mod b; mod c;
             state/a.rs: use super::b::{B as Renamed}; pub struct A;
             state/b.rs: use super::{c::{self, D}}; pub struct B;
             state/c.rs: pub use super::a::A; pub struct D;",
            "these files import each other: src/state/a.rs, src/state/b.rs, src/state/c.rs",
        ),
        (
            "lib.rs: mod state;
             state/mod.rs: mod a; use a::A; pub struct B(A);
             state/a.rs: use super::B; pub struct A;",
            "these files import each other: src/state/a.rs, src/state/mod.rs",
        ),
        ("lib.rs: mod state;\nstate/mod.rs: pub struct B;", "src/state/mod.rs defines `pub struct B`"),
        ("lib.rs: mod state;\nstate/mod.rs: pub const B: u8 = 1;", "src/state/mod.rs defines `pub const B`"),
    ] {
        let found = judged(files);
        let seen = if expected.is_empty() { found.is_empty() } else { found.iter().any(|one| one == expected) };
        assert!(seen, "{files}\n{found:#?}");
    }
}

#[test]
fn what_the_checks_allow() {
    for files in [
        "lib.rs: mod rule; mod alert; mod filter;
         rule/mod.rs: mod title; pub use title::Title;
         rule/title.rs: use crate::filter; pub struct Title(filter::Value);
         filter/mod.rs: //! See `crate::alert`.
         filter.rs: pub struct Value;
         alert/mod.rs: mod text;
         alert/text.rs: use crate::rule::Title; pub fn text(_: Title) {}",
        "lib.rs: mod state;
         state/mod.rs: mod a; mod b; pub use a::A; pub use b::B;
         state/a.rs: use super::B; use std::fmt; pub struct A(B);
         state/b.rs: pub struct B; #[cfg(test)] mod tests { use super::*; use crate::state::A; }",
    ] {
        let files = files.replace("filter/mod.rs: //! See `crate::alert`.\n", "");
        assert_eq!(judged(&files), Vec::<String>::new(), "{files}");
    }
}
