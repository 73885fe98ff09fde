//! Where in the table the values of a path are.

use super::{
    columns::Columns,
    computed::computed,
    condition::Condition,
    dialect::Dialect,
    table::{COLUMNS, Column, column},
    value::{Item, Kind, Values},
};
use crate::record::{Path, Root, Step};

/// The element that an `any` tries, as the variable of a lambda.
#[derive(Clone, Debug)]
pub struct Element {
    /// The name of the variable.
    pub name: String,
    /// What it is.
    pub kind: ElementKind,
}

/// What an element is.
#[derive(Clone, Copy, Debug)]
pub enum ElementKind {
    /// JSON that is no list.
    Json {
        /// Whether it is certainly an object.
        object: bool,
        /// Whether filters read JSON in strings below it.
        strings: bool,
    },
    /// A structure with these fields.
    Structure(&'static [(&'static str, Column)]),
}

/// JSON values.
enum Nodes {
    One(String),
    Many(String),
}

/// The text of a document in a string: an object or a list.
const DOCUMENT: &str = r"'\A\s*[\[{][\s\S]*\z'";

impl Dialect {
    /// The values that a path reaches; `element` is that of the innermost `any`. What lists compute is in `columns`.
    pub fn values(self, path: &Path, element: Option<&Element>, columns: &mut Columns) -> Values {
        let found = match path.root {
            Root::Virtual(field) => match field.raw_keys() {
                None if path.steps.is_empty() => Ok(computed(self, field)),
                None => Ok(Values::Nothing),
                Some(keys) => {
                    let keys = keys.iter().map(|key| Step::Key((*key).to_owned()));
                    let steps: Vec<_> = keys.chain(path.steps.iter().cloned()).collect();
                    self.of_record(&steps, columns).map(|values| self.without_empty(values))
                }
            },
            Root::Record => self.of_record(&path.steps, columns),
            Root::Element => match element {
                Some(element) => self.of_element(&path.steps, element),
                None => self.of_record(&path.steps, columns),
            },
        };
        found.unwrap_or_else(Values::Unknown)
    }

    /// The elements that an `any` tries, as a list, and what they are; `with_scalars` is whether they can be no objects.
    ///
    /// # Errors
    ///
    /// Why the table does not have them.
    pub fn elements(
        self,
        path: &Path,
        element: Option<&Element>,
        with_scalars: bool,
        columns: &mut Columns,
    ) -> Result<Option<(String, ElementKind)>, String> {
        let (nodes, strings) = match (path.root, element) {
            (Root::Element, Some(element)) => match element.kind {
                ElementKind::Structure(_) => return Err(format!("`{path}` is no list that the table has")),
                ElementKind::Json { object, strings } => {
                    (self.nodes(Nodes::One(element.name.clone()), &path.steps, strings, object)?, strings)
                }
            },
            (Root::Virtual(field), _) if field.raw_keys().is_none() => return Ok(None),
            _ => {
                let keys = match path.root {
                    Root::Virtual(field) => field.raw_keys().unwrap_or_default(),
                    Root::Record | Root::Element => &[],
                };
                let keys = keys.iter().map(|key| Step::Key((*key).to_owned()));
                let steps: Vec<_> = keys.chain(path.steps.iter().cloned()).collect();
                let Some((Step::Key(first), rest)) = steps.split_first() else { return Ok(None) };
                let name = first.to_ascii_lowercase();
                match column(COLUMNS, first) {
                    Some(Column::Block) => (self.block(&name, rest, true, columns)?, true),
                    Some(Column::Object) => (self.block(&name, rest, false, columns)?, false),
                    Some(Column::List(fields)) if rest.is_empty() => {
                        return Ok(Some((name, ElementKind::Structure(fields))));
                    }
                    Some(Column::Text | Column::Flag) => return Ok(None),
                    _ => return Err(format!("`{path}` is no list that the table has")),
                }
            }
        };
        let nodes = if strings { self.entered(nodes) } else { nodes };
        // A text or a number is tried only in a list.
        let with_members = self.those(&self.as_list(nodes), "n", &self.is_json(r"\A[\[{]"));
        let unlisted = self.unlisted_nodes(self.unlisted_nodes(Nodes::Many(with_members)));
        let entered = if strings { self.unlisted_nodes(self.entered(unlisted)) } else { unlisted };
        let list = self.as_list(entered);
        let list = if with_scalars { list } else { self.those(&list, "n", &self.is_json(r"\A\{")) };
        let is_inside = matches!(path.root, Root::Element) && element.is_some();
        let list = if is_inside { list } else { columns.add(&format!("elements of {path}"), list) };
        Ok(Some((list, ElementKind::Json { object: !with_scalars, strings })))
    }

