//! The granule search of NASA's Common Metadata Repository (docs/lambda.md, "The catalog").
use crate::Error;
use crate::answer::{self, body};
use crate::record::{Odd, Record};
use crate::resume::{Resume, SavedPage};
use crate::umm::Page;
use byte_ranges::SourceErrorKind;
use reqwest::Url;
use reqwest::header::HeaderMap;
use std::cell::Cell;
use std::collections::HashSet;
use std::time::Duration;
use storage::Retry;
use storage::retry::attempts;

/// Where the CMR is.
pub const CMR_URL: &str = "https://cmr.earthdata.nasa.gov";
/// The most that the CMR gives in one answer.
pub const MAX_PAGE_SIZE: u16 = 2000;
/// A page of 2000 granules is some 20 MiB.
const MAX_PAGE_BYTES: usize = 256 << 20;
/// Pages in a row that may bring nothing new.
const MAX_IDLE_PAGES: usize = 3;
const SEARCH_AFTER: &str = "cmr-search-after";

/// Whose granules.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Collection {
    /// `C3564876127-NSIDC_CPRD`.
    ConceptId(String),
    /// By name.
    Named {
        /// `ATL06`.
        short_name: String,
        /// Release, `007`; without one, all.
        version: Option<String>,
        /// `NSIDC_CPRD`; without one, any.
        provider: Option<String>,
    },
}

/// What is searched.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Query {
    /// Whose granules.
    pub collection: Collection,
    /// Granules whose name matches one of these patterns ([`crate::name_patterns`]); all granules when the list is empty.
    pub patterns: Vec<String>,
    /// From and to, as [`crate::window_edge`] gives them; only narrows.
    pub window: (Option<String>, Option<String>),
    /// Granules asked for at once, up to [`MAX_PAGE_SIZE`].
    pub page_size: u16,
}

impl Query {
    /// The parameters of the request.
    fn pairs(&self) -> Vec<(&'static str, String)> {
        let mut pairs = match &self.collection {
            Collection::ConceptId(id) => vec![("collection_concept_id", id.clone())],
            Collection::Named { short_name, version, provider } => {
                let named =
                    [("short_name", Some(short_name)), ("version", version.as_ref()), ("provider", provider.as_ref())];
                named.into_iter().filter_map(|(key, value)| Some((key, value?.clone()))).collect()
            }
        };
        pairs.extend(self.patterns.iter().map(|pattern| ("readable_granule_name[]", pattern.clone())));
        if !self.patterns.is_empty() {
            pairs.push(("options[readable_granule_name][pattern]", "true".to_owned()));
        }
        let (from, to) = &self.window;
        if from.is_some() || to.is_some() {
            let window = format!("{},{}", from.as_deref().unwrap_or_default(), to.as_deref().unwrap_or_default());
            pairs.push(("temporal[]", window));
        }
        pairs.push(("page_size", self.page_size.clamp(1, MAX_PAGE_SIZE).to_string()));
        pairs
    }
}

/// What a search reports while it runs.
#[derive(Clone, Copy, PartialEq, Debug)]
#[non_exhaustive]
pub enum Progress<'a> {
    /// An earlier search of the same kind is continued.
    Resumed {
        /// Granules that it had found.
        received: u64,
    },
    /// A page has come.
    Page {
        /// Granules so far.
        received: u64,
        /// Granules in all.
        hits: u64,
    },
    /// An attempt failed; the next follows after a wait.
    Waiting {
        /// Why.
        error: &'a byte_ranges::SourceError,
        /// How long.
        wait: Duration,
    },
}

/// What a search found.
#[derive(Clone, Default, Debug)]
pub struct Found {
    /// The granules, in the order of the CMR, each once.
    pub records: Vec<Record>,
    /// Records that make no sense.
    pub odd: Vec<Odd>,
    /// `CMR-Hits`: granules that fit; the highest number among the pages.
    pub hits: u64,
    /// Requests sent, those that failed included.
    pub requests: u64,
}

/// A search that is ready to run.
#[derive(Clone, Debug)]
pub struct Search {
    http: reqwest::Client,
    retry: Retry,
    url: Url,
}

impl Search {
    /// A search with a client ([`storage::http_client`]) at a server: [`CMR_URL`], or another one in tests.
    ///
    /// # Errors
    /// [`Error::Usage`] for a server that is no URL.
    pub fn new(http: reqwest::Client, retry: Retry, server: &str, query: &Query) -> Result<Self, Error> {
        let text = format!("{}/search/granules.umm_json", server.trim_end_matches('/'));
        let mut url = Url::parse(&text).map_err(|error| Error::usage(format!("`{server}` is no URL: {error}")))?;
        url.query_pairs_mut().extend_pairs(query.pairs());
        Ok(Self { http, retry, url })
    }

