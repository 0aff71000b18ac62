//! What a caller asks.
use crate::fields::{Fields, wrong};
use crate::{AskedProduct, Error, names, time};
use morton::{Cell, Order};
use pipeline::{Job, JobSpec, KeptArea, Layout, TimeChoice};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt;
use storage::{Credentials, Location, Secret};

/// What every call of the function needs, in the order in which missing ones are reported.
const REQUIRED: [&str; 7] =
    ["parent_morton", "parent_order", "child_order", "granule_urls", "s3_bucket", "s3_prefix", "s3_credentials"];
/// Keys of `s3_credentials`, in the same order.
const KEYS: [&str; 3] = ["accessKeyId", "secretAccessKey", "sessionToken"];

/// How ids of keys begin that last (IAM User Guide, "Unique identifiers").
const LASTING: &str = "AKIA";

/// Who reads the event, and so what it must hold.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Needs {
    /// The function: everything, and granules at `s3://` or `https://` only.
    Function,
    /// A command whose flags may give the rest: parent, orders and granules, wherever these are.
    Command,
}

/// One cell to compute. `Debug` shows no secret.
#[derive(Clone, PartialEq, Debug)]
pub struct Event {
    /// What to compute; its one cell is `parent_morton` of `parent_order`.
    pub spec: JobSpec,
    /// Which product is asked for, and what to change of it; where the first granule decides, [`Task::recognise`] takes it.
    ///
    /// [`Task::recognise`]: crate::Task::recognise
    pub asked: AskedProduct,
    /// Which windows are asked for; [`JobSpec::time`] has them once the product is known.
    pub time: TimeChoice,
    /// The decimal id of the cell, which names its store.
    pub parent_morton: i64,
    /// Granules.
    pub granule_urls: Vec<String>,
    /// Several cells in place of one, of which `parent_morton` is the first: granules are read once for all of them.
    pub cells: Vec<EventCell>,
    /// Folder or prefix of their indexes (`pipeline::Sidecar`).
    pub index: Option<String>,
    /// Use only this number of them, from the first.
    pub max_granules: Option<usize>,
    /// Bucket of the output.
    pub s3_bucket: Option<String>,
    /// Prefix of the output, without slashes at its ends.
    pub s3_prefix: String,
    /// Credentials for reading granules.
    pub credentials: Option<Credentials>,
    /// Name of the secret or parameter that holds them, in their place.
    pub credentials_ref: Option<String>,
    /// Compute the cell a second time, from all coordinates, and fail where the results differ.
    pub verify: bool,
    /// Region of granules and output; `None` when the event does not say.
    pub region: Option<String>,
    /// An S3-compatible store in place of AWS, for granules and output.
    pub endpoint_url: Option<String>,
    /// Failures are function errors; of several cells, each has its own in the answer.
    pub raise: bool,
}

/// One of several cells of an event.
#[derive(Clone, PartialEq, Debug)]
pub struct EventCell {
    /// Which.
    pub cell: Cell,
    /// Numbers of its granules in the event's list.
    pub granules: Vec<usize>,
    /// Compute it a second time, from all coordinates.
    pub verify: bool,
}

impl Event {
    /// Checks an event: first what is missing, then every value.
    ///
    /// # Errors
    /// [`ErrorType::BadEvent`](crate::ErrorType::BadEvent), in the words of the contract (lambda.md, "The event and the
    /// answer").
    pub fn from_value(event: &Value, needs: Needs) -> Result<Self, Error> {
        let fields = Fields::of(event)?;
        names::check(event)?;
        check_required(&fields, needs)?;
        let (parent_morton, parent) = parent(&fields)?;
        let child_order = fields.order("child_order")?.ok_or_else(|| missing(&["child_order"]))?;
        check_child_order(parent, child_order)?;
        let granule_urls = fields.texts("granule_urls")?;
        if needs == Needs::Function {
            granule_urls.iter().try_for_each(|url| check_url(url))?;
        }
        let overviews = fields.orders("overviews")?;
        check_overviews(&overviews, parent, child_order)?;
        let asked = AskedProduct::read(&fields)?;
        let product = asked.edited(&fields)?;
        let choice = time::choice(&fields)?;
        let auto = asked.product.is_none();
        let axis = if auto { None } else { time::axis(&choice, &product, &granule_urls, &fields)? };
        let spec = JobSpec {
            time: axis,
            only: time::windows(&fields, "only")?,
            change: time::change(&fields)?,
            area: fields.get("area").map(area).transpose()?,
            overviews,
            latitude: fields.parsed("latitude")?.unwrap_or_default(),
            layout: fields.parsed("layout")?.unwrap_or_default(),
            allow_partial: fields.flag("allow_partial")?,
            strict: fields.flag("strict")?,
            ..JobSpec::new(product, vec![parent], child_order)
        };
        Ok(Self {
            spec,
            asked,
            time: choice,
            parent_morton,
            cells: cells(&fields, parent, granule_urls.len())?,
            granule_urls,
            index: fields.text("index")?.map(str::to_owned),
            max_granules: max_granules(&fields)?,
            s3_bucket: bucket(&fields)?,
            s3_prefix: fields.text("s3_prefix")?.unwrap_or_default().trim_matches('/').to_owned(),
            credentials: fields.get("s3_credentials").map(credentials).transpose()?,
            credentials_ref: fields.text("s3_credentials_ref")?.map(str::to_owned),
            verify: fields.flag("verify")?,
            region: fields.text("region")?.map(str::to_owned),
            endpoint_url: fields.text("endpoint_url")?.map(str::to_owned),
            raise: fields.flag("raise")?,
        })
    }