    fn is_json(self, pattern: &str) -> String {
        self.matches(&self.printed("n"), pattern)
    }

    fn of_element(self, steps: &[Step], element: &Element) -> Result<Values, String> {
        let (object, strings) = match element.kind {
            ElementKind::Structure(fields) => return self.of_structure(&element.name, fields, steps, ""),
            ElementKind::Json { object, strings } => (object, strings),
        };
        if steps.is_empty() {
            return Ok(Values::One(Item::new(&element.name, Kind::Json), None));
        }
        let nodes = self.nodes(Nodes::One(element.name.clone()), steps, strings, object)?;
        Ok(self.leaves(nodes))
    }

    fn of_record(self, steps: &[Step], columns: &mut Columns) -> Result<Values, String> {
        let Some((Step::Key(first), rest)) = steps.split_first() else {
            return Err("a record as a whole is not in the table".to_owned());
        };
        let name = first.to_ascii_lowercase();
        match column(COLUMNS, first) {
            None => Err(format!("the table has no column for `{first}`")),
            Some(Column::Block) => Ok(self.leaves(self.block(&name, rest, true, columns)?)),
            Some(Column::Object) => Ok(self.leaves(self.block(&name, rest, false, columns)?)),
            Some(Column::List(fields)) => self.of_list(&name, fields, rest, first),
            Some(other) => self.of_field(&name, other, rest, first),
        }
    }

    /// The values in a column or in a field of a structure; `shown` is its path.
    fn of_field(self, sql: &str, column: Column, steps: &[Step], shown: &str) -> Result<Values, String> {
        match column {
            Column::Structure(fields) => self.of_structure(sql, fields, steps, shown),
            Column::Text if steps.is_empty() => Ok(Values::One(Item::new(sql, Kind::Text), None)),
            Column::Flag if steps.is_empty() => Ok(Values::One(Item::new(sql, Kind::Flag), None)),
            // A text has no members.
            Column::Text | Column::Flag => Ok(Values::Nothing),
            Column::Block | Column::Object | Column::Map | Column::List(_) => {
                Err(format!("the table has `{shown}` in a form that this query does not read"))
            }
        }
    }

