//! Output on standard error: messages, and with -v a log of what happens.
use clap::ValueEnum;
use std::fmt;
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::{Event, Metadata, Subscriber};
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields, FormattedFields};
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};
use tracing_subscriber::registry::{LookupSpan, Registry, Scope};

/// Target of messages to the user: they are always shown, and unchanged in the text format.
pub const NOTE: &str = "icestream::note";
/// Crates of the house whose events -v shows.
const ROOMS: [&str; 6] = ["icestream", "jobs", "storage", "stores", "catalog", "earthdata"];

/// How lines are written.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, ValueEnum)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// Shows events from now on: with `verbose` 1 each granule and each request that is sent again, with 2 every request.
pub fn start(verbose: u8, format: LogFormat) {
    let level = match verbose {
        0 => LevelFilter::WARN,
        1 => LevelFilter::INFO,
        2 => LevelFilter::DEBUG,
        _ => LevelFilter::TRACE,
    };
    let shown = move |metadata: &Metadata<'_>| {
        let ours = ROOMS.iter().any(|room| metadata.target().split("::").next() == Some(room));
        metadata.target() == NOTE || ours && *metadata.level() <= level
    };
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).log_internal_errors(false);
    let subscriber = Registry::default();
    // It is set once: a second call changes nothing.
    let _ = match format {
        LogFormat::Text => {
            let lines = lines.event_format(Lines).with_filter(filter_fn(shown));
            tracing::subscriber::set_global_default(subscriber.with(lines))
        }
        LogFormat::Json => {
            let lines = lines.json().flatten_event(true).with_span_list(true).with_current_span(false);
            tracing::subscriber::set_global_default(subscriber.with(lines.with_filter(filter_fn(shown))))
        }
    };
}

/// Whether more than messages to the user is shown: then no progress bar may move between the lines.
#[must_use]
pub fn is_verbose() -> bool {
    tracing::enabled!(tracing::Level::INFO)
}

/// Lines for people.
struct Lines;

impl<S, N> FormatEvent<S, N> for Lines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, context: &FmtContext<'_, S, N>, mut out: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let metadata = event.metadata();
        if metadata.target() == NOTE {
            let mut words = Words(String::new());
            event.record(&mut words);
            return writeln!(out, "{}", words.0);
        }
        write!(out, "{:<5} ", metadata.level())?;
        for span in context.event_scope().into_iter().flat_map(Scope::from_root) {
            write!(out, "{}", span.name())?;
            if let Some(fields) = span.extensions().get::<FormattedFields<N>>().filter(|fields| !fields.is_empty()) {
                write!(out, " {fields}")?;
            }
            write!(out, ": ")?;
        }
        context.field_format().format_fields(out.by_ref(), event)?;
        writeln!(out)
    }
}

/// The message of an event.
struct Words(String);

impl Visit for Words {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            self.0 = format!("{value:?}");
        }
    }
}