    /// The event as JSON, secrets included: what a fan-out sends.
    #[must_use]
    pub fn to_value(&self) -> Value {
        let spec = &self.spec;
        let mut event = json!({
            "parent_morton": self.parent_morton,
            "parent_order": spec.cells.first().map(|cell| cell.order().get()),
            "child_order": spec.child_order.get(),
            "granule_urls": self.granule_urls,
            "index": self.index,
            "max_granules": self.max_granules,
            "s3_bucket": self.s3_bucket,
            "s3_prefix": self.s3_prefix,
            "s3_credentials": self.credentials.as_ref().map(credentials_value),
            "s3_credentials_ref": self.credentials_ref,
            "latitude": spec.latitude.to_string(),
            "overviews": spec.overviews.iter().map(|order| order.get()).collect::<Vec<_>>(),
            "layout": spec.layout.to_string(),
            "allow_partial": spec.allow_partial,
            "strict": spec.strict,
            "verify": self.verify,
            "region": self.region,
            "endpoint_url": self.endpoint_url,
            "raise": self.raise,
        });
        if let Some(fields) = event.as_object_mut() {
            fields.retain(|_, value| !value.is_null());
            fields.extend(self.asked.value());
            fields.extend(time::value(spec, &self.time));
            if let Some(area) = &spec.area {
                let cells = self.cells.iter().map(|cell| cell.cell).chain(spec.cells.iter().copied());
                fields.insert("area".into(), json!(area.within_all(cells, spec.child_order)));
            }
            if !self.cells.is_empty() {
                fields.insert("cells".into(), self.cells.iter().map(EventCell::value).collect());
            }
        }
        event
    }

    /// The job of its cell.
    ///
    /// # Errors
    /// [`ErrorType::BadEvent`](crate::ErrorType::BadEvent) for orders that do not fit the cell.
    pub fn job(&self) -> Result<Job, Error> {
        let cell = self.spec.cells.first().copied();
        let cell = cell.ok_or_else(|| Error::bad_event("Missing required parameters: parent_morton"))?;
        Ok(self.spec.job(cell)?)
    }

    /// Takes several cells, each with its granules and whether it is verified.
    pub fn put_cells<'a>(&mut self, parts: impl Iterator<Item = (Cell, &'a [String], bool)>) {
        let mut numbers: BTreeMap<&str, usize> = BTreeMap::new();
        let mut urls = Vec::new();
        let cell = |(cell, granules, verify): (Cell, &'a [String], bool)| {
            let number = |url: &'a String| {
                *numbers.entry(url).or_insert_with(|| {
                    urls.push(url.clone());
                    urls.len() - 1
                })
            };
            EventCell { cell, granules: granules.iter().map(number).collect(), verify }
        };
        self.cells = parts.map(cell).collect();
        self.granule_urls = urls;
    }

    /// Where the store of a cell goes, by its decimal id: `s3://bucket/prefix/CELL.zarr`, or `s3://bucket/prefix` for one of
    /// many cells; `None` when the event names no bucket.
    #[must_use]
    pub fn out(&self, cell: i64) -> Option<String> {
        let (bucket, prefix) = (self.s3_bucket.as_ref()?, &self.s3_prefix);
        let slash = if prefix.is_empty() { "" } else { "/" };
        Some(match self.spec.layout {
            Layout::Cell => format!("s3://{bucket}/{prefix}{slash}{cell}.zarr"),
            Layout::Sphere | Layout::Region => format!("s3://{bucket}/{prefix}"),
        })
    }
}