    /// Runs it to its end, page by page. With `resume`, every page is kept as it comes, and an interrupted search of the
    /// same query continues where it stopped; after success the file is removed.
    ///
    /// # Errors
    /// [`Error::Source`] when the server does not answer, refuses, or gives fewer granules than it counted.
    pub async fn run(&self, resume: Option<&Resume>, progress: &dyn Fn(Progress<'_>)) -> Result<Found, Error> {
        let mut pages = Pages::default();
        let stuck = |why: &str| match resume {
            Some(resume) => self.wrong(&format!("{why} (remove {resume} to start over)")),
            None => self.wrong(why),
        };
        if let Some(resume) = resume {
            for page in &resume.open(self.url.as_str())? {
                pages.take(page).map_err(stuck)?;
            }
            if !pages.seen.is_empty() {
                progress(Progress::Resumed { received: pages.seen.len() as u64 });
            }
        }
        while !pages.complete {
            let resumed = pages.found.requests == 0 && pages.token.is_some();
            let page =
                self.page(pages.token.as_deref(), progress, &mut pages.found.requests).await.map_err(|mut error| {
                    if let (true, Some(resume), Error::Source(source)) = (resumed, resume, &mut error) {
                        source.message =
                            format!("{} (going on from {resume}; remove it to start over)", source.message);
                    }
                    error
                })?;
            pages.take(&page).map_err(stuck)?;
            if let Some(resume) = resume {
                resume.append(&page)?;
            }
            progress(Progress::Page { received: pages.seen.len() as u64, hits: pages.found.hits });
        }
        resume.map_or(Ok(()), Resume::remove)?;
        let (came, hits) = (pages.seen.len(), pages.found.hits);
        if (came as u64) < hits {
            return Err(self.wrong(&format!("{hits} granules fit, but only {came} came: run the search again")));
        }
        Ok(pages.found)
    }

    async fn page(
        &self,
        token: Option<&str>,
        progress: &dyn Fn(Progress<'_>),
        requests: &mut u64,
    ) -> Result<SavedPage, Error> {
        let at = self.shown();
        let waits = |error: &_, wait| progress(Progress::Waiting { error, wait });
        let sent = Cell::new(0);
        let once = async || {
            sent.set(sent.get() + 1);
            let mut request = self.http.get(self.url.clone()).header("Client-Id", "icestream");
            if let Some(token) = token {
                request = request.header(SEARCH_AFTER, token);
            }
            let response = request.send().await.map_err(|error| answer::transport(error, &at))?;
            if response.status().as_u16() != 200 {
                return Err(answer::status(response, &at).await);
            }
            let headers = response.headers().clone();
            let text = |name| header(&headers, name);
            let Some(hits) = text("cmr-hits").and_then(|hits| hits.parse().ok()) else {
                return Err(answer::last(SourceErrorKind::BadAnswer, &at, "the answer has no CMR-Hits"));
            };
            let body = body(response, MAX_PAGE_BYTES, &at, self.retry.patience).await?;
            // An answer cut short by something between is not valid; the next may be.
            let page: Page<'_> = serde_json::from_slice(&body).map_err(|error| {
                answer::passing(SourceErrorKind::BadAnswer, &at, format!("the answer is not umm_json: {error}"))
            })?;
            Ok(SavedPage { token: text(SEARCH_AFTER), hits, entries: page.entries() })
        };
        let page = attempts(&self.retry, waits, once).await;
        *requests += sent.get();
        Ok(page?)
    }

    fn shown(&self) -> String {
        format!("{}{}", self.url.origin().ascii_serialization(), self.url.path())
    }

    fn wrong(&self, message: &str) -> Error {
        Error::source(SourceErrorKind::BadAnswer, self.shown(), message)
    }
}

/// The pages of a search so far.
#[derive(Default)]
struct Pages {
    found: Found,
    /// Granules that have come, each once: a page that comes twice must not make up for one that is lost.
    seen: HashSet<String>,
    tokens: HashSet<String>,
    token: Option<String>,
    complete: bool,
    /// Pages in a row that brought no new granule.
    idle: usize,
}

impl Pages {
    /// Adds a page.
    ///
    /// # Errors
    /// Why the search makes no progress.
    fn take(&mut self, page: &SavedPage) -> Result<(), &'static str> {
        let before = self.seen.len();
        for entry in &page.entries {
            if self.seen.insert(entry.id.clone()) {
                match entry.granule.clone() {
                    Ok(record) => self.found.records.push(record),
                    Err(odd) => self.found.odd.push(odd),
                }
            }
        }
        self.found.hits = self.found.hits.max(page.hits);
        self.idle = if self.seen.len() > before { 0 } else { self.idle + 1 };
        self.complete = page.token.is_none();
        self.token.clone_from(&page.token);
        if page.token.clone().is_some_and(|token| !self.tokens.insert(token)) {
            return Err("the search does not move on: the same CMR-Search-After came twice");
        }
        if !self.complete && self.idle > MAX_IDLE_PAGES {
            return Err("the search does not move on: page after page brings no new granule");
        }
        if self.seen.len() as u64 > self.found.hits.saturating_add(MAX_PAGE_SIZE.into()) {
            return Err("the search does not end: more granules come than CMR-Hits says");
        }
        Ok(())
    }
}

fn header(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
}