    fn of_structure(
        self,
        sql: &str,
        fields: &'static [(&'static str, Column)],
        steps: &[Step],
        shown: &str,
    ) -> Result<Values, String> {
        match steps {
            [] => Ok(Values::Whole { present: Condition::Present(sql.to_owned()), empty: None }),
            [Step::Index(_), ..] => Ok(Values::Nothing),
            [Step::Key(key), rest @ ..] => {
                let shown = if shown.is_empty() { key.clone() } else { format!("{shown}.{key}") };
                let column = column(fields, key).ok_or_else(|| format!("the table has no column for `{shown}`"))?;
                self.of_field(&format!("{sql}.{}", key.to_ascii_lowercase()), column, rest, &shown)
            }
        }
    }

    /// The values in a column that is a list of structures.
    fn of_list(
        self,
        sql: &str,
        fields: &'static [(&'static str, Column)],
        steps: &[Step],
        shown: &str,
    ) -> Result<Values, String> {
        match steps {
            [] => Ok(Values::Whole { present: format!("{} > 0", self.count(sql)).into(), empty: None }),
            [Step::Index(at), rest @ ..] => self.of_structure(&self.element(sql, *at), fields, rest, shown),
            [Step::Key(key), ..] => match self.of_structure("r", fields, steps, shown)? {
                Values::One(item, _) => Ok(Values::Many { list: self.each(sql, "r", &item.sql), kind: Kind::Text }),
                Values::Nothing => Ok(Values::Nothing),
                _ => Err(format!("the table has no column for `{shown}.{key}`")),
            },
        }
    }

    /// Empty texts count as missing below a virtual name.
    fn without_empty(self, values: Values) -> Values {
        match values {
            Values::One(item, doubt) if matches!(item.kind, Kind::Text | Kind::Flag) => {
                Values::One(Item::new(format!("NULLIF({}, '')", item.sql), item.kind), doubt)
            }
            Values::Many { list, kind: Kind::Json } => {
                let list = self.those(&list, "n", &format!("{} <> '\"\"'", self.printed("n")));
                Values::Many { list, kind: Kind::Json }
            }
            other => other,
        }
    }

    /// The nodes below a column with the text of JSON. Those on the way are columns too.
    fn block(self, name: &str, steps: &[Step], strings: bool, columns: &mut Columns) -> Result<Nodes, String> {
        let mut nodes = Nodes::One(self.parsed(name));
        if matches!(steps.first(), Some(Step::Key(_))) {
            // A block is an object; where it is a list, a path goes through it.
            nodes = Nodes::Many(columns.add(&format!("json of {name}"), self.as_list(self.unlisted_nodes(nodes))));
        }
        let mut hint = format!("json of {name}");
        for (at, step) in steps.iter().enumerate() {
            if at > 0 {
                let list = self.as_list(self.before(nodes, step, strings));
                nodes = Nodes::Many(columns.add(&hint, list));
            }
            nodes = self.take(nodes, step)?;
            hint = match step {
                Step::Key(key) => format!("{hint}_{key}"),
                Step::Index(at) => format!("{hint}_{at}"),
            };
        }
        Ok(nodes)
    }

    /// The nodes that steps lead to. `objects` is whether those at the beginning are no lists and hold no JSON in strings.
    fn nodes(self, mut nodes: Nodes, steps: &[Step], strings: bool, objects: bool) -> Result<Nodes, String> {
        for (at, step) in steps.iter().enumerate() {
            nodes = if at == 0 && objects { nodes } else { self.before(nodes, step, strings) };
            nodes = self.take(nodes, step)?;
        }
        Ok(nodes)
    }

    /// The nodes from which a step can be taken: for a name, the elements of lists and the documents in strings.
    fn before(self, nodes: Nodes, step: &Step, strings: bool) -> Nodes {
        match (step, strings) {
            (Step::Key(_), true) => self.unlisted_nodes(self.entered(self.unlisted_nodes(self.unlisted_nodes(nodes)))),
            (Step::Key(_), false) => self.unlisted_nodes(self.unlisted_nodes(nodes)),
            (Step::Index(_), true) => self.entered(nodes),
            (Step::Index(_), false) => nodes,
        }
    }

    fn take(self, nodes: Nodes, step: &Step) -> Result<Nodes, String> {
        match step {
            Step::Key(key) => self.map(nodes, |json| self.member(json, key)),
            Step::Index(at) => self.map(nodes, |json| Some(self.json_element(json, *at))),
        }
        .ok_or_else(|| format!("a JSON path cannot name the key `{}`", key_of(step)))
    }

    /// What an operator sees of nodes: the elements of lists, three levels deep.
    fn leaves(self, nodes: Nodes) -> Values {
        let list = self.as_list(self.unlisted_nodes(self.unlisted_nodes(self.unlisted_nodes(nodes))));
        Values::Many { list, kind: Kind::Json }
    }

    fn map(self, nodes: Nodes, of: impl Fn(&str) -> Option<String>) -> Option<Nodes> {
        Some(match nodes {
            Nodes::One(json) => Nodes::One(of(&json)?),
            Nodes::Many(list) => Nodes::Many(self.each(&list, "n", &of("n")?)),
        })
    }

    fn unlisted_nodes(self, nodes: Nodes) -> Nodes {
        Nodes::Many(match nodes {
            Nodes::One(json) => self.unlisted(&json),
            Nodes::Many(list) => format!("flatten({})", self.each(&list, "n", &self.unlisted("n"))),
        })
    }

    /// The documents in strings, plain or percent-encoded, and other nodes as they are.
    fn entered(self, nodes: Nodes) -> Nodes {
        let text = self.scalar("n");
        let document = |text: &str| self.parsed(&format!("regexp_extract({text}, {DOCUMENT})"));
        // `+` is no blank here, as it would be in a form.
        let decoded = format!("url_decode(replace({text}, '+', '%2B'))");
        let of = format!("COALESCE({}, {}, n)", document(&text), document(&decoded));
        Nodes::Many(self.each(&self.as_list(nodes), "n", &of))
    }

    fn as_list(self, nodes: Nodes) -> String {
        match nodes {
            Nodes::One(json) => self.list(&json),
            Nodes::Many(list) => list,
        }
    }
}

fn key_of(step: &Step) -> &str {
    match step {
        Step::Key(key) => key,
        Step::Index(_) => "",
    }
}
