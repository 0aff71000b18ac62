//! From object headers to objects.
use super::group::is_group;
use super::memo::{Stop, Walk, Walked};
use super::messages::Header;
use crate::datatype::Datatype;
use crate::filters::Filter;
use crate::layout::dims;
use crate::object::{Chunked, CommittedDatatype};
use crate::parse::{Dataspace, FillMessage, LayoutMessage, Message, filters, kind, run};
use crate::{ChunkIndex, DataLayout, Dataset, Error, Group, Object};
use bytes::Bytes;
use std::sync::Arc;

const NAME: &str = "object header";
const LAYOUT: &str = "data layout message";

/// The object whose header is at `address`, named by the path beside it.
pub(crate) fn object(walk: &mut Walk<'_>, address: u64, path: &str) -> Walked<Object> {
    if let Some(known) = walk.memo.objects.get(&address) {
        return Ok(known.clone()?.with_path(path));
    }
    match build(walk, address, path) {
        Err(Stop::Missing) => Err(Stop::Missing),
        Err(Stop::Failed(error)) => {
            walk.memo.objects.insert(address, Err(error.clone()));
            Err(Stop::Failed(error))
        }
        Ok(object) => {
            walk.memo.objects.insert(address, Ok(object.clone()));
            Ok(object)
        }
    }
}

fn build(walk: &mut Walk<'_>, address: u64, path: &str) -> Walked<Object> {
    let header = walk.header(address, |messages| is_group(messages) || is_whole_dataset(messages))?;
    if is_group(&header.messages) {
        return Ok(Object::Group(Group { path: path.into(), address }));
    }
    match (header.first(kind::DATATYPE), header.first(kind::DATASPACE)) {
        (Some(_), Some(_)) => Ok(Object::Dataset(Arc::new(dataset(walk, &header, address, path)?))),
        (Some(message), None) => {
            let datatype = datatype(walk, message)?;
            Ok(Object::Datatype(Arc::new(CommittedDatatype { path: path.into(), address, datatype })))
        }
        _ => Err(Error::corrupt(NAME, address, "neither group nor dataset nor datatype").into()),
    }
}

/// Whether everything that reading data needs has been seen, so that continuations need not be read. Messages that may
/// be absent (filters, fill value, external files) must have been seen, or be of no use with the layout.
fn is_whole_dataset(messages: &[Message]) -> bool {
    let has = |kind: u16| messages.iter().any(|m| m.kind == kind);
    let Some(layout) = messages.iter().find(|m| m.kind == kind::LAYOUT) else {
        return false;
    };
    // From version 3 on, the layout class follows the version; only compact and chunked data are settled without
    // a look for external files.
    let settled = match layout.body.get(..2) {
        Some([version, 0]) if *version > 2 => true,
        Some([version, 2]) if *version > 2 => has(kind::FILTERS),
        _ => false,
    };
    settled && has(kind::DATASPACE) && has(kind::DATATYPE) && has(kind::FILL)
}

fn dataset(walk: &mut Walk<'_>, header: &Header, address: u64, path: &str) -> Walked<Dataset> {
    let required = |kind: u16, what: &str| {
        header.first(kind).ok_or_else(|| Error::corrupt(NAME, address, format!("a dataset without {what}")))
    };
    // All are evaluated before any of them may stop the branch: each may be shared and lack bytes.
    let space = dataspace(walk, required(kind::DATASPACE, "dataspace")?);
    let datatype = datatype(walk, required(kind::DATATYPE, "datatype")?);
    let filters = pipeline(walk, header);
    let fill = fill(walk, header);
    let (space, datatype, filters, fill) = (space?, datatype?, filters?, fill?);
    let limit = walk.limits.chunk_bytes;
    if datatype.size() as u64 > limit {
        return Err(Error::Limit { what: "the size of an element in bytes", limit }.into());
    }
    let format = walk.format()?;
    let message = required(kind::LAYOUT, "data layout")?;
    let parsed = run(LAYOUT, message.at, &message.body, LayoutMessage::parse(format.sizes))?;
    let external = header.first(kind::EXTERNAL_FILES).is_some();
    let layout = layout(message, parsed, external, (&space, datatype.size() as u64))?;
    let (fill_value, chosen_fill) = fill_values(walk, fill, &datatype, address)?;
    Ok(Dataset {
        path: path.into(),
        address,
        space: space.space,
        shape: space.shape,
        max_shape: space.max_shape,
        fill_value,
        chosen_fill,
        datatype,
        layout,
        filters,
        base: format.base,
        limits: walk.limits,
    })
}

