//! The tree of a file: every group and dataset once, level by level, so that its depth sets the round trips.
use crate::{AsyncFile, Error, Group, Link, LinkTarget, Metadata, Object};
use byte_ranges::{Source, Step};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// Objects that a tree may have.
const MAX_OBJECTS: usize = 1 << 20;
/// Groups within groups, and bytes of all paths: paths grow with the depth.
const MAX_NESTING: usize = 1024;
const MAX_PATH_BYTES: usize = 128 << 20;

/// One place of the tree.
#[derive(Clone, Debug)]
pub struct TreeNode {
    /// Absolute path, the first one that leads to the object.
    pub path: String,
    /// Groups between it and the top of the tree.
    pub depth: usize,
    /// The object or the link at this place.
    pub kind: TreeNodeKind,
}

/// The object or the link at a place of the tree.
#[derive(Clone, Debug)]
pub enum TreeNodeKind {
    /// An object, or why it cannot be read.
    Object(Result<Object, Error>),
    /// A link that leads elsewhere, in words.
    Link(String),
    /// Another name of an object that occurs earlier in the tree.
    Again,
}

/// Everything read of a file's structure, by header address.
#[derive(Default)]
struct Tree {
    objects: BTreeMap<u64, Result<Object, Error>>,
    links: BTreeMap<u64, Result<Vec<Link>, Error>>,
}

/// The object at `path`, with or without a slash at its ends: the root group for `/` and for an empty path, `None` where the
/// path leads to nothing.
///
/// # Errors
/// As [`AsyncFile::find`].
pub async fn top<S: Source>(file: &AsyncFile<S>, path: &str) -> Result<Option<Object>, Error> {
    if path.trim_matches('/').is_empty() {
        return file.query(Metadata::root).await.map(|group| Some(Object::Group(group)));
    }
    file.find(&format!("/{}", path.trim_matches('/'))).await
}

/// Lists the objects and links below `top`, depth first and by name. Each object is listed once; another path to it is
/// [`TreeNodeKind::Again`]. An object that cannot be read is listed with its error.
///
/// # Errors
/// [`Error::Limit`] for more than a million objects or 128 MiB of paths, [`Error::Source`].
pub async fn tree<S: Source>(file: &AsyncFile<S>, top: Group) -> Result<Vec<TreeNode>, Error> {
    let mut tree = Tree::default();
    let mut frontier = vec![top.clone()];
    let mut path_bytes = 0_usize;
    for depth in 0.. {
        if frontier.is_empty() {
            break;
        }
        if depth > MAX_NESTING {
            let error = Error::Limit { what: "the nesting of groups", limit: MAX_NESTING as u64 };
            tree.links.extend(frontier.iter().map(|group| (group.address, Err(error.clone()))));
            break;
        }
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
        if tree.objects.len() + next.len() > MAX_OBJECTS {
            return Err(Error::Limit { what: "the number of objects", limit: MAX_OBJECTS as u64 });
        }
        path_bytes += next.values().map(String::len).sum::<usize>();
        if path_bytes > MAX_PATH_BYTES {
            return Err(too_long());
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
fn join(group: &str, name: &str) -> String {
    format!("{}/{name}", group.trim_end_matches('/'))
}

impl Tree {
    fn list(mut self, top: &Group) -> Vec<TreeNode> {
        let mut nodes = Vec::new();
        // Nothing is left out in silence.
        if let Some(Err(error)) = self.links.get(&top.address) {
            let kind = TreeNodeKind::Object(Err(error.clone()));
            return vec![TreeNode { path: top.path.clone(), depth: 0, kind }];
        }
        let mut seen = BTreeSet::from([top.address]);
        let mut path_bytes = 0_usize;
        // Depth first without recursion: the last pushed is the next in name order.
        let links = self.links.remove(&top.address).and_then(Result::ok).unwrap_or_default();
        let mut stack: Vec<_> = below(links, &Rc::from(top.path.as_str()), 0).collect();
        while let Some((above, depth, link)) = stack.pop() {
            let path = join(&above, &link.name);
            path_bytes += path.len();
            if path_bytes > MAX_PATH_BYTES {
                nodes.push(TreeNode { path, depth, kind: TreeNodeKind::Object(Err(too_long())) });
                break;
            }
            let kind = match link.target {
                LinkTarget::Hard(address) if !seen.insert(address) => TreeNodeKind::Again,
                LinkTarget::Hard(address) => match self.links.remove(&address) {
                    Some(Err(error)) => TreeNodeKind::Object(Err(error)),
                    links => {
                        let links = links.and_then(Result::ok).unwrap_or_default();
                        stack.extend(below(links, &Rc::from(path.as_str()), depth + 1));
                        let unread = || Err(Error::Usage("not read".into()));
                        TreeNodeKind::Object(self.objects.remove(&address).unwrap_or_else(unread))
                    }
                },
                LinkTarget::Soft(to) => TreeNodeKind::Link(format!("soft link to {to}")),
                LinkTarget::External { file, object } => {
                    TreeNodeKind::Link(format!("external link to {object} in {file}"))
                }
                LinkTarget::UserDefined(class) => TreeNodeKind::Link(format!("user-defined link of class {class}")),
            };
            nodes.push(TreeNode { path, depth, kind });
        }
        nodes
    }
}

/// The links of a group, last name first: its path, their depth.
fn below(links: Vec<Link>, path: &Rc<str>, depth: usize) -> impl Iterator<Item = (Rc<str>, usize, Link)> {
    let path = Rc::clone(path);
    links.into_iter().rev().map(move |link| (Rc::clone(&path), depth, link))
}

fn too_long() -> Error {
    Error::Limit { what: "the size of all paths in bytes", limit: MAX_PATH_BYTES as u64 }
}
