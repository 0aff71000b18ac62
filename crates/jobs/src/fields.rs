//! The fields of an event, checked one by one so that an error names the parameter and its value.
use crate::Error;
use morton::Order;
use serde_json::{Map, Value};
use storage::redacted;

/// Characters of a value that a message repeats.
const MAX_SHOWN: usize = 120;

/// An event's object. `null` counts as absent.
pub(crate) struct Fields<'a>(&'a Map<String, Value>);

impl<'a> Fields<'a> {
    pub(crate) fn of(event: &'a Value) -> Result<Self, Error> {
        event.as_object().map(Fields).ok_or_else(|| Error::bad_event("the event is not a JSON object"))
    }

    pub(crate) fn get(&self, name: &str) -> Option<&'a Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    /// Names of `wanted` that are absent, in that order.
    pub(crate) fn missing(&self, wanted: &[&'static str]) -> Vec<&'static str> {
        wanted.iter().copied().filter(|name| self.get(name).is_none()).collect()
    }

    /// A whole number; `6.0`, as workflow engines write it, is one.
    pub(crate) fn integer(&self, name: &str) -> Result<Option<i64>, Error> {
        self.get(name).map(|value| integer(value).ok_or_else(|| wrong(name, value, "write a whole number"))).transpose()
    }

    /// A whole number from 0.
    pub(crate) fn count(&self, name: &str) -> Result<Option<u32>, Error> {
        let Some(number) = self.integer(name)? else { return Ok(None) };
        u32::try_from(number).map(Some).map_err(|_| wrong(name, &number.into(), "write a whole number from 0"))
    }

    /// An order of cells.
    pub(crate) fn order(&self, name: &str) -> Result<Option<Order>, Error> {
        self.get(name).map(|value| order(name, value)).transpose()
    }

    pub(crate) fn orders(&self, name: &str) -> Result<Vec<Order>, Error> {
        self.list(name)?.iter().map(|value| order(name, value)).collect()
    }

    pub(crate) fn text(&self, name: &str) -> Result<Option<&'a str>, Error> {
        self.get(name).map(|value| value.as_str().ok_or_else(|| wrong(name, value, "write a text"))).transpose()
    }

    pub(crate) fn texts(&self, name: &str) -> Result<Vec<String>, Error> {
        let text = |value: &Value| {
            value.as_str().map(str::to_owned).ok_or_else(|| wrong(name, value, "write a list of texts"))
        };
        self.list(name)?.iter().map(text).collect()
    }

    pub(crate) fn flag(&self, name: &str) -> Result<bool, Error> {
        self.get(name)
            .map_or(Ok(false), |value| value.as_bool().ok_or_else(|| wrong(name, value, "write true or false")))
    }

    /// A value of a type that parses itself.
    pub(crate) fn parsed<T: std::str::FromStr<Err: std::fmt::Display>>(&self, name: &str) -> Result<Option<T>, Error> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        text.parse().map(Some).map_err(|error: T::Err| wrong(name, &Value::from(text), error))
    }

    fn list(&self, name: &str) -> Result<&'a [Value], Error> {
        let Some(value) = self.get(name) else { return Ok(&[]) };
        value.as_array().map(Vec::as_slice).ok_or_else(|| wrong(name, value, "write a list"))
    }
}

/// The error for a parameter whose value makes no sense.
pub(crate) fn wrong(name: &str, value: &Value, why: impl std::fmt::Display) -> Error {
    // What lies in a list or an object may be a secret, and need not be of this parameter.
    let shown = match value {
        Value::String(text) => format!("`{}`", redacted(text)),
        Value::Array(_) => "[...]".to_owned(),
        Value::Object(_) => "{...}".to_owned(),
        value => value.to_string(),
    };
    let shown: String = shown.chars().take(MAX_SHOWN).collect();
    Error::bad_event(format!("{name} {shown}: {why}"))
}

fn order(name: &str, value: &Value) -> Result<Order, Error> {
    let small = integer(value).and_then(|order| u8::try_from(order).ok());
    let order = small.ok_or_else(|| wrong(name, value, "write an order of 0 to 29"))?;
    Order::new(order).map_err(|error| wrong(name, value, error))
}

fn integer(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| {
        let number = value.as_f64().filter(|number| number.fract() == 0.0 && number.abs() < 9e15)?;
        #[expect(clippy::cast_possible_truncation, reason = "whole and below 2^53")]
        Some(number as i64)
    })
}
