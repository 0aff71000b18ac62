//! What a caller gets.
use crate::{Error, ErrorType, Usage, memory};
use pipeline::{CellResult, Ledger};
use serde::{Deserialize, Serialize};

/// Failures and warnings that stay in an answer that would be too long.
const KEPT: usize = 50;
/// Characters of an error in an answer that would be too long.
const MAX_WORDS: usize = 4000;
/// Shorter texts are no secrets; taking them out would only spoil words.
const MIN_SECRET: usize = 8;

/// The answer of the function: the contract of the reference system, and our additions.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Answer {
    /// 200, 400 (the event) or 500 (everything else).
    #[serde(rename = "statusCode")]
    pub status_code: u16,
    /// An object, not a text.
    pub body: Body,
}

/// The body of an answer.
#[derive(Clone, PartialEq, Default, Debug, Serialize, Deserialize)]
#[serde(default)]
pub struct Body {
    /// The cell; `None` where the event does not name it.
    pub parent_morton: Option<i64>,
    /// Children with at least one row.
    pub cells_with_data: u64,
    /// Rows that count.
    pub total_obs: u64,
    /// Where the store is; `None` where none was written.
    pub zarr_path: Option<String>,
    /// Why there is no store: a failure, or that there was no data.
    pub error: Option<String>,
    /// Type of a failure; `None` where there was no data.
    pub error_type: Option<ErrorType>,
    /// Granules are missing from the result, as was allowed.
    pub partial: bool,
    /// From the event to this answer, in seconds.
    pub duration_s: f64,
    /// Granules given, duplicates not counted.
    pub granule_count: u64,
    /// Granules read.
    pub files_processed: u64,
    /// Granules that could not be read.
    pub files_failed: u64,
    /// Range requests.
    pub requests: u64,
    /// Bytes that arrived.
    pub bytes_read: u64,
    /// Largest resident memory, in MB of 10^6 bytes.
    pub peak_memory_mb: Option<f64>,
    /// Dollars (lambda.md, cost model); `None` where nothing is billed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost_usd: Option<f64>,
    /// What is billed; without a memory size, the requests to S3 alone.
    pub usage: Usage,
    /// What was read, used and dropped.
    pub ledger: Option<Ledger>,
    /// The answer of each cell, where the event has several; the sums of all are above.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cells: Vec<Answer>,
}

impl Body {
    /// The body of a finished job or of a failure in words; `seconds` since the event came.
    #[must_use]
    pub fn new(
        cell: Option<i64>,
        outcome: Result<&CellResult, (&str, Option<&Ledger>)>,
        out: Option<&str>,
        seconds: f64,
    ) -> Self {
        let (ledger, error) = match outcome {
            Ok(result) => (Some(&result.ledger), result.empty_because()),
            Err((message, ledger)) => (ledger, Some(message)),
        };
        let totals = ledger.map(|ledger| ledger.totals).unwrap_or_default();
        Self {
            parent_morton: cell,
            cells_with_data: outcome.map_or(0, |result| result.cells_with_data() as u64),
            total_obs: if outcome.is_ok() { totals.rows.used } else { 0 },
            zarr_path: out.map(str::to_owned),
            error: error.map(str::to_owned),
            error_type: None,
            partial: outcome.is_ok_and(CellResult::is_partial),
            duration_s: (seconds * 1e3).round() / 1e3,
            granule_count: totals.granules,
            files_processed: totals.granules - totals.granules_failed,
            files_failed: totals.granules_failed,
            requests: totals.requests,
            bytes_read: totals.bytes,
            peak_memory_mb: memory::peak_mb(),
            cost_usd: None,
            usage: Usage::default(),
            ledger: ledger.cloned(),
            cells: Vec::new(),
        }
    }
}

impl Answer {
    /// The answer of a job that ended well, with data or without.
    #[must_use]
    pub const fn done(body: Body) -> Self {
        Self { status_code: 200, body }
    }

    /// The answer of several cells.
    #[must_use]
    pub fn together(cells: Vec<Self>, seconds: f64) -> Self {
        let mut body = Body { duration_s: (seconds * 1e3).round() / 1e3, ..Body::default() };
        body.parent_morton = cells.first().and_then(|answer| answer.body.parent_morton);
        body.peak_memory_mb = memory::peak_mb();
        for Self { body: own, .. } in &cells {
            body.cells_with_data += own.cells_with_data;
            body.total_obs += own.total_obs;
            body.partial |= own.partial;
            body.granule_count = body.granule_count.max(own.granule_count);
            body.files_processed = body.files_processed.max(own.files_processed);
            body.files_failed = body.files_failed.max(own.files_failed);
            body.requests += own.requests;
            body.bytes_read += own.bytes_read;
            body.usage.add(&own.usage);
            body.cost_usd = body.cost_usd.or(own.cost_usd);
        }
        Self { status_code: 200, body: Body { cells, ..body } }
    }

    /// The answer of a failure.
    #[must_use]
    pub fn failed(cell: Option<i64>, error: &Error, seconds: f64) -> Self {
        let body = Body::new(cell, Err((&error.message, error.ledger.as_deref())), None, seconds);
        let body = Body { error_type: Some(error.kind), ..body };
        Self { status_code: error.kind.status_code(), body }
    }

    /// Type and words of a failure, for a function error.
    #[must_use]
    pub fn failure(&self) -> Option<(ErrorType, &str)> {
        Some((self.body.error_type?, self.body.error.as_deref().unwrap_or_default()))
    }

