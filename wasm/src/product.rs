//! A product as the page gives it: the keys of a description (crate `products`) with every column a table and every list a
//! list, as `wasm/page/products.js` has it. It is read key by key: serde's readers would be a tenth of the module.
use crate::host;
use js_sys::{Array, Object};
use pipeline::{Axis, ColumnSpec, Keep, Orbit, ParentLink, Product, Quantity, Second, Test, TimeOf, Value, Weight};
use std::cell::RefCell;
use std::fmt::Display;
use std::str::FromStr;
use wasm_bindgen::{JsCast as _, JsValue};

const PRODUCT: &str = " name short_names names tracks group latitude longitude value uncertainty weight beams direction \
    min_count statistics output keep time link orbit ";
const LINK: &str = " begin count base latitude longitude margin groups ";
const QUANTITY: &str = " prefix label standard_name units limit ";
const ORBIT: &str = " period inclination spacing spread pointing ";
const TIME: &str = " column index axis fill epoch ";
const AXIS: &str = " column value ";
/// A column, a value that is one, a condition on one.
const COLUMN: &str =
    " column index axis fill optional minus count is not between at_least at_most above below bits_all bits_none ";

/// The first thing that is wrong.
type Wrong = RefCell<Option<String>>;

/// Reads a product. Whether its parts go together is asked by the job.
pub(crate) fn read(object: &JsValue) -> Result<Product, String> {
    let wrong = Wrong::default();
    let product = product(&Table::new(object.clone(), PRODUCT, &wrong));
    match wrong.into_inner() {
        None => Ok(product),
        Some(why) => Err(why),
    }
}

fn product(table: &Table<'_>) -> Product {
    let names = table.texts("names").into_iter();
    Product {
        name: table.text("name"),
        title: String::new(),
        notes: String::new(),
        short_names: table.texts("short_names"),
        names: names.filter_map(|text| table.sound("names", text.try_into())).collect(),
        collections: Vec::new(),
        tracks: table.texts("tracks"),
        group: table.texts("group"),
        latitude: column(&table.table("latitude", COLUMN)),
        longitude: column(&table.table("longitude", COLUMN)),
        value: value(&table.table("value", COLUMN)),
        uncertainty: table.given("uncertainty", COLUMN).as_ref().map(column),
        weight: weight(table),
        beams: table.word("beams").unwrap_or_default(),
        direction: table.word("direction"),
        min_count: table.whole("min_count").unwrap_or(1),
        statistics: table
            .texts("statistics")
            .iter()
            .filter_map(|text| table.sound("statistics", text.parse()))
            .collect(),
        output: quantity(&table.table("output", QUANTITY)),
        keep: table.items("keep").into_iter().map(|keep| condition(&table.of(keep, COLUMN))).collect(),
        values: Vec::new(),
        time: table.given("time", TIME).map_or(TimeOf::Granule, |time| TimeOf::Column {
            column: column(&time),
            epoch: time.get("epoch").as_string(),
        }),
        link: table.given("link", LINK).as_ref().map(link),
        points: None,
        orbit: table.given("orbit", ORBIT).as_ref().map(orbit),
    }
}

fn link(table: &Table<'_>) -> ParentLink {
    ParentLink {
        begin: column(&table.table("begin", COLUMN)),
        count: column(&table.table("count", COLUMN)),
        base: table.whole("base").unwrap_or(0).into(),
        latitude: table.given("latitude", COLUMN).as_ref().map(column),
        longitude: table.given("longitude", COLUMN).as_ref().map(column),
        margin: table.number("margin"),
        groups: table.texts("groups"),
    }
}

fn column(table: &Table<'_>) -> ColumnSpec {
    let second = match (table.whole("index"), table.given("axis", AXIS)) {
        (Some(index), _) => Second::Index(index.into()),
        (None, Some(axis)) => Second::Axis(Axis { column: axis.text("column"), value: axis.number("value") }),
        (None, None) => Second::None,
    };
    let optional = table.get("optional").is_truthy();
    ColumnSpec { column: table.texts("column"), second, fill: table.numbers("fill"), optional }
}

fn value(table: &Table<'_>) -> Value {
    if table.get("count").is_truthy() {
        return Value::Rows;
    }
    Value::Column { column: column(table), minus: table.given("minus", COLUMN).as_ref().map(column) }
}

