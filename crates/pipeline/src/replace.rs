//! Replacing what is in a place, in the one order that every writer keeps (design note 0014).
//!
//! 1. The completion marker is replaced by a placeholder that no reader takes for a whole store.
//! 2. So do the other documents that readers open by themselves: the groups.
//! 3. Chunks and metadata are put.
//! 4. The marker is put.
//! 5. What does not belong is deleted.
//!
//! Where nothing is there, the first two steps have nothing to take away: objects are put if they are absent. One that
//! is there and is another one, or a marker that came meanwhile, sends the attempt back to the beginning.
//!
//! Each step is conditional on what was seen, so that attempts may overlap and stop anywhere. The placeholder names the job:
//! an attempt that finds another one's gives up, and one that finds the marker that it would put itself is done.
mod keys;

use byte_ranges::{SourceError, SourceErrorKind, Storage, Tag};
use bytes::Bytes;
use dggs_zarr::{StoreObject, Tombstone, is_tombstone};
use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
pub(crate) use keys::is_own_key;
use keys::{doors_of, group_of, groups_of, is_document, is_door, is_zarr_key};
use serde_json::Value;
use std::cell::{Cell, OnceCell};
use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

/// Objects under way at the same time; storages have limits of their own.
const IN_FLIGHT: usize = 32;
/// How often an object may change between a look and a put. Each time another attempt has come further.
const MAX_CHANGES: usize = 100;
/// The finest order of HEALPix in 64 bits.
const MAX_ORDER: u8 = 29;

/// What is to be in the place.
pub(crate) struct Replacement {
    /// The object that says that the rest is whole.
    pub(crate) marker: StoreObject,
    /// The root that is in its place meanwhile; `None`: a tombstone.
    pub(crate) placeholder: Option<Value>,
    /// The other objects, in write order.
    pub(crate) objects: Vec<StoreObject>,
    /// How keys begin that are this store's alone: of those, what does not belong is deleted. Empty: there are none.
    pub(crate) own: Vec<String>,
    /// Another whole marker is left alone, and ends the attempt.
    pub(crate) yields: bool,
}

/// How an attempt ended.
#[derive(PartialEq, Eq, Debug)]
pub(crate) enum Outcome {
    /// The place holds what it should, by this attempt or by another.
    Whole,
    /// There is another whole marker, and this attempt yields.
    Held(Bytes),
}

/// Why an attempt goes no further.
enum Stop {
    /// Another attempt at the same job has put the marker.
    Whole,
    /// There was nothing, and another job has begun to write meanwhile.
    Company,
    Held(Bytes),
    /// Another job has begun to write here.
    Lost(SourceError),
    Failed(SourceError),
}

impl From<SourceError> for Stop {
    fn from(error: SourceError) -> Self {
        Self::Failed(error)
    }
}

impl Replacement {
    /// A hash of all keys and bytes, which identifies the replacement.
    pub(crate) fn job(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        for object in self.objects.iter().chain([&self.marker]) {
            object.key.hash(&mut hasher);
            object.bytes.hash(&mut hasher);
        }
        hasher.finish()
    }
}

/// Puts `new` in the place of whatever is there.
pub(crate) async fn replace<S: Storage>(storage: &S, new: &Replacement) -> Result<Outcome, SourceError> {
    let groups = new.objects.iter().filter(|object| is_door(&object.key)).filter_map(|door| door.key.split('/').next());
    let mut groups: BTreeSet<String> = groups.map(Into::into).collect();
    let mut company = false;
    loop {
        let tombstone = Tombstone { job: format!("{:016x}", new.job()), groups: groups.clone() };
        let placeholder = Placeholder::Tombstone(tombstone.clone(), new.placeholder.clone());
        let marker = &new.marker.key;
        let mut attempt = Attempt::new(storage, marker, placeholder, &new.own);
        attempt.whole = Some(&new.marker.bytes);
        let outcome =
            if company { attempt.write(new, tombstone, true).await } else { attempt.begin(new, tombstone).await };
        match outcome {
            Ok(()) | Err(Stop::Whole) => {}
            Err(Stop::Company) => {
                company = true;
                // The other job names no groups: it may be at any of them.
                if !groups.is_empty() {
                    groups.extend((0..=MAX_ORDER).map(|order| order.to_string()));
                }
                continue;
            }
            Err(Stop::Held(other)) => return Ok(Outcome::Held(other)),
            Err(Stop::Lost(error)) => {
                attempt.take_back(new).await?;
                return Err(error);
            }
            Err(Stop::Failed(error)) => return Err(error),
        }
        if attempt.other.get() {
            // What it has put after the listing is in no marker.
            attempt.keys.take();
        }
        return match attempt.tidy(new).await {
            Err(Stop::Failed(error) | Stop::Lost(error)) => Err(error),
            _ => Ok(Outcome::Whole),
        };
    }
}