impl EventCell {
    fn value(&self) -> Value {
        let mut value = json!({ "parent_morton": self.cell.decimal().ok(), "granules": self.granules });
        if let Some(fields) = value.as_object_mut().filter(|_| self.verify) {
            fields.insert("verify".into(), true.into());
        }
        value
    }
}

/// The region of an event: the children of its cells that are kept.
fn area(value: &Value) -> Result<KeptArea, Error> {
    const WANT: &str =
        "write {\"clip\": .., \"cells\": .., \"sha256\": .., \"ranges\": [[from, to], ..]} of nested ids";
    serde_json::from_value(value.clone()).map_err(|_| wrong("area", value, WANT))
}

/// The cells of an event that has several.
fn cells(fields: &Fields<'_>, parent: Cell, granules: usize) -> Result<Vec<EventCell>, Error> {
    const WANT: &str = "write a list of {\"parent_morton\": .., \"granules\": [numbers of granule_urls]}";
    let Some(all) = fields.get("cells") else { return Ok(Vec::new()) };
    let cell = |value: &Value| -> Option<EventCell> {
        let cell = Cell::from_decimal(value.get("parent_morton")?.as_i64()?).ok()?;
        let number = |value: &Value| usize::try_from(value.as_u64()?).ok().filter(|number| *number < granules);
        let granules = value.get("granules")?.as_array()?.iter().map(number).collect::<Option<_>>()?;
        let verify = value.get("verify").is_some_and(|verify| *verify == Value::Bool(true));
        (cell.order() == parent.order()).then_some(EventCell { cell, granules, verify })
    };
    let read: Option<Vec<EventCell>> = all.as_array().and_then(|all| all.iter().map(cell).collect());
    let read = read.ok_or_else(|| wrong("cells", all, WANT))?;
    if read.first().is_none_or(|first| first.cell != parent) {
        return Err(wrong("cells", all, "the first one is parent_morton"));
    }
    Ok(read)
}

/// Temporary credentials as AWS and NSIDC write them, of an event or of a stored secret.
pub(crate) fn credentials(value: &Value) -> Result<Credentials, Error> {
    // The value itself is never repeated: it holds secrets, or what the caller took for them.
    let fields = Fields::of(value).map_err(|_| Error::bad_event("s3_credentials: write an object"))?;
    let mut missing = fields.missing(&KEYS);
    // Keys that last have no session.
    let lasting = fields.get(KEYS[0]).and_then(Value::as_str).is_some_and(|id| id.starts_with(LASTING));
    missing.retain(|name| !lasting || *name != KEYS[2]);
    if !missing.is_empty() {
        return Err(Error::bad_event(format!("Missing s3_credentials keys: {}", missing.join(", "))));
    }
    let text = |name: &str| {
        let text = fields.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        text.ok_or_else(|| Error::bad_event(format!("s3_credentials: {name} is not a text, or empty")))
    };
    let mut keys = Credentials::new(text(KEYS[0])?, text(KEYS[1])?);
    if fields.get(KEYS[2]).is_some() {
        keys = keys.with_session_token(text(KEYS[2])?);
    }
    let Some(expiration) = fields.get("expiration") else { return Ok(keys) };
    let wrong = || wrong("s3_credentials.expiration", expiration, "write a date like 2026-11-22T13:00:00Z");
    keys.with_expiration(expiration.as_str().ok_or_else(wrong)?).map_err(|_| wrong())
}

fn credentials_value(keys: &Credentials) -> Value {
    json!({
        "accessKeyId": keys.access_key_id,
        "secretAccessKey": keys.secret_access_key.expose(),
        "sessionToken": keys.session_token.as_ref().map(Secret::expose),
    })
}

fn check_required(fields: &Fields<'_>, needs: Needs) -> Result<(), Error> {
    let wanted = if needs == Needs::Function { &REQUIRED[..] } else { &REQUIRED[..4] };
    let mut absent = fields.missing(wanted);
    absent.retain(|name| *name != "s3_credentials" || fields.get("s3_credentials_ref").is_none());
    if absent.is_empty() { Ok(()) } else { Err(missing(&absent)) }
}

fn missing(names: &[&str]) -> Error {
    Error::bad_event(format!("Missing required parameters: {}", names.join(", ")))
}

fn parent(fields: &Fields<'_>) -> Result<(i64, Cell), Error> {
    let id = fields.integer("parent_morton")?.ok_or_else(|| missing(&["parent_morton"]))?;
    let order = fields.order("parent_order")?.ok_or_else(|| missing(&["parent_order"]))?;
    let parent = Cell::from_decimal(id).map_err(|error| wrong("parent_morton", &id.into(), error))?;
    if parent.order() == order {
        return Ok((id, parent));
    }
    let why = format!("parent_morton {id} is of order {}", parent.order().get());
    Err(wrong("parent_order", &order.get().into(), why))
}

