//! `icestream inspect`: what is in a granule.
use crate::args::InspectArgs;
use crate::exit::{self, Failure};
use crate::out::note;
use crate::out::say;
use crate::progress::size;
use crate::report::group as thousands;
use crate::walk::{self, Node, NodeKind};
use crate::{access, json as answers, target};
use ::catalog::crossed_cells;
use byte_ranges::Source;
use hdf5_pure::datatype::{Canonical, Datatype, DatatypeError, HeapRef, Numbers};
use hdf5_pure::filters::{Filter, registered_name};
use hdf5_pure::{AsyncFile, Attribute, DataLayout, Dataset, Error, HeapId, Object, Space};
use morton::{Cell, Order};
use pipeline::{GranuleError, Product};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use storage::Location;

/// Values of an attribute that are shown.
const MAX_VALUES: usize = 8;

pub(crate) fn run(args: &InspectArgs) -> Result<u8, Failure> {
    let order = target::order(args.order)?;
    let location = Location::parse(&args.granule)?;
    let done: Result<u8, Failure> = access::block_on(async {
        let source = access::clients(&args.access).open(&location)?;
        let mut file = AsyncFile::open(&source).await?;
        let nodes = nodes(&mut file, &args.path).await?;
        let mut shown = Vec::new();
        for node in &nodes {
            let attributes = if args.attributes { attributes(&mut file, node).await } else { Vec::new() };
            shown.push((node, attributes));
        }
        let crossed = if args.no_cells { None } else { crossed(&location.name(), &source, args, order).await? };
        let read = source.counts();
        if args.json {
            let nodes: Vec<Value> = shown.iter().map(|(node, attributes)| as_json(node, attributes)).collect();
            let cells = crossed.as_ref().map(|cells| cells.iter().map(cell_json).collect::<Vec<_>>());
            answers::print(&json!({
                "granule": location.name(), "location": location.to_string(), "objects": nodes, "crossed_cells": cells,
                "requests": read.requests, "bytes_read": read.bytes,
            }))?;
            return Ok(exit::DONE);
        }
        for (node, attributes) in &shown {
            say!("{}", as_text(node));
            attributes.iter().for_each(|(name, value)| say!("{}  @{name} = {value}", "  ".repeat(node.depth)));
        }
        if let Some(cells) = crossed {
            print_cells(&cells, args);
        }
        note!("read {} in {} requests", size(read.bytes), thousands(read.requests));
        Ok(exit::DONE)
    });
    done.map_err(|failure| failure.at(&location.to_string()))
}

