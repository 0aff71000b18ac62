//! Paths and soft links.
use super::group::lookup;
use super::memo::{Walk, Walked};
use super::object::object;
use crate::{Error, LinkTarget, Object};
use std::collections::VecDeque;

/// The object at an absolute path; `None` when a name of the path itself does not exist.
pub(crate) fn find(walk: &mut Walk<'_>, path: &str) -> Walked<Option<Object>> {
    match resolve(walk, path)? {
        Some(address) => Ok(Some(object(walk, address, path)?)),
        None => Ok(None),
    }
}

/// A soft link that was followed.
struct Followed {
    link: String,
    target: String,
    /// Names of the path behind those of the link's target.
    behind: usize,
}

/// Address of the object header at an absolute path.
fn resolve(walk: &mut Walk<'_>, path: &str) -> Walked<Option<u64>> {
    let root = walk.format()?.root;
    let mut at = root;
    let mut names = components(path);
    let mut followed: Vec<Followed> = Vec::new();
    while let Some(name) = names.pop_front() {
        match lookup(walk, at, name.as_bytes())? {
            None => {
                return match followed.into_iter().rev().find(|link| names.len() >= link.behind) {
                    Some(Followed { link, target, .. }) => {
                        Err(Error::Dangling { link, target, path: path.into() }.into())
                    }
                    None => Ok(None),
                };
            }
            Some(LinkTarget::Hard(address)) => at = address,
            Some(LinkTarget::Soft(target)) => {
                let limit = walk.limits.depth;
                if followed.len() >= limit {
                    return Err(
                        Error::Limit { what: "the number of soft links on one path", limit: limit as u64 }.into()
                    );
                }
                if target.starts_with('/') {
                    at = root;
                }
                let behind = names.len();
                let mut rest = components(&target);
                rest.append(&mut names);
                names = rest;
                followed.push(Followed { link: name, target, behind });
            }
            Some(LinkTarget::External { file, object }) => {
                let feature = format!("external link to {object} in {file} (on the way to {path})");
                return Err(Error::Unsupported { feature, offset: None }.into());
            }
            Some(LinkTarget::UserDefined(class)) => {
                let feature = format!("user-defined link of class {class} (on the way to {path})");
                return Err(Error::Unsupported { feature, offset: None }.into());
            }
        }
    }
    Ok(Some(at))
}

/// The names of a path, without empty ones and `.`.
fn components(path: &str) -> VecDeque<String> {
    path.split('/').filter(|name| !name.is_empty() && *name != ".").map(str::to_owned).collect()
}