/// Takes away what is in a place: nothing with data shall be there. `fills` are chunks without data, for those that may
/// not be deleted.
pub(crate) async fn remove<S: Storage>(
    storage: &S,
    marker: &str,
    own: &[String],
    fills: &[StoreObject],
) -> Result<(), SourceError> {
    let attempt = Attempt::new(storage, marker, Placeholder::Removed, own);
    match attempt.clear(fills).await {
        Err(Stop::Failed(error) | Stop::Lost(error)) => Err(error),
        _ => Ok(()),
    }
}

/// What is in the place of the marker while an attempt is at work.
enum Placeholder {
    /// The document that says that nothing is there on purpose.
    Removed,
    /// A tombstone of this job, or this root with its content.
    Tombstone(Tombstone, Option<Value>),
}

impl Placeholder {
    /// Whether a document is the placeholder of this job, of any attempt.
    fn is(&self, held: &Bytes) -> bool {
        match self {
            Self::Removed => *held == dggs_zarr::removed(),
            Self::Tombstone(own, _) => Tombstone::parse(held).is_some_and(|found| found.job == own.job),
        }
    }

    /// The placeholder to be put over `held`. A tombstone also names the groups of the one that it replaces: its writer may
    /// still be on its way to them.
    fn over(&self, held: Option<&Bytes>) -> Bytes {
        match self {
            Self::Removed => dggs_zarr::removed(),
            Self::Tombstone(own, root) => {
                let mut all = own.clone();
                all.groups
                    .extend(held.and_then(|held| Tombstone::parse(held)).into_iter().flat_map(|other| other.groups));
                root.as_ref().map_or_else(|| all.document(), |root| all.root(root))
            }
        }
    }
}

/// One attempt at a place.
struct Attempt<'a, S> {
    storage: &'a S,
    /// Key of the completion marker.
    marker: &'a str,
    placeholder: Placeholder,
    /// The marker that this attempt puts at the end, if it puts one.
    whole: Option<&'a Bytes>,
    own: &'a [String],
    /// What a listing has shown after the marker was taken away; `None` where listing is not allowed.
    keys: OnceCell<Option<BTreeSet<String>>>,
    /// Another job's placeholder was in the place: its writer may be alive.
    other: Cell<bool>,
}

impl<'a, S: Storage> Attempt<'a, S> {
    fn new(storage: &'a S, marker: &'a str, placeholder: Placeholder, own: &'a [String]) -> Self {
        Self { storage, marker, placeholder, whole: None, own, keys: OnceCell::new(), other: Cell::new(false) }
    }

    /// Writes where nothing is, or else takes away what is there.
    async fn begin(&self, new: &Replacement, tombstone: Tombstone) -> Result<(), Stop> {
        if new.placeholder.is_some() || self.storage.get(self.marker).await?.is_some() {
            return self.write(new, tombstone, false).await;
        }
        let known = self.keys().await?.clone().unwrap_or_default();
        let ours = |key: &String| new.objects.iter().any(|object| object.key == *key);
        if known.iter().any(|key| is_door(key) && !ours(key)) {
            return Err(Stop::Company);
        }
        self.put_all(new, async |object: &StoreObject| self.add(object, known.contains(&object.key)).await).await?;
        self.storage.settle().await?;
        if !self.storage.put_if(self.marker, new.marker.bytes.clone(), None).await? {
            return Err(self.beside().await?);
        }
        Ok(self.storage.settle().await?)
    }