/// The layout, checked against dataspace and size of an element.
fn layout(
    message: &Message,
    parsed: LayoutMessage,
    external: bool,
    (space, size): (&Dataspace, u64),
) -> Result<DataLayout, Error> {
    let corrupt = |why: String| Err(Error::corrupt(LAYOUT, message.at, why));
    let needed = space.elements().and_then(|n| n.checked_mul(size));
    Ok(match parsed {
        LayoutMessage::Compact { skip, len } => {
            if needed.is_none_or(|needed| needed > len as u64) {
                let whole = dims(&space.shape);
                return corrupt(format!("{len} bytes of data for a dataset of {whole} elements of {size} bytes"));
            }
            let data = message.body.slice(skip..skip.saturating_add(len));
            DataLayout::Compact { data, offset: message.at.saturating_add(skip as u64) }
        }
        LayoutMessage::Contiguous { .. } if external => DataLayout::External,
        LayoutMessage::Contiguous { address } => {
            if needed.is_none() {
                return corrupt(format!("{} elements of {size} bytes do not fit in 64 bits", dims(&space.shape)));
            }
            DataLayout::Contiguous { address }
        }
        LayoutMessage::Chunked { dims: mut chunk_shape, index, address, plain_edges } => {
            let element = chunk_shape.pop().unwrap_or_default();
            // PureHDF wrote other sizes into newer messages (HDFGroup/hdf5 #6534); HDF5 before 2.0 does not look there.
            let is_wrong = element != size && index == ChunkIndex::BTree1;
            if chunk_shape.len() != space.shape.len() || is_wrong {
                let (chunk, whole) = (dims(&chunk_shape), dims(&space.shape));
                return corrupt(format!(
                    "chunks of {chunk} elements of {element} bytes in a dataset of {whole} elements of {size} bytes"
                ));
            }
            DataLayout::Chunked(Chunked { chunk_shape, index, address, plain_edges })
        }
        LayoutMessage::Virtual => DataLayout::Virtual,
    })
}

pub(super) fn dataspace(walk: &mut Walk<'_>, message: &Message) -> Walked<Dataspace> {
    let sizes = walk.format()?.sizes;
    let body = walk.body(message)?;
    Ok(run("dataspace message", body.at, &body.bytes, Dataspace::parse(sizes))?)
}

pub(super) fn datatype(walk: &mut Walk<'_>, message: &Message) -> Walked<Datatype> {
    let body = walk.body(message)?;
    if message.is_shared() {
        // Every dataset of it has a copy.
        walk.spend(body.bytes.len() as u64)?;
    }
    Ok(Datatype::parse(&body.bytes, body.at).map_err(Error::from)?.0)
}

fn pipeline(walk: &mut Walk<'_>, header: &Header) -> Walked<Vec<Filter>> {
    let Some(message) = header.first(kind::FILTERS) else {
        return Ok(Vec::new());
    };
    let body = walk.body(message)?;
    Ok(run("filter pipeline message", body.at, &body.bytes, filters)?)
}

/// The new message counts where both are there.
fn fill(walk: &mut Walk<'_>, header: &Header) -> Walked<FillMessage> {
    if let Some(message) = header.first(kind::FILL) {
        let body = walk.body(message)?;
        return Ok(run("fill value message", body.at, &body.bytes, FillMessage::parse)?);
    }
    let Some(message) = header.first(kind::OLD_FILL) else {
        return Ok(FillMessage::Default);
    };
    let body = walk.body(message)?;
    Ok(run("old fill value message", body.at, &body.bytes, FillMessage::parse_old)?)
}

/// What unwritten data read as, and the fill value that was chosen.
fn fill_values(
    walk: &mut Walk<'_>,
    fill: FillMessage,
    datatype: &Datatype,
    address: u64,
) -> Result<(Option<Bytes>, Option<Bytes>), Error> {
    let (value, written) = match fill {
        FillMessage::Undefined => return Ok((None, None)),
        FillMessage::Default => return Ok((Some(walk.zeros(datatype.size())), None)),
        FillMessage::NeverWritten(value) => (value, false),
        FillMessage::Value(value) => (value, true),
    };
    if value.len() != datatype.size() {
        let why = format!("a fill value of {} bytes for elements of {}", value.len(), datatype.size());
        return Err(Error::corrupt("fill value message", address, why));
    }
    let chosen = Bytes::from(value);
    Ok((written.then(|| chosen.clone()), Some(chosen)))
}

impl Object {
    /// Address of the object header, relative to the base address.
    #[must_use]
    pub fn address(&self) -> u64 {
        match self {
            Self::Group(group) => group.address,
            Self::Dataset(dataset) => dataset.address,
            Self::Datatype(datatype) => datatype.address,
        }
    }

    /// The path by which it was found.
    #[must_use]
    pub fn path(&self) -> &str {
        match self {
            Self::Group(group) => &group.path,
            Self::Dataset(dataset) => &dataset.path,
            Self::Datatype(datatype) => &datatype.path,
        }
    }

    /// The same object under another path (a hard or soft link to it).
    fn with_path(mut self, path: &str) -> Self {
        match &mut self {
            same if same.path() == path => {}
            Self::Group(group) => group.path = path.into(),
            Self::Dataset(dataset) => Arc::make_mut(dataset).path = path.into(),
            Self::Datatype(datatype) => Arc::make_mut(datatype).path = path.into(),
        }
        self
    }
}
