//! Chooses granules by the cycle, region and date in their names.
use earthdata::GranuleName;

/// Cycles, regions and dates of granules. An empty list, or no date, lets all names through.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct NameFilter {
    /// Repeat cycles.
    pub cycles: Vec<u8>,
    /// Parts of the orbit, 1 to 14.
    pub orbit_regions: Vec<u8>,
    /// First date, as [`earthdata::window_edge`] reads it.
    pub from_date: Option<String>,
    /// Last date.
    pub to_date: Option<String>,
}

impl NameFilter {
    /// Whether a name is of the cycles and regions, and with `by_date` of the dates too. A name that says nothing passes
    /// only where nothing is asked for.
    pub(crate) fn fits(&self, name: &str, by_date: bool) -> bool {
        let by_name = !self.cycles.is_empty() || !self.orbit_regions.is_empty();
        let by_date = by_date && (self.from_date.is_some() || self.to_date.is_some());
        if !by_name && !by_date {
            return true;
        }
        let Some(name) = GranuleName::parse(name) else { return false };
        let digits = |date: &String| date.bytes().filter(u8::is_ascii_digit).map(char::from).collect::<String>();
        // Compared over as many digits as the date has: `20231219` for a day.
        let after = self.from_date.as_ref().map(digits).is_none_or(|date| name.start >= date);
        let before = self.to_date.as_ref().map(digits);
        let before = before.is_none_or(|date| name.start.get(..date.len()).unwrap_or(&name.start) <= date.as_str());
        (self.cycles.is_empty() || self.cycles.contains(&name.cycle))
            && (self.orbit_regions.is_empty() || self.orbit_regions.contains(&name.region))
            && (!by_date || after && before)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAME: &str = "ATL06_20231219171439_00132211_007_01.h5";

    #[test]
    fn names_are_chosen_by_cycle_region_and_date() {
        let all = NameFilter::default();
        assert!(all.fits(NAME, true) && all.fits("odd.h5", true));
        let cycle = |cycles: &[u8]| NameFilter { cycles: cycles.to_vec(), ..NameFilter::default() };
        assert!(
            cycle(&[3, 22]).fits(NAME, true) && !cycle(&[3]).fits(NAME, true) && !cycle(&[22]).fits("odd.h5", true)
        );
        let region = |region| NameFilter { orbit_regions: vec![region], ..cycle(&[22]) };
        assert!(region(11).fits(NAME, true) && !region(10).fits(NAME, true));
        let dates = |from: &str, to: &str| NameFilter {
            from_date: Some(from.to_owned()),
            to_date: Some(to.to_owned()),
            ..NameFilter::default()
        };
        assert!(dates("2023-12-19", "2023-12-19").fits(NAME, true));
        assert!(dates("2023-12-19T17:14:39Z", "2023-12-19T17:14:39Z").fits(NAME, true));
        assert!(
            !dates("2023-12-20", "2023-12-31").fits(NAME, true) && !dates("2023-12-01", "2023-12-18").fits(NAME, true)
        );
        assert!(dates("2023-12-20", "2023-12-31").fits(NAME, false), "a search has looked at the dates already");
    }
}
