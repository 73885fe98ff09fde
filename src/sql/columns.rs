//! The columns that a query computes beside those of the table, in layers: one reads the table, and each other the one before.

use super::dialect::identifier;

/// What a query computes before its condition.
#[derive(Debug, Default)]
pub struct Columns(Vec<Column>);

/// One column.
#[derive(Debug)]
struct Column {
    name: String,
    sql: String,
    layer: usize,
}

/// The longest name of a column, in characters.
const MAX_NAME: usize = 100;

impl Columns {
    /// The identifier of the column with this expression, which may read other columns. The name is made of `hint`, since a
    /// path can have any characters and identifiers are the same in any case.
    pub fn add(&mut self, hint: &str, sql: String) -> String {
        if let Some(known) = self.0.iter().find(|column| column.sql == sql) {
            return identifier(&known.name);
        }
        let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' };
        let plain: String = hint.chars().map(plain).take(MAX_NAME).collect();
        let is_taken = self.0.iter().any(|column| column.name == plain);
        let name = if is_taken { format!("{plain}_{}", self.0.len() + 1) } else { plain };
        let read = self.0.iter().filter(|column| sql.contains(&identifier(&column.name)));
        let layer = read.map(|column| column.layer + 1).max().unwrap_or(0);
        let identifier = identifier(&name);
        self.0.push(Column { name, sql, layer });
        identifier
    }

    /// The tables of a `WITH` that compute them, and the name of the last; `from` is what the first reads.
    pub fn tables(&self, from: &str) -> (Vec<String>, String) {
        let (mut tables, mut from) = (Vec::new(), from.to_owned());
        let layers = self.0.iter().map(|column| column.layer + 1).max().unwrap_or(0);
        for layer in 0..layers {
            let columns = self.0.iter().filter(|column| column.layer == layer);
            let columns: Vec<_> =
                columns.map(|Column { name, sql, .. }| format!("{sql} AS {}", identifier(name))).collect();
            let name = format!("event_{}", layer + 1);
            tables.push(format!("{name} AS (\n  SELECT\n    *,\n    {}\n  FROM {from}\n)", columns.join(",\n    ")));
            from = name;
        }
        (tables, from)
    }
}