    /// Takes away what is there, and writes. With `company`, another job may be writing that has put no tombstone.
    async fn write(&self, new: &Replacement, mut tombstone: Tombstone, company: bool) -> Result<(), Stop> {
        let before = self.take_marker(new).await?;
        let mut doors = doors_of(before.as_ref());
        // Other writers own the other groups of the root.
        doors.retain(|door| self.own.is_empty() || self.own.iter().any(|own| door.starts_with(own.as_str())));
        let other = before.as_ref().and_then(|held| Tombstone::parse(held));
        if company || other.is_some() {
            self.other.set(true);
            // Its writer may be alive: shut doors are those that it cannot open any more.
            tombstone.groups.extend(other.into_iter().flat_map(|other| other.groups));
            doors = tombstone.groups.iter().map(|group| format!("{group}/zarr.json")).collect();
            self.shut_all(&doors, new, &tombstone, true).await?;
        }
        let listed = self.keys().await?.clone();
        if let Some(keys) = &listed {
            doors = keys.iter().filter(|key| is_door(key) && *key != self.marker).cloned().collect();
        }
        self.shut_all(&doors, new, &tombstone, false).await?;
        let known = listed.unwrap_or_default();
        self.put_all(new, async |object: &StoreObject| self.put(object, known.contains(&object.key)).await).await?;
        self.storage.settle().await?;
        self.put_marker().await
    }

    /// Puts the objects, step by step.
    async fn put_all(
        &self,
        new: &Replacement,
        put: impl AsyncFn(&StoreObject) -> Result<(), Stop>,
    ) -> Result<(), Stop> {
        let mut rest = new.objects.as_slice();
        while let Some(first) = rest.first() {
            let end = rest.iter().position(|object| object.step != first.step).unwrap_or(rest.len());
            let (now, later) = rest.split_at(end);
            each(now, &put).await?;
            rest = later;
        }
        Ok(())
    }

    /// Puts an object where nothing is; a group only while there is no marker, and so no other job.
    async fn add(&self, object: &StoreObject, known: bool) -> Result<(), Stop> {
        if is_door(&object.key) && self.storage.get(self.marker).await?.is_some() {
            return Err(self.beside().await?);
        }
        for known in [known, false] {
            if !known && self.storage.put_if(&object.key, object.bytes.clone(), None).await? {
                return Ok(());
            }
            match self.storage.get(&object.key).await? {
                Some((held, _)) if held == object.bytes => return Ok(()),
                Some(_) => return Err(Stop::Company),
                None => {}
            }
        }
        Err(Stop::Company)
    }

    /// Who has put the marker where none was.
    async fn beside(&self) -> Result<Stop, SourceError> {
        let held = self.storage.get(self.marker).await?.map(|(held, _)| held);
        Ok(if held.as_ref() == self.whole { Stop::Whole } else { Stop::Company })
    }

    /// Puts the placeholder where the marker is, and returns what was there. Where the marker is already the one that this
    /// attempt would put, and what it stands for is there, nothing is taken away.
    async fn take_marker(&self, new: &Replacement) -> Result<Option<Bytes>, Stop> {
        for _ in 0..MAX_CHANGES {
            let (before, tag) = self.storage.get(self.marker).await?.unzip();
            match &before {
                Some(held) if self.placeholder.is(held) => return Ok(before),
                Some(held) if Some(held) == self.whole && self.holds(&new.objects).await? => return Err(Stop::Whole),
                Some(held) if new.yields && Some(held) != self.whole && !is_tombstone(held) => {
                    return Err(Stop::Held(held.clone()));
                }
                _ => {}
            }
            if self.storage.put_if(self.marker, self.placeholder.over(before.as_ref()), tag.as_ref()).await? {
                return Ok(before);
            }
        }
        Err(self.restless(self.marker))
    }

    /// Whether all these objects are there.
    async fn holds(&self, objects: &[StoreObject]) -> Result<bool, SourceError> {
        let same = async |object: &StoreObject| {
            Ok::<_, SourceError>(self.storage.get(&object.key).await?.is_some_and(|(held, _)| held == object.bytes))
        };
        stream::iter(objects.iter().map(same)).buffer_unordered(IN_FLIGHT).try_all(async |same| same).await
    }