fn check_child_order(parent: Cell, child: Order) -> Result<(), Error> {
    let checked = Job::fits(parent, child);
    checked.map_err(|error| wrong("child_order", &child.get().into(), error))
}

fn check_overviews(overviews: &[Order], parent: Cell, child: Order) -> Result<(), Error> {
    let outside = overviews.iter().find(|order| !(parent.order()..child).contains(order));
    outside.map_or(Ok(()), |order| {
        let (from, to) = (parent.order().get(), child.get());
        Err(wrong("overviews", &order.get().into(), format!("write orders from {from} up to, but not with, {to}")))
    })
}

fn check_url(url: &str) -> Result<(), Error> {
    let wrong = |why: &dyn fmt::Display| Err(wrong("granule_urls", &url.into(), why));
    match Location::parse(url) {
        Err(error) => wrong(&error.message),
        Ok(location) if location.is_s3() && (url.ends_with('/') || !url.trim_start_matches("s3://").contains('/')) => {
            wrong(&"this names a prefix: write s3://bucket/key")
        }
        Ok(location) if location.is_s3() || url.to_ascii_lowercase().starts_with("https://") => Ok(()),
        Ok(_) => wrong(&"write an s3:// or https:// URL"),
    }
}

fn max_granules(fields: &Fields<'_>) -> Result<Option<usize>, Error> {
    let Some(most) = fields.integer("max_granules")? else { return Ok(None) };
    let positive = usize::try_from(most).ok().filter(|most| *most > 0);
    positive.map(Some).ok_or_else(|| wrong("max_granules", &most.into(), "write a number above 0"))
}