    /// Leaves details out until the JSON has at most `most` bytes, and says so among the ledger's warnings: first the
    /// tracks, then the granules that were read, then failures and warnings but for the first ones, then all granules. Sums
    /// stay; words are cut where even that does not suffice.
    pub fn shorten(&mut self, most: usize) {
        let each = most / self.body.cells.len().max(1);
        self.body.cells.iter_mut().for_each(|answer| answer.shorten(each));
        type Step = (&'static str, fn(&mut Ledger));
        let steps: [Step; 5] = [
            ("tracks", |ledger| ledger.granules.iter_mut().for_each(|entry| entry.tracks.clear())),
            ("granules that were read", |ledger| ledger.granules.retain(|entry| entry.error.is_some())),
            ("all warnings but the first", |ledger| ledger.warnings.truncate(KEPT)),
            ("all failed granules but the first", |ledger| ledger.granules.truncate(KEPT)),
            ("granules and warnings", |ledger| {
                ledger.granules.clear();
                ledger.warnings.clear();
            }),
        ];
        let is_long = |answer: &Self| serde_json::to_vec(answer).is_ok_and(|json| json.len() > most);
        for (what, drop) in steps {
            if !is_long(self) {
                return;
            }
            if let Some(ledger) = &mut self.body.ledger {
                drop(ledger);
                ledger.warnings.push(format!("{what} are left out of this ledger: the answer would be too long"));
            }
        }
        if let Some(error) = self.body.error.as_mut().filter(|error| error.chars().count() > MAX_WORDS) {
            *error = error.chars().take(MAX_WORDS).chain(" ... (cut)".chars()).collect();
        }
    }

    /// Replaces every occurrence of a secret. Errors are written so that none occurs; this is the second lock.
    pub(crate) fn redact(&mut self, secrets: &[&str]) {
        let clean = |text: &mut String| {
            for secret in secrets.iter().filter(|secret| secret.len() >= MIN_SECRET) {
                if text.contains(secret) {
                    *text = text.replace(secret, "[redacted]");
                }
            }
        };
        self.body.error.iter_mut().for_each(clean);
        let granules = self.body.ledger.iter_mut().flat_map(|ledger| &mut ledger.granules);
        granules.filter_map(|entry| entry.error.as_mut()).for_each(|failure| clean(&mut failure.message));
        self.body.cells.iter_mut().for_each(|answer| answer.redact(secrets));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pipeline::{Failure, FailureClass, GranuleEntry, TrackEntry};

    fn long(granules: usize) -> Answer {
        let entry = |index: usize| GranuleEntry {
            granule: format!("ATL06_{index:014}.h5"),
            tracks: vec![TrackEntry::default(); 6],
            error: (index == 3).then(|| Failure {
                class: FailureClass::Denied,
                place: None,
                message: "hush-hush hush-hush".into(),
            }),
            ..GranuleEntry::default()
        };
        let ledger = Ledger::new((0..granules).map(entry).collect(), Vec::new());
        let error = Error::new(ErrorType::CredentialsRefused, "hush-hush was said").with_ledger(ledger);
        Answer::failed(Some(-6_134_114), &error, 1.0)
    }

    #[test]
    fn a_long_answer_keeps_sums_and_failures() {
        for (most, granules, tracks) in [(1 << 20, 100, 6), (60_000, 100, 0), (4_000, 1, 0)] {
            let mut answer = long(100);
            let totals = answer.body.ledger.clone().unwrap().totals;
            answer.shorten(most);
            assert!(serde_json::to_vec(&answer).unwrap().len() <= most);
            let ledger = answer.body.ledger.unwrap();
            assert_eq!((ledger.totals, ledger.granules.len()), (totals, granules));
            assert_eq!(ledger.granules[0].tracks.len(), tracks);
            assert_eq!(ledger.warnings.is_empty(), tracks == 6);
        }
    }

    #[test]
    fn an_answer_about_20_000_failures_fits_and_says_what_was_left_out() {
        let mut answer = long(20_000);
        let totals = answer.body.ledger.as_ref().unwrap().totals;
        for entry in &mut answer.body.ledger.as_mut().unwrap().granules {
            let message = "why ".repeat(200);
            entry.error = Some(Failure { class: FailureClass::Corrupt, place: None, message });
        }
        answer.body.ledger.as_mut().unwrap().warnings = vec!["a warning ".repeat(20); 20_000];
        answer.body.error = Some("x".repeat(1_000_000));
        answer.shorten(240_000);
        assert!(serde_json::to_vec(&answer).unwrap().len() <= 240_000);
        let ledger = answer.body.ledger.unwrap();
        assert_eq!(ledger.totals, totals);
        assert!(ledger.warnings.iter().any(|line| line.contains("left out")));
    }

    #[test]
    fn secrets_do_not_come_out_and_the_answer_reads_back() {
        let mut answer = long(5);
        answer.redact(&["hush-hush", "", "said"]);
        let json = serde_json::to_string(&answer).unwrap();
        assert!(!json.contains("hush") && json.contains("[redacted] [redacted]"), "{json}");
        assert_eq!(serde_json::from_str::<Answer>(&json).unwrap(), answer);
        assert_eq!(answer.failure(), Some((ErrorType::CredentialsRefused, "[redacted] was said")));
    }
}