    /// The keys that are there and this store's alone.
    async fn keys(&self) -> Result<&Option<BTreeSet<String>>, SourceError> {
        if let Some(keys) = self.keys.get() {
            return Ok(keys);
        }
        let mut keys = BTreeSet::new();
        let mut allowed = true;
        for prefix in self.own {
            match self.storage.list(prefix, usize::MAX).await {
                Ok(found) => keys.extend(found.into_iter().filter(|key| is_zarr_key(key))),
                Err(error) if error.kind == SourceErrorKind::Denied => allowed = false,
                Err(error) => return Err(error),
            }
        }
        Ok(self.keys.get_or_init(|| allowed.then_some(keys)))
    }

    /// [`Self::shut`] for all these keys.
    async fn shut_all(
        &self,
        doors: &[String],
        new: &Replacement,
        tombstone: &Tombstone,
        absent: bool,
    ) -> Result<(), Stop> {
        let tombstone = tombstone.document();
        each(doors, async |key: &String| {
            let ours = new.objects.iter().find(|object| object.key == *key);
            self.shut(key, &tombstone, ours.map(|object| &object.bytes), absent).await
        })
        .await
    }

    /// Puts a tombstone over a document that readers open by itself, unless it is the one that this attempt puts; also where
    /// there is none, if `absent`.
    async fn shut(&self, key: &str, tombstone: &Bytes, ours: Option<&Bytes>, absent: bool) -> Result<(), Stop> {
        for _ in 0..MAX_CHANGES {
            let (held, tag) = self.storage.get(key).await?.unzip();
            let shut = match &held {
                // Another job's tombstone is no shut door: its writer may have looked at it and be about to open it.
                Some(held) => held == tombstone || Some(held) == ours,
                None => !absent,
            };
            if shut {
                return Ok(());
            }
            self.check().await?;
            if self.storage.put_if(key, tombstone.clone(), tag.as_ref()).await? {
                return Ok(());
            }
        }
        Err(self.restless(key))
    }

    /// Puts an object; one that is there with the same bytes is left alone. What is replaced is looked at *before* the placeholder:
    /// once another job has put its own, nothing of it can be replaced here any more.
    async fn put(&self, object: &StoreObject, known: bool) -> Result<(), Stop> {
        if !known && self.storage.put_if(&object.key, object.bytes.clone(), None).await? {
            return Ok(());
        }
        for _ in 0..MAX_CHANGES {
            let (held, tag) = self.storage.get(&object.key).await?.unzip();
            if held.as_ref() == Some(&object.bytes) {
                return Ok(());
            }
            self.check().await?;
            if self.storage.put_if(&object.key, object.bytes.clone(), tag.as_ref()).await? {
                return Ok(());
            }
        }
        Err(self.restless(&object.key))
    }

    async fn put_marker(&self) -> Result<(), Stop> {
        for _ in 0..MAX_CHANGES {
            let tag = self.check().await?;
            let Some(whole) = self.whole else { return Ok(()) };
            if self.storage.put_if(self.marker, whole.clone(), Some(&tag)).await? {
                self.storage.settle().await?;
                return Ok(());
            }
        }
        Err(self.restless(self.marker))
    }

    /// Whether the place is still this job's to write.
    async fn check(&self) -> Result<Tag, Stop> {
        match self.storage.get(self.marker).await? {
            Some((held, tag)) if self.placeholder.is(&held) => Ok(tag),
            Some((held, _)) if Some(&held) == self.whole => Err(Stop::Whole),
            _ => {
                let message = "another job has begun to write here while this one was writing: run this one again when that one has ended, or write elsewhere";
                let shown = self.storage.shown(self.marker);
                Err(Stop::Lost(SourceError::new(SourceErrorKind::Other, shown, message)))
            }
        }
    }