fn bucket(fields: &Fields<'_>) -> Result<Option<String>, Error> {
    let Some(bucket) = fields.text("s3_bucket")? else { return Ok(None) };
    let parsed = Location::parse(&format!("s3://{bucket}/x")).ok().filter(|_| !bucket.contains('/'));
    parsed
        .map(|_| Some(bucket.to_owned()))
        .ok_or_else(|| wrong("s3_bucket", &bucket.into(), "this is not a bucket name"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event() -> Value {
        json!({
            "parent_morton": -6_134_114, "parent_order": 6, "child_order": 12,
            "granule_urls": ["s3://granules/a/ATL06_20240123041319_03392212_990_01.h5"],
            "s3_bucket": "out", "s3_prefix": "/atl06/",
            "s3_credentials": {"accessKeyId": "ID", "secretAccessKey": "hush", "sessionToken": "hush-too"},
        })
    }

    fn with(name: &str, value: Value) -> Value {
        let mut event = event();
        event[name] = value;
        event
    }

    fn refused(event: &Value) -> String {
        let error = Event::from_value(event, Needs::Function).unwrap_err();
        assert_eq!(error.kind, crate::ErrorType::BadEvent);
        assert!(!error.message.contains("hush"), "{error}");
        error.message
    }

    #[test]
    fn a_full_event_is_read_and_written_again() {
        let mut full = event();
        full["latitude"] = "authalic".into();
        full["overviews"] = json!([11, 8]);
        full["also"] = json!(["q05", "unweighted_mean"]);
        full["allow_partial"] = true.into();
        full["region"] = "eu-central-1".into();
        full["index"] = "s3://bucket/indexes".into();
        full["endpoint_url"] = "http://127.0.0.1:9000".into();
        full["raise"] = true.into();
        full["layout"] = "sphere".into();
        let read = Event::from_value(&full, Needs::Function).unwrap();
        assert_eq!(read.out(-6_134_114).as_deref(), Some("s3://out/atl06"));
        let alone = Event { spec: JobSpec { layout: Layout::Cell, ..read.spec.clone() }, ..read.clone() };
        assert_eq!(alone.out(-6_134_114).as_deref(), Some("s3://out/atl06/-6134114.zarr"));
        let JobSpec { layout, overviews, product, .. } = &read.spec;
        let also = product.statistics.len() - crate::usual().unwrap().statistics.len();
        assert_eq!((*layout, read.raise, overviews.len(), also), (Layout::Sphere, true, 2, 2));
        assert_eq!(Event::from_value(&read.to_value(), Needs::Function).unwrap(), read);
        assert!(!format!("{read:?}").contains("hush"));
    }

    #[test]
    fn what_is_missing_is_told_in_a_fixed_order() {
        assert_eq!(refused(&with("s3_credentials", Value::Null)), "Missing required parameters: s3_credentials");
        let all = "parent_morton, parent_order, child_order, granule_urls, s3_bucket, s3_prefix, s3_credentials";
        assert_eq!(refused(&json!({})), format!("Missing required parameters: {all}"));
        let keys = |value: Value| refused(&with("s3_credentials", value));
        assert_eq!(
            keys(json!({"accessKeyId": "ID", "secretAccessKey": "hush"})),
            "Missing s3_credentials keys: sessionToken"
        );
        assert_eq!(keys(json!({})), "Missing s3_credentials keys: accessKeyId, secretAccessKey, sessionToken");
        assert_eq!(keys(json!({"accessKeyId": "AKIA1"})), "Missing s3_credentials keys: secretAccessKey");
        // Keys that last have no session token.
        for lasting in [
            json!({"accessKeyId": "AKIA1", "secretAccessKey": "hush"}),
            json!({"accessKeyId": "AKIA1", "secretAccessKey": "hush", "sessionToken": null}),
        ] {
            let read = Event::from_value(&with("s3_credentials", lasting), Needs::Function).unwrap();
            assert!(read.credentials.as_ref().unwrap().session_token.is_none());
            assert_eq!(Event::from_value(&read.to_value(), Needs::Function).unwrap(), read);
        }
        let mut by_name = with("s3_credentials_ref", "atl06/earthdata".into());
        by_name["s3_credentials"] = Value::Null;
        assert!(Event::from_value(&by_name, Needs::Function).is_ok());
    }

    #[test]
    fn a_malformed_value_is_named_with_its_parameter() {
        for (name, value, says) in [
            ("parent_morton", json!(-6_934_114), "-6934114"),
            ("parent_morton", json!("here"), "parent_morton `here`"),
            ("parent_morton", json!(1.5), "parent_morton 1.5"),
            ("parent_order", json!(5), "parent_order 5: parent_morton -6134114 is of order 6"),
            ("parent_order", json!(-1), "parent_order -1"),
            ("child_order", json!(3), "child_order 3"),
            ("child_order", json!(17), "child_order 17"),
            ("granule_urls", json!("s3://a/b"), "granule_urls `s3://a/b`: write a list"),
            ("granule_urls", json!([7]), "granule_urls 7"),
            ("granule_urls", json!(["ftp://host/x.h5"]), "granule_urls `ftp://host/x.h5`"),
            ("granule_urls", json!(["/etc/passwd"]), "granule_urls `/etc/passwd`"),
            ("granule_urls", json!(["s3://granules/"]), "granule_urls `s3://granules/`"),
            ("granule_urls", json!(["http://host/x.h5?sig=hush"]), "granule_urls `http://host/x.h5?...`"),
            ("granule_urls", json!(["https://hush:hush@host/x.h5"]), "granule_urls `https://host/x.h5`"),
            ("granule_urls", json!(["https://hush:hush@host:99999/x.h5?sig=hush"]), "host:99999/x.h5?..."),
            ("granule_urls", json!(["https:/host/x.h5?sig=hush"]), "write https://"),
            ("granule_urls", json!([{"url": "https://host/x.h5?sig=hush"}]), "granule_urls {...}"),
            ("s3_bucket", json!("a/b"), "s3_bucket `a/b`"),
            ("s3_prefix", json!(7), "s3_prefix 7"),
            ("s3_credentials", json!("hush"), "s3_credentials: write an object"),
            ("latitude", json!("geodetic"), "latitude `geodetic`"),
            ("overviews", json!([12]), "overviews 12"),
            ("also", json!(["median"]), "also `median`"),
            ("layout", json!("flat"), "layout `flat`"),
            ("allow_partial", json!("yes"), "allow_partial `yes`"),
            ("max_granules", json!(0), "max_granules 0"),
        ] {
            let message = refused(&with(name, value));
            assert!(message.contains(says), "{message} does not say {says}");
        }
        let mut ended = event();
        ended["s3_credentials"]["expiration"] = "soon".into();
        assert!(refused(&ended).contains("s3_credentials.expiration `soon`"));
    }

    #[test]
    fn a_command_needs_less_and_takes_any_place() {
        let event = json!({"parent_morton": 4_441_321.0, "parent_order": 6.0, "child_order": 12.0,
            "granule_urls": ["a.h5", "b.h5"], "max_granules": 1});
        let read = Event::from_value(&event, Needs::Command).unwrap();
        assert_eq!((read.granule_urls.len(), read.max_granules, read.out(-6_134_114)), (2, Some(1), None));
    }
}
