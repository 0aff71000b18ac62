//! The tree of a file: every group and dataset once, level by level, so that its depth sets the round trips.
use byte_ranges::{Source, Step};
use hdf5_pure::{AsyncFile, Error, File, Group, Link, LinkTarget, Object};
use std::collections::{BTreeMap, BTreeSet};

/// Objects that a tree may have.
const MOST_OBJECTS: usize = 1 << 20;

/// One place of the tree, in depth-first order by name.
pub(crate) struct Node {
    /// Absolute path, the first one that leads to the object.
    pub(crate) path: String,
    /// Groups above it.
    pub(crate) depth: usize,
    pub(crate) kind: NodeKind,
}

/// What is there.
pub(crate) enum NodeKind {
    /// An object, or why it cannot be read.
    Object(Result<Object, Error>),
    /// A link that leads elsewhere, in words.
    Link(String),
    /// Another name of an object that stands earlier in the tree.
    Again,
}

/// Everything read of a file's structure, by header address.
#[derive(Default)]
struct Tree {
    objects: BTreeMap<u64, Result<Object, Error>>,
    links: BTreeMap<u64, Result<Vec<Link>, Error>>,
}

/// Walks the tree below `top`.
pub(crate) async fn tree<S: Source>(file: &mut AsyncFile<S>, top: Group) -> Result<Vec<Node>, Error> {
    let mut tree = Tree::default();
    let mut frontier = vec![top.clone()];
    while !frontier.is_empty() {
        let found = file.query(|file| Step::all(frontier.iter().map(|group| fallible(file.links(group))))).await?;
        let mut next: BTreeMap<u64, String> = BTreeMap::new();
        for (group, links) in frontier.iter().zip(found) {
            for link in links.iter().flatten() {
                if let LinkTarget::Hard(address) = link.target {
                    next.entry(address).or_insert_with(|| join(&group.path, &link.name));
                }
            }
            tree.links.insert(group.address, links);
        }
        next.retain(|address, _| !tree.objects.contains_key(address) && *address != top.address);
        if tree.objects.len() + next.len() > MOST_OBJECTS {
            return Err(Error::Limit { what: "number of objects", limit: MOST_OBJECTS as u64 });
        }
        let asked: Vec<(u64, &str)> = next.iter().map(|(address, path)| (*address, path.as_str())).collect();
        let objects = file.query(|file| file.objects(&asked)).await?;
        frontier = objects
            .iter()
            .flatten()
            .filter_map(|object| match object {
                Object::Group(group) => Some(group.clone()),
                _ => None,
            })
            .collect();
        tree.objects.extend(next.into_keys().zip(objects));
    }
    Ok(tree.list(&top))
}

/// A failed query as an answer, so that it does not fail the others.
fn fallible<T>(step: Result<Step<T>, Error>) -> Result<Step<Result<T, Error>>, Error> {
    match step {
        Ok(step) => Ok(step.map(Ok)),
        Err(error) => Ok(Step::Done(Err(error))),
    }
}

/// A path below a group.
pub(crate) fn join(group: &str, name: &str) -> String {
    format!("{}/{name}", group.trim_end_matches('/'))
}

impl Tree {
    fn list(mut self, top: &Group) -> Vec<Node> {
        let mut nodes = Vec::new();
        let mut seen = BTreeSet::from([top.address]);
        // Depth first without recursion: the last pushed is the next in name order.
        let mut stack = self.children(top.address, &top.path, 0);
        while let Some((path, depth, link)) = stack.pop() {
            let kind = match link.target {
                LinkTarget::Hard(address) if !seen.insert(address) => NodeKind::Again,
                LinkTarget::Hard(address) => {
                    let object = self.objects.remove(&address).unwrap_or_else(|| Err(Error::Usage("not read".into())));
                    if let Ok(Object::Group(group)) = &object {
                        stack.extend(self.children(group.address, &path, depth + 1));
                    }
                    NodeKind::Object(object)
                }
                LinkTarget::Soft(to) => NodeKind::Link(format!("soft link to {to}")),
                LinkTarget::External { file, object } => NodeKind::Link(format!("external link to {object} in {file}")),
                LinkTarget::UserDefined(class) => NodeKind::Link(format!("user-defined link of class {class}")),
            };
            nodes.push(Node { path, depth, kind });
        }
        nodes.extend(self.broken(top));
        nodes
    }

    /// The links of a group, last name first.
    fn children(&self, address: u64, path: &str, depth: usize) -> Vec<(String, usize, Link)> {
        let links = self.links.get(&address).and_then(|links| links.as_ref().ok());
        links.into_iter().flatten().rev().map(|link| (join(path, &link.name), depth, link.clone())).collect()
    }

    /// Groups whose links cannot be read: nothing is left out in silence.
    fn broken(&self, top: &Group) -> Vec<Node> {
        let broken = self.links.iter().filter_map(|(address, links)| {
            let error = links.as_ref().err()?.clone();
            let path = match self.objects.get(address) {
                Some(Ok(Object::Group(group))) => group.path.clone(),
                _ if *address == top.address => top.path.clone(),
                _ => format!("group at {address}"),
            };
            Some(Node { path, depth: 0, kind: NodeKind::Object(Err(error)) })
        });
        broken.collect()
    }
}

/// The whole file's top group, or the group at `path`.
pub(crate) async fn top<S: Source>(file: &mut AsyncFile<S>, path: &str) -> Result<Option<Object>, Error> {
    if path.trim_matches('/').is_empty() {
        return file.query(File::root).await.map(|group| Some(Object::Group(group)));
    }
    file.find(&format!("/{}", path.trim_matches('/'))).await
}
