//! Everything in a file.
use super::group::links;
use super::memo::{Stop, Walk, Walked};
use super::object::object;
use crate::{Error, Group, LinkTarget, Object};
use std::collections::BTreeSet;

/// An object, or why it could not be read, under the first path that leads to it.
pub(crate) type Found = (String, Result<Object, Error>);

/// Every object that hard links reach from the root group, each once. Of every group: first what is no group, then the
/// groups in it, both by name.
pub(crate) fn tree(walk: &mut Walk<'_>) -> Walked<Vec<Found>> {
    let root = walk.format()?.root;
    let mut search = Search { seen: BTreeSet::from([root]), found: Vec::new(), missing: false };
    // Groups still to be visited, the next one last. A stack of our own: files decide how deep it gets.
    let mut open = vec![(Group { path: "/".into(), address: root }, None, 0)];
    while let Some((group, place, depth)) = open.pop() {
        match search.members(walk, &group, depth) {
            Ok(groups) => open.extend(groups.into_iter().rev().map(|(group, place)| (group, Some(place), depth + 1))),
            Err(Stop::Missing) => search.missing = true,
            Err(Stop::Failed(error)) => match place.and_then(|at: usize| search.found.get_mut(at)) {
                Some(entry) => entry.1 = Err(error),
                None => return Err(Stop::Failed(error)),
            },
        }
    }
    if search.missing { Err(Stop::Missing) } else { Ok(search.found) }
}

struct Search {
    seen: BTreeSet<u64>,
    found: Vec<Found>,
    missing: bool,
}

impl Search {
    /// Adds the members of a group; answers the groups among them, with their places in the list.
    fn members(&mut self, walk: &mut Walk<'_>, group: &Group, depth: usize) -> Walked<Vec<(Group, usize)>> {
        let limit = walk.limits.nesting;
        if depth > limit {
            return Err(Error::Limit { what: "the nesting of groups", limit: limit as u64 }.into());
        }
        let mut groups = Vec::new();
        for link in links(walk, group.address)? {
            let LinkTarget::Hard(address) = link.target else { continue };
            if !self.seen.insert(address) {
                continue;
            }
            let limit = walk.limits.links;
            if self.seen.len() > limit {
                return Err(Error::Limit { what: "the number of objects of a file", limit: limit as u64 }.into());
            }
            let path = format!("{}/{}", group.path.trim_end_matches('/'), link.name);
            // The object has a copy of its own.
            walk.answer(2 * path.len())?;
            let object = match object(walk, address, &path) {
                Ok(object) => Ok(object),
                Err(Stop::Failed(error)) => Err(error),
                Err(Stop::Missing) => {
                    self.missing = true;
                    continue;
                }
            };
            if let Ok(Object::Group(group)) = &object {
                groups.push((group.clone(), self.found.len()));
            }
            self.found.push((path, object));
        }
        Ok(groups)
    }
}
