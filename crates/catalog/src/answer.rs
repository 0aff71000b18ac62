//! What was gathered as JSON: the names are those of docs/json.md.
use crate::{Catalog, Gathered, Summary};
use serde_json::{Value, json};
use std::path::Path;

impl Gathered {
    /// What was gathered for a catalog that is written to `out`, with the numbers of the catalog, by the names of docs/json.md
    /// (`icestream catalog --json`).
    #[must_use]
    pub fn answer(&self, out: Option<&Path>, catalog: &Catalog) -> Value {
        json!({
            "out": out.map(|out| out.display().to_string()), "metadata": catalog.metadata, "summary": counts(&catalog.summary()),
            "found": self.found, "requests": self.requests, "other_names": self.other_names,
            "older_versions": self.older, "unknown_extent": self.remarks.unknown_extent,
            "without_link": self.remarks.without_link, "odd_records": self.odd.iter().map(|odd| (&odd.name, &odd.why)).collect::<Vec<_>>(),
            "elsewhere": self.elsewhere, "failed": self.failed, "parts": self.parts, "other_products": self.foreign,
        })
    }
}

fn counts(summary: &Summary) -> Value {
    let Summary { cells, granules, pairs, least, median, mean, p90, most, busiest } = summary;
    json!({
        "cells": cells, "granule_count": granules, "pairs": pairs, "least": least, "median": median, "mean": mean, "p90": p90,
        "most": most, "busiest": busiest,
    })
}
