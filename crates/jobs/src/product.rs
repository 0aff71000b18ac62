//! Which product a job reads: as an event says it, and as a granule is.
use crate::fields::{Fields, wrong};
use crate::{Error, ErrorType};
use pipeline::{Edits, FailureClass, GranuleError, Product};
use serde_json::{Map, Value, json};
use storage::{Clients, Location};

/// In the place of a name: the product that the first granule is of.
pub const AUTO: &str = "auto";

/// The product that jobs read unless something else is said: ATL06.
///
/// # Errors
/// [`ErrorType::Internal`](crate::ErrorType::Internal) for a description in this program that is none.
pub fn usual() -> Result<Product, Error> {
    products::built_in(products::USUAL).map_err(|error| Error::new(ErrorType::Internal, error.to_string()))
}

/// The built-in product that a granule is of, and the others that fit it too.
///
/// # Errors
/// What opening and reading the granule answers; a granule that no built-in product fits.
pub async fn product_of(clients: &Clients, granule: &Location) -> Result<(Product, Vec<&'static str>), Error> {
    let name = granule.name();
    let source = clients.open(granule).map_err(GranuleError::from)?;
    let named = pipeline::product_of(&name, source).await?;
    let mut fitting = named.as_deref().map(products::fitting).unwrap_or_default().into_iter();
    let first = fitting.next().and_then(|first| products::built_in(first).ok());
    let product = first.ok_or_else(|| {
        let what =
            named.map_or_else(|| "of no known product".to_owned(), |named| format!("{named}, which is not built in"));
        let next = "describe it in a file, and name that with --product (icestream product show ATL06 > mine.toml)";
        let message = format!("{name} is {what}: {next}");
        Error { class: FailureClass::Product, ..Error::new(ErrorType::GranuleUnreadable, message) }
    })?;
    Ok((product, fitting.collect()))
}

/// What an event asks of its product.
#[derive(Clone, PartialEq, Debug)]
pub struct AskedProduct {
    /// The product; `None` for the one that the first granule is of.
    pub product: Option<Product>,
    /// What to change of it.
    pub edits: Edits,
}

impl AskedProduct {
    /// A product as it is.
    #[must_use]
    pub fn of(product: Product) -> Self {
        Self { product: Some(product), edits: Edits::default() }
    }

    /// The product of an event: a name, a whole description, or `auto`, and the edits beside it.
    pub(crate) fn read(fields: &Fields<'_>) -> Result<Self, Error> {
        let product = match fields.get("product") {
            None => Some(usual()?),
            Some(Value::String(auto)) if auto == AUTO => None,
            Some(Value::String(name)) => Some(
                products::built_in(name)
                    .map_err(|error| wrong("product", &json!(name), format!("{}: {}", error.why, error.next)))?,
            ),
            Some(value @ Value::Object(_)) => Some(described(value).map_err(|why| wrong("product", value, why))?),
            Some(value) => return Err(wrong("product", value, "write a name, auto, or a description as an object")),
        };
        Ok(Self { product, edits: edits(fields)? })
    }

    /// The product with the edits; the usual one as it is where the granule decides.
    pub(crate) fn edited(&self, fields: &Fields<'_>) -> Result<Product, Error> {
        let Some(mut product) = self.product.clone() else { return usual() };
        let name = product.name.clone();
        self.edits.apply(&mut product).map_err(|error| match fields.get(&error.key) {
            Some(Value::Array(list)) => {
                let named = list.iter().find(|item| item.as_str().is_some_and(|item| error.why.contains(item)));
                wrong(&error.key, named.or(list.first()).unwrap_or(&Value::Null), error.why)
            }
            Some(value) => wrong(&error.key, value, error.why),
            None => wrong("product", &json!(name), error),
        })?;
        Ok(product)
    }

    /// As an event has it: nothing for the usual product, the name of a built-in one, else the whole description.
    pub(crate) fn value(&self) -> Map<String, Value> {
        let mut event = json!(self.edits).as_object().cloned().unwrap_or_default();
        let product = match &self.product {
            None => json!(AUTO),
            Some(product) if products::built_in(&product.name).as_ref() != Ok(product) => json!(product),
            Some(product) if product.name == products::USUAL => return event,
            Some(product) => json!(product.name),
        };
        event.insert("product".to_owned(), product);
        event
    }
}

/// A description as JSON.
fn described(value: &Value) -> Result<Product, String> {
    let product: Product = serde_json::from_value(value.clone()).map_err(|error| error.to_string())?;
    product.check().map_err(|error| error.to_string())?;
    Ok(product)
}

fn edits(fields: &Fields<'_>) -> Result<Edits, Error> {
    let text = |name| Ok::<_, Error>(fields.text(name)?.map(str::to_owned));
    Ok(Edits {
        keep: fields.texts("keep")?,
        value: text("value")?,
        statistics: fields.texts("statistics")?,
        also: fields.texts("also")?,
        cycle: fields.count("cycle")?,
        beams: text("beams")?,
        direction: text("direction")?,
        min_count: fields.count("min_count")?,
    })
}
