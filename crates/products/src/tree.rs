//! Where the keys of a description are in its text.
use std::ops::Range;
use toml::de::{DeTable, DeValue};

/// All keys and items of lists of a description.
pub(crate) struct Tree<'a> {
    text: &'a str,
    nodes: Vec<Node>,
}

struct Node {
    /// `keep[0].at_least`.
    path: String,
    /// Of the key; of an item of a list, of the item.
    key: Range<usize>,
    value: Range<usize>,
    /// The value, where it is a text.
    text: Option<String>,
}

impl<'a> Tree<'a> {
    /// Reads a text; fails where it is not TOML.
    pub(crate) fn read(text: &'a str) -> Result<Self, toml::de::Error> {
        let mut tree = Self { text, nodes: Vec::new() };
        tree.table("", DeTable::parse(text)?.get_ref());
        Ok(tree)
    }

    fn table(&mut self, path: &str, table: &DeTable<'_>) {
        for (key, value) in table {
            self.value(join(path, key.get_ref()), key.span(), value.span(), value.get_ref());
        }
    }

    fn value(&mut self, path: String, key: Range<usize>, span: Range<usize>, value: &DeValue<'_>) {
        match value {
            DeValue::Table(table) => self.table(&path, table),
            DeValue::Array(items) => {
                for (at, item) in items.iter().enumerate() {
                    self.value(format!("{path}[{at}]"), item.span(), item.span(), item.get_ref());
                }
            }
            _ => {}
        }
        self.nodes.push(Node { path, key, value: span, text: value.as_str().map(str::to_owned) });
    }

    /// The line, from 1, of a place in the text.
    pub(crate) fn line(&self, at: usize) -> usize {
        line(self.text, at)
    }

    /// The line of a key; where it is not there, that of what would hold it.
    pub(crate) fn line_of(&self, path: &str) -> usize {
        let mut path = path;
        loop {
            if let Some(node) = self.nodes.iter().find(|node| node.path == path) {
                return self.line(node.key.start);
            }
            match path.rfind(['.', '[']).and_then(|end| path.get(..end)) {
                Some(parent) => path = parent,
                None => return 1,
            }
        }
    }

    /// Path of the innermost key or item that holds a part of the text; empty where only the whole does.
    pub(crate) fn path_at(&self, span: &Range<usize>) -> &str {
        let holds = |range: &Range<usize>| range.start <= span.start && span.end <= range.end;
        let smallest = |node: &Node| {
            [&node.key, &node.value].into_iter().filter(|range| holds(range)).map(ExactSizeIterator::len).min()
        };
        let held = self.nodes.iter().filter_map(|node| Some((smallest(node)?, node.path.as_str())));
        held.min_by_key(|(size, path)| (*size, std::cmp::Reverse(path.len()))).map_or("", |(_, path)| path)
    }

    /// Path of the last item of a list of texts that is as asked.
    pub(crate) fn item(&self, list: &str, is_it: impl Fn(&str) -> bool) -> Option<&str> {
        let in_list = |node: &&Node| {
            node.path.strip_prefix(list).is_some_and(|rest| rest.starts_with('[') && rest.ends_with(']'))
        };
        let items = self.nodes.iter().filter(in_list).filter(|node| node.text.as_deref().is_some_and(&is_it));
        items.last().map(|node| node.path.as_str())
    }
}

/// The line, from 1, of a place in a text.
pub(crate) fn line(text: &str, at: usize) -> usize {
    text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1
}

/// The path of a key in a table.
pub(crate) fn join(table: &str, key: &str) -> String {
    if table.is_empty() { key.to_owned() } else { format!("{table}.{key}") }
}
