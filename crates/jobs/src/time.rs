//! Windows of time and height change, as an event says them.
use crate::Error;
use crate::fields::{Fields, wrong};
use pipeline::{ChangeSpec, JobSpec, Product, TimeAxis, TimeChoice, TimeWindow};
use serde_json::{Map, Value, json};

/// The windows that an event asks for.
pub(crate) fn choice(fields: &Fields<'_>) -> Result<TimeChoice, Error> {
    Ok(TimeChoice {
        by: fields.parsed("by")?,
        windows: windows(fields, "windows")?,
        from_date: fields.parsed("from_date")?,
        to_date: fields.parsed("to_date")?,
    })
}

/// A list of windows.
pub(crate) fn windows(fields: &Fields<'_>, name: &str) -> Result<Vec<TimeWindow>, Error> {
    let texts = fields.texts(name)?;
    texts.iter().map(|text| text.parse().map_err(|why: String| wrong(name, &json!(text), why))).collect()
}

/// The axis of these windows, for granules of a product.
pub(crate) fn axis(
    choice: &TimeChoice,
    product: &Product,
    granules: &[String],
    fields: &Fields<'_>,
) -> Result<Option<TimeAxis>, Error> {
    choice
        .axis(product, granules.iter().map(String::as_str))
        .map_err(|error| wrong(error.key, fields.get(error.key).unwrap_or(&Value::Null), error.why))
}

/// How an event wants height change: `true` for the usual way, or an object.
pub(crate) fn change(fields: &Fields<'_>) -> Result<Option<ChangeSpec>, Error> {
    match fields.get("change") {
        None | Some(Value::Bool(false)) => Ok(None),
        Some(Value::Bool(true)) => Ok(Some(ChangeSpec::default())),
        Some(value @ Value::Object(_)) => {
            serde_json::from_value(value.clone()).map(Some).map_err(|why| wrong("change", value, why))
        }
        Some(value) => Err(wrong("change", value, "write true, or an object like {\"min_overpasses\": 5}")),
    }
}

/// As an event has them: all windows by name where they are known.
pub(crate) fn value(spec: &JobSpec, choice: &TimeChoice) -> Map<String, Value> {
    let mut event = Map::new();
    let mut put = |name: &str, value: Value| drop(event.insert(name.to_owned(), value));
    let texts = |windows: &[TimeWindow]| json!(windows.iter().map(ToString::to_string).collect::<Vec<_>>());
    let by = spec.time.as_ref().map_or(choice.by, TimeAxis::by);
    let windows = spec.time.as_ref().map_or(choice.windows.as_slice(), TimeAxis::windows);
    if let Some(by) = by {
        put("by", json!(by));
    }
    if !windows.is_empty() {
        put("windows", texts(windows));
    } else {
        choice.from_date.into_iter().for_each(|day| put("from_date", day.to_string().into()));
        choice.to_date.into_iter().for_each(|day| put("to_date", day.to_string().into()));
    }
    if !spec.only.is_empty() {
        put("only", texts(&spec.only));
    }
    if let Some(change) = &spec.change {
        put("change", json!(change));
    }
    event
}
