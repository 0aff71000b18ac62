//! `icestream inspect`: what is in a granule.
use crate::args::InspectArgs;
use crate::exit::{self, CommandError};
use crate::out::note;
use crate::out::say;
use crate::{access, json as answers, target};
use ::catalog::crossed_cells;
use byte_ranges::{Source, data_size, thousands};
use hdf5_pure::filters::Filter;
use hdf5_pure::listing::{self, TreeNode, TreeNodeKind};
use hdf5_pure::{AsyncFile, DataLayout, Object};
use morton::{Cell, Order};
use pipeline::{GranuleError, Product};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use storage::Location;

pub(crate) fn run(args: &InspectArgs) -> Result<u8, CommandError> {
    let order = target::order(args.order)?;
    let location = Location::parse(&args.granule)?;
    let done: Result<u8, CommandError> = access::block_on(async {
        let source = access::clients(&args.access).open(&location)?;
        let file = AsyncFile::open(&source).await?;
        let nodes = nodes(&file, &args.path).await?;
        let mut shown = Vec::new();
        for node in &nodes {
            let attributes = match &node.kind {
                TreeNodeKind::Object(Ok(object)) if args.attributes => listing::attributes(&file, object).await,
                _ => Vec::new(),
            };
            shown.push((node, attributes));
        }
        let name = location.name();
        let named = file.query(|file| pipeline::product_in(file, &name)).await?;
        let fits = named.as_deref().map(products::fitting).unwrap_or_default();
        let usual = fits.first().copied().unwrap_or(products::USUAL);
        let product = args.product.find(usual, Some(&location), &access::clients(&args.access)).await?;
        let crossed =
            if args.no_cells { None } else { crossed(&location.name(), &source, &product, args, order).await? };
        let read = source.counts();
        if args.json {
            let nodes: Vec<Value> = shown.iter().map(|(node, attributes)| as_json(node, attributes)).collect();
            let cells = crossed.as_ref().map(|cells| cells.iter().map(cell_json).collect::<Vec<_>>());
            answers::print(&json!({
                "granule": location.name(), "location": location.to_string(), "product": named, "fits": fits, "objects": nodes, "crossed_cells": cells,
                "requests": read.requests, "bytes_read": read.bytes,
            }))?;
            return Ok(exit::DONE);
        }
        for (node, attributes) in &shown {
            say!("{}", as_text(node));
            attributes.iter().for_each(|(name, value)| say!("{}  @{name} = {value}", "  ".repeat(node.depth)));
        }
        if let Some(named) = named {
            let fits = if fits.is_empty() { "none is built in".to_owned() } else { fits.join(", ") };
            say!("\nproduct {named}, for --product: {fits}");
        }
        if let Some(cells) = crossed {
            print_cells(&cells, args);
        }
        note!("read {} in {} requests", data_size(read.bytes), thousands(read.requests));
        Ok(exit::DONE)
    });
    done.map_err(|failure| failure.at(&location.to_string()))
}

/// The cells that the tracks cross; `None` where the file has none that are known.
async fn crossed(
    name: &str,
    source: &impl Source,
    product: &Product,
    args: &InspectArgs,
    order: Order,
) -> Result<Option<BTreeMap<Cell, u64>>, CommandError> {
    match crossed_cells(name, source, product, order, args.latitude).await {
        Ok(extent) => Ok(Some(extent.cells)),
        Err(GranuleError::NoTracks { .. }) if args.product.product.is_none() => Ok(None),
        Err(error) => Err(error.into()),
    }
}

async fn nodes<S: Source>(file: &AsyncFile<S>, path: &str) -> Result<Vec<TreeNode>, CommandError> {
    match listing::top(file, path).await? {
        Some(Object::Group(group)) => Ok(listing::tree(file, group).await?),
        Some(object) => Ok(vec![TreeNode { path: path.into(), depth: 0, kind: TreeNodeKind::Object(Ok(object)) }]),
        None => Err(CommandError::usage(format!("{path}: there is no such path in the file"))),
    }
}

fn as_text(node: &TreeNode) -> String {
    let name = node.path.rsplit('/').next().unwrap_or(&node.path);
    let indent = "  ".repeat(node.depth);
    match &node.kind {
        TreeNodeKind::Object(Ok(Object::Group(_))) => format!("{indent}{name}/"),
        TreeNodeKind::Object(Ok(Object::Dataset(dataset))) => format!("{indent}{name:<28} {}", dataset.describe()),
        TreeNodeKind::Object(Ok(Object::Datatype(named))) => {
            format!("{indent}{name:<28} datatype {}", named.datatype.describe())
        }
        TreeNodeKind::Object(Err(error)) => format!("{indent}{name:<28} cannot be read: {error}"),
        TreeNodeKind::Link(to) => format!("{indent}{name:<28} {to}"),
        TreeNodeKind::Again => format!("{indent}{name:<28} (shown above under another name)"),
    }
}

fn as_json(node: &TreeNode, attributes: &[(String, String)]) -> Value {
    let mut value = match &node.kind {
        TreeNodeKind::Object(Ok(Object::Group(_))) => json!({ "path": node.path, "kind": "group" }),
        TreeNodeKind::Object(Ok(Object::Dataset(dataset))) => json!({
            "path": node.path, "kind": "dataset", "dtype": dataset.datatype.name(), "shape": dataset.shape,
            "chunk_shape": matches!(dataset.layout, DataLayout::Chunked(_)).then(|| dataset.chunk_shape()),
            "filters": dataset.filters.iter().map(Filter::describe).collect::<Vec<_>>(),
        }),
        TreeNodeKind::Object(Ok(Object::Datatype(named))) => {
            json!({ "path": node.path, "kind": "datatype", "dtype": named.datatype.describe() })
        }
        TreeNodeKind::Object(Err(error)) => json!({ "path": node.path, "kind": "broken", "error": error.to_string() }),
        TreeNodeKind::Link(to) => json!({ "path": node.path, "kind": "link", "target": to }),
        TreeNodeKind::Again => json!({ "path": node.path, "kind": "alias" }),
    };
    if let (Some(object), false) = (value.as_object_mut(), attributes.is_empty()) {
        let attributes = attributes.iter().map(|(name, value)| (name.clone(), Value::String(value.clone())));
        object.insert("attributes".into(), Value::Object(attributes.collect()));
    }
    value
}

fn cell_json((cell, rows): (&Cell, &u64)) -> Value {
    json!({ "morton": cell.decimal().ok(), "nested": cell.nested(), "order": cell.order().get(), "rows": rows })
}

fn print_cells(cells: &BTreeMap<Cell, u64>, args: &InspectArgs) {
    say!("\ncells of order {} that the tracks cross ({} latitude):", args.order, args.latitude);
    for (cell, rows) in cells {
        say!("  {:>20}  {:>9} rows", cell, thousands(*rows));
    }
}