/// The cells that the tracks cross; `None` where the file has none that are known.
async fn crossed(
    name: &str,
    source: &impl Source,
    args: &InspectArgs,
    order: Order,
) -> Result<Option<BTreeMap<Cell, u64>>, Failure> {
    match crossed_cells(name, source, &Product::atl06(), order, args.latitude).await {
        Ok(extent) => Ok(Some(extent.cells)),
        Err(GranuleError::NoTracks { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

async fn nodes<S: Source>(file: &mut AsyncFile<S>, path: &str) -> Result<Vec<Node>, Failure> {
    match walk::top(file, path).await? {
        Some(Object::Group(group)) => Ok(walk::tree(file, group).await?),
        Some(object) => Ok(vec![Node { path: path.into(), depth: 0, kind: NodeKind::Object(Ok(object)) }]),
        None => Err(Failure::usage(format!("{path}: there is no such path in the file"))),
    }
}

fn as_text(node: &Node) -> String {
    let name = node.path.rsplit('/').next().unwrap_or(&node.path);
    let indent = "  ".repeat(node.depth);
    match &node.kind {
        NodeKind::Object(Ok(Object::Group(_))) => format!("{indent}{name}/"),
        NodeKind::Object(Ok(Object::Dataset(dataset))) => format!("{indent}{name:<28} {}", describe(dataset)),
        NodeKind::Object(Ok(Object::Datatype(named))) => {
            format!("{indent}{name:<28} datatype {}", named.datatype.describe())
        }
        NodeKind::Object(Err(error)) => format!("{indent}{name:<28} cannot be read: {error}"),
        NodeKind::Link(to) => format!("{indent}{name:<28} {to}"),
        NodeKind::Again => format!("{indent}{name:<28} (shown above under another name)"),
    }
}

fn describe(dataset: &Dataset) -> String {
    let dims = |shape: &[u64]| shape.iter().map(u64::to_string).collect::<Vec<_>>().join(" x ");
    let shape = match dataset.space {
        Space::Null => "null".into(),
        Space::Scalar => "scalar".into(),
        Space::Simple => dims(&dataset.shape),
    };
    let filters: Vec<String> = dataset.filters.iter().map(filter_name).collect();
    let stored = match &dataset.layout {
        DataLayout::Chunked(chunked) => format!("chunks {}", dims(&chunked.chunk_shape)),
        DataLayout::Contiguous { .. } => "contiguous".into(),
        DataLayout::Compact { .. } => "compact".into(),
        DataLayout::External => "in external files".into(),
        DataLayout::Virtual => "virtual".into(),
    };
    format!("{:<8} {shape:<10} {stored} {}", type_name(&dataset.datatype), filters.join(", ")).trim_end().into()
}

/// `deflate(6)`, or the number of a filter that is not registered.
fn filter_name(filter: &Filter) -> String {
    let name = registered_name(filter.id).map_or_else(|| format!("filter {}", filter.id), str::to_lowercase);
    match (filter.id, filter.client_data.first()) {
        (1, Some(level)) => format!("{name}({level})"),
        _ => name,
    }
}

fn type_name(datatype: &Datatype) -> String {
    datatype.numpy_name().unwrap_or_else(|| datatype.describe())
}

fn as_json(node: &Node, attributes: &[(String, String)]) -> Value {
    let mut value = match &node.kind {
        NodeKind::Object(Ok(Object::Group(_))) => json!({ "path": node.path, "kind": "group" }),
        NodeKind::Object(Ok(Object::Dataset(dataset))) => json!({
            "path": node.path, "kind": "dataset", "dtype": type_name(&dataset.datatype), "shape": dataset.shape,
            "chunk_shape": matches!(dataset.layout, DataLayout::Chunked(_)).then(|| dataset.chunk_shape()),
            "filters": dataset.filters.iter().map(filter_name).collect::<Vec<_>>(),
        }),
        NodeKind::Object(Ok(Object::Datatype(named))) => {
            json!({ "path": node.path, "kind": "datatype", "dtype": named.datatype.describe() })
        }
        NodeKind::Object(Err(error)) => json!({ "path": node.path, "kind": "broken", "error": error.to_string() }),
        NodeKind::Link(to) => json!({ "path": node.path, "kind": "link", "target": to }),
        NodeKind::Again => json!({ "path": node.path, "kind": "alias" }),
    };
    if let (Some(object), false) = (value.as_object_mut(), attributes.is_empty()) {
        let attributes = attributes.iter().map(|(name, value)| (name.clone(), Value::String(value.clone())));
        object.insert("attributes".into(), Value::Object(attributes.collect()));
    }
    value
}

/// Attributes of a node as text.
async fn attributes<S: Source>(file: &mut AsyncFile<S>, node: &Node) -> Vec<(String, String)> {
    let NodeKind::Object(Ok(object)) = &node.kind else { return Vec::new() };
    match file.query(|file| file.attributes(object, None)).await {
        Ok(found) => {
            let mut shown = Vec::new();
            for attribute in found {
                let value = value(file, &attribute).await.unwrap_or_else(|error| format!("cannot be read: {error}"));
                shown.push((attribute.name, value));
            }
            shown
        }
        Err(error) => vec![("?".into(), format!("cannot be read: {error}"))],
    }
}

async fn value<S: Source>(file: &mut AsyncFile<S>, attribute: &Attribute) -> Result<String, Error> {
    if attribute.datatype.is_numeric() {
        return Ok(numbers(&attribute.datatype.decode_column(&attribute.raw)?));
    }
    // Only what is shown is read.
    let size = attribute.datatype.size().max(1);
    let elements = attribute.raw.len() / size;
    let raw = attribute.raw.get(..elements.min(MAX_VALUES) * size).unwrap_or_default();
    let mut ids = Vec::new();
    if let Ok(canonical) = Canonical::new(&attribute.datatype, false) {
        canonical.heap_refs(raw, &mut |reference| ids.push(HeapId::from(reference)));
    }
    let mut objects = file.query(|file| file.resolve(&ids)).await?.into_iter();
    let mut look_up = |_: HeapRef| objects.next().unwrap_or_else(|| Err(Error::Usage("not asked for".into())));
    let texts = match attribute.datatype.strings(raw, &mut look_up) {
        Ok(texts) => texts,
        Err(Error::Datatype(DatatypeError::WrongClass { .. })) => {
            return Ok(format!("<{}>", attribute.datatype.describe()));
        }
        Err(error) => return Err(error),
    };
    let shown: Vec<String> = texts.iter().take(MAX_VALUES).map(|text| format!("{text:?}")).collect();
    Ok(list(&shown, texts.len() / elements.clamp(1, MAX_VALUES) * elements))
}

fn numbers(column: &Numbers) -> String {
    macro_rules! shown {
        ($($kind:ident)*) => { match column { $(
            Numbers::$kind(values) => values.iter().take(MAX_VALUES).map(|value| format!("{value:?}")).collect(),
        )* } };
    }
    let shown: Vec<String> = shown!(I8 I16 I32 I64 U8 U16 U32 U64 F32 F64);
    list(&shown, column.len())
}

fn list(shown: &[String], count: usize) -> String {
    match shown {
        [one] if count == 1 => one.clone(),
        _ if count > shown.len() => format!("[{}, ... {count} values]", shown.join(", ")),
        _ => format!("[{}]", shown.join(", ")),
    }
}

fn cell_name(cell: Cell) -> String {
    cell.decimal().map_or_else(|_| format!("nested:{}/{}", cell.order(), cell.nested()), |id| id.to_string())
}

fn cell_json((cell, rows): (&Cell, &u64)) -> Value {
    json!({ "morton": cell.decimal().ok(), "nested": cell.nested(), "order": cell.order().get(), "rows": rows })
}

fn print_cells(cells: &BTreeMap<Cell, u64>, args: &InspectArgs) {
    say!("\ncells of order {} that the tracks cross ({} latitude):", args.order, args.latitude);
    for (cell, rows) in cells {
        say!("  {:>20}  {:>9} rows", cell_name(*cell), thousands(*rows));
    }
}