    /// Deletes what arrived after the job that has the place now had tidied up: objects of groups that it does not name.
    async fn take_back(&self, new: &Replacement) -> Result<(), SourceError> {
        let marker = self.storage.get(self.marker).await?.map(|(held, _)| held);
        let theirs = groups_of(marker.as_ref());
        let stray = new.objects.iter().filter(|object| !theirs.is_empty() && !theirs.contains(group_of(&object.key)));
        let deleted = each(stray, async |object: &StoreObject| match self.storage.get(&object.key).await? {
            Some((held, tag)) if held == object.bytes => self.delete(&object.key, &held, &tag, None).await,
            _ => Ok(()),
        });
        match deleted.await {
            Err(Stop::Failed(error)) => Err(error),
            _ => Ok(()),
        }
    }

    /// Deletes what does not belong, as long as the marker is this attempt's.
    async fn tidy(&self, new: &Replacement) -> Result<(), Stop> {
        let keys = self.keys().await?.clone().unwrap_or_default();
        let belongs = |key: &String| key == self.marker || new.objects.iter().any(|object| object.key == *key);
        let stale: Vec<String> = keys.into_iter().filter(|key| !belongs(key)).collect();
        each(stale, async |key: String| {
            let Some((held, tag)) = self.storage.get(&key).await? else { return Ok(()) };
            match self.storage.get(self.marker).await? {
                Some((marker, _)) if Some(&marker) == self.whole => {}
                _ => return Err(Stop::Whole),
            }
            self.delete(&key, &held, &tag, None).await
        })
        .await
    }

    /// Deletes an object; where that is not allowed, a document becomes a tombstone and a chunk one without data.
    async fn delete(&self, key: &str, held: &Bytes, tag: &Tag, fill: Option<&StoreObject>) -> Result<(), Stop> {
        match self.storage.delete(key, tag).await {
            Err(error) if error.kind == SourceErrorKind::Denied => {
                let tombstone = is_document(key).then(dggs_zarr::removed);
                let instead = tombstone.or_else(|| fill.map(|object| object.bytes.clone()));
                if let Some(instead) = instead.filter(|instead| instead != held) {
                    self.storage.put_if(key, instead, Some(tag)).await?;
                }
                Ok(())
            }
            outcome => Ok(outcome?),
        }
    }

    /// Takes everything away, the marker first, its tombstone last.
    async fn clear(&self, fills: &[StoreObject]) -> Result<(), Stop> {
        let (marker, _) = self.storage.get(self.marker).await?.unzip();
        let removed = self.placeholder.over(None);
        let mut keys = self.keys().await?.clone().unwrap_or_default();
        if marker.is_none() && keys.is_empty() {
            return Ok(());
        }
        for at in 0..=MAX_CHANGES {
            let (held, tag) = self.storage.get(self.marker).await?.unzip();
            if held.as_ref().is_some_and(|held| self.placeholder.is(held))
                || self.storage.put_if(self.marker, removed.clone(), tag.as_ref()).await?
            {
                break;
            }
            if at == MAX_CHANGES {
                return Err(self.restless(self.marker));
            }
        }
        keys.extend(fills.iter().map(|object| object.key.clone()));
        keys.remove(self.marker);
        let doors: Vec<String> = keys.iter().filter(|key| is_door(key)).cloned().collect();
        each(doors, async |key: String| self.shut(&key, &removed, None, false).await).await?;
        each(keys, async |key: String| {
            let Some((held, tag)) = self.storage.get(&key).await? else { return Ok(()) };
            self.check().await?;
            self.delete(&key, &held, &tag, fills.iter().find(|object| object.key == key)).await
        })
        .await?;
        let tag = self.check().await?;
        self.delete(self.marker, &removed, &tag, None).await
    }

    fn restless(&self, key: &str) -> Stop {
        let message = format!(
            "the object has changed {MAX_CHANGES} times while it was to be replaced: another writer is at it, or these credentials may write there and not read"
        );
        Stop::Failed(SourceError::new(SourceErrorKind::Other, self.storage.shown(key), message))
    }
}

/// Runs `act` on each, several at a time; the first failure ends it.
async fn each<T>(all: impl IntoIterator<Item = T>, act: impl AsyncFn(T) -> Result<(), Stop>) -> Result<(), Stop> {
    let act = &act;
    let all: Vec<_> = all.into_iter().map(|one| async move { act(one).await }).collect();
    stream::iter(all).buffer_unordered(IN_FLIGHT).try_collect().await
}

#[cfg(test)]
pub(crate) mod tests;