/// A word or a column.
fn weight(table: &Table<'_>) -> Weight {
    let given = table.get("weight");
    match given.as_string().as_deref() {
        Some("inverse_variance") => Weight::InverseVariance,
        Some("none") => Weight::None,
        None if given.is_undefined() => Weight::None,
        _ => Weight::Column(column(&table.of(given, COLUMN))),
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a mask is a whole number up to 2^53")]
fn condition(table: &Table<'_>) -> Keep {
    type One = fn(f64) -> Test;
    let ones: [(&str, One); 6] = [
        ("at_least", Test::AtLeast),
        ("at_most", Test::AtMost),
        ("above", Test::Above),
        ("below", Test::Below),
        ("bits_all", |mask| Test::BitsAll(mask as u64)),
        ("bits_none", |mask| Test::BitsNone(mask as u64)),
    ];
    let one = ones.iter().find_map(|(key, test)| table.number(key).map(test));
    let (is, not, between) = (table.numbers("is"), table.numbers("not"), table.numbers("between"));
    let test = match (one, between.as_slice()) {
        (Some(test), _) => test,
        (None, [from, to]) => Test::Between(*from, *to),
        _ if !not.is_empty() => Test::Not(not),
        _ => Test::Is(is),
    };
    Keep { column: column(table), test }
}

fn quantity(table: &Table<'_>) -> Quantity {
    Quantity {
        prefix: table.text("prefix"),
        label: table.text("label"),
        standard_name: table.word("standard_name"),
        units: table.word("units").unwrap_or_default(),
        limit: table.number("limit"),
    }
}

fn orbit(table: &Table<'_>) -> Orbit {
    let number = |key| table.number(key).unwrap_or(f64::NAN);
    Orbit {
        period: number("period"),
        inclination: number("inclination"),
        spacing: number("spacing"),
        spread: number("spread"),
        pointing: number("pointing"),
    }
}

/// An object with no other keys than are known.
struct Table<'a> {
    object: JsValue,
    wrong: &'a Wrong,
}

impl<'a> Table<'a> {
    /// `known` has the keys between blanks.
    fn new(object: JsValue, known: &str, wrong: &'a Wrong) -> Self {
        let table = Self { object, wrong };
        let Some(object) = table.object.dyn_ref::<Object>() else {
            table.tell(known, "are in no table");
            return table;
        };
        for key in Object::keys(object).iter().filter_map(|key| key.as_string()) {
            if !known.contains(&format!(" {key} ")) {
                table.tell(&key, "is no key of a description");
            }
        }
        table
    }

    fn of(&self, object: JsValue, known: &str) -> Self {
        Self::new(object, known, self.wrong)
    }

    fn tell(&self, key: &str, why: impl Display) {
        self.wrong.borrow_mut().get_or_insert_with(|| format!("the product's {key}: {why}"));
    }

    fn sound<T, E: Display>(&self, key: &str, read: Result<T, E>) -> Option<T> {
        read.map_err(|why| self.tell(key, why)).ok()
    }

    fn get(&self, key: &str) -> JsValue {
        host::field(&self.object, key)
    }

    fn table(&self, key: &str, known: &str) -> Self {
        self.of(self.get(key), known)
    }

    fn given(&self, key: &str, known: &str) -> Option<Self> {
        Some(self.get(key)).filter(|value| !value.is_undefined()).map(|value| self.of(value, known))
    }

    fn text(&self, key: &str) -> String {
        self.word(key).unwrap_or_else(|| {
            self.tell(key, "is missing");
            String::new()
        })
    }

    /// What a text says, where there is one.
    fn word<T: FromStr<Err: Display>>(&self, key: &str) -> Option<T> {
        let value = self.get(key);
        match value.as_string() {
            Some(text) => self.sound(key, text.parse()),
            None => self.absent(key, &value),
        }
    }

    fn number(&self, key: &str) -> Option<f64> {
        let value = self.get(key);
        value.as_f64().or_else(|| self.absent(key, &value))
    }

    /// Nothing, which is wrong if something is there.
    fn absent<T>(&self, key: &str, value: &JsValue) -> Option<T> {
        if !value.is_undefined() {
            self.tell(key, "is of another kind");
        }
        None
    }

    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an index or a count")]
    fn whole(&self, key: &str) -> Option<u32> {
        self.number(key).map(|number| number as u32)
    }

    /// The items of a list; of one that is not there, none.
    fn items(&self, key: &str) -> Vec<JsValue> {
        let value = self.get(key);
        match value.dyn_ref::<Array>() {
            Some(list) => list.to_vec(),
            None => self.absent(key, &value).unwrap_or_default(),
        }
    }

    fn texts(&self, key: &str) -> Vec<String> {
        self.items(key).iter().filter_map(|item| item.as_string().or_else(|| self.absent(key, item))).collect()
    }

    fn numbers(&self, key: &str) -> Vec<f64> {
        self.items(key).iter().filter_map(|item| item.as_f64().or_else(|| self.absent(key, item))).collect()
    }
}
