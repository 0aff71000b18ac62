//! What a store was made from, also where parts of it are damaged.
use super::finding::Findings;
use super::metadata::Documents;
use crate::{OWN, Objects as _, Place, Recipe};
use dggs_zarr::{ArrayMeta, Attributes, Column, DataType};
use morton::{Cell, Order};
use serde_json::{Map, Value, json};

/// The recipe that the finest group states; where it does not, that of another group; where none does, a guess from
/// shapes and ids, with the product that this engine knows.
pub(crate) async fn find(place: &Place, documents: &Documents, findings: &mut Findings) -> Option<Recipe> {
    let groups = groups(documents);
    let Some((finest, _)) = groups.iter().max_by_key(|(order, _)| **order) else {
        findings.error("group-missing", "zarr.json", "there is no group of cells of an order");
        return None;
    };
    let told = Recipe::of(&root(&groups, *finest, None));
    let why = match told {
        Ok(recipe) => return Some(recipe),
        Err(why) => why,
    };
    findings.error("provenance", format!("{finest}/zarr.json"), why);
    let inline = documents.get("zarr.json").and_then(members);
    let copies = inline.into_iter().flat_map(|inline| inline.values());
    let donors = groups.values().chain(copies).map(|group| &group["attributes"][OWN]).filter(|own| own.is_object());
    let found = donors.filter_map(|own| Recipe::of(&root(&groups, *finest, Some(own))).ok()).next();
    if found.is_some() {
        return found;
    }
    let own = guess(place, documents, *finest, &groups).await?;
    Recipe::of(&root(&groups, *finest, Some(&own))).ok()
}

/// Documents of groups named by an order: their own, or else the copy in the root.
fn groups(documents: &Documents) -> std::collections::BTreeMap<Order, Value> {
    let order = |key: &str| key.parse().ok().and_then(|order| Order::new(order).ok());
    let inline = documents.get("zarr.json").and_then(members);
    let copies = inline.into_iter().flatten().filter_map(|(key, group)| Some((order(key)?, group.clone())));
    let own =
        documents.iter().filter_map(|(key, group)| Some((order(key.strip_suffix("/zarr.json")?)?, group.clone())));
    copies.chain(own).collect()
}

/// A root as [`Recipe::of`] reads it, with another provenance of the finest group.
fn root(groups: &std::collections::BTreeMap<Order, Value>, finest: Order, own: Option<&Value>) -> Value {
    let mut members: Map<String, Value> =
        groups.iter().map(|(order, group)| (order.to_string(), group.clone())).collect();
    if let (Some(own), Some(group)) = (own, members.get_mut(&finest.to_string())) {
        *group = json!({"attributes": {OWN: own}});
    }
    json!({"consolidated_metadata": {"metadata": members}})
}

async fn guess(
    place: &Place,
    documents: &Documents,
    finest: Order,
    groups: &std::collections::BTreeMap<Order, Value>,
) -> Option<Value> {
    let group = groups.get(&finest)?;
    let latitude = if group["attributes"]["dggs"]["ellipsoid"].is_object() { "authalic" } else { "spherical" };
    let count = documents.get(&format!("{finest}/count/zarr.json"))?;
    let rows = count["shape"][0].as_u64()?;
    let sphere = rows == finest.cells();
    let children = if sphere { count["chunk_grid"]["configuration"]["chunk_shape"][0].as_u64()? } else { rows };
    let bits = children.checked_ilog2()?;
    let parents = Order::new(u8::try_from(u32::from(finest.get()).checked_sub(bits / 2)?).ok()?).ok()?;
    let mut own = json!({
        "product": products::built_in(products::USUAL).ok()?, "parent_order": parents.get(), "child_order": finest.get(),
        "latitude_convention": latitude,
    });
    if sphere {
        own["layout"] = json!("sphere");
    } else {
        let meta = ArrayMeta::new(children, DataType::U64, Attributes::new());
        let chunk = place.get(&format!("{finest}/cell_ids/c/0")).await.ok()??;
        let Column::U64(ids) = meta.decode(&chunk).ok()? else { return None };
        let parent = Cell::new(finest, *ids.get(ids.len() / 2)?).ok()?.parent(parents).ok()?;
        own["parent_morton"] = json!(parent.decimal().ok()?);
    }
    Some(own)
}

/// The members of a consolidated root by path.
fn members(root: &Value) -> Option<&Map<String, Value>> {
    root["consolidated_metadata"]["metadata"].as_object()
}
