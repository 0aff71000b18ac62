//! Chooses granules by the cycle, region and date in their names.
use pipeline::{GranuleName, Product};

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
    #[must_use]
    pub fn fits(&self, product: &Product, name: &str, by_date: bool) -> bool {
        let by_name = !self.cycles.is_empty() || !self.orbit_regions.is_empty();
        let by_date = by_date && (self.from_date.is_some() || self.to_date.is_some());
        if !by_name && !by_date {
            return true;
        }
        let Some(name) = product.named(name) else { return false };
        let digits = |date: &String| date.bytes().filter(u8::is_ascii_digit).map(char::from).collect::<String>();
        let start = start(&name).unwrap_or_default();
        // Compared over as many digits as the date has: `20231219` for a day.
        let after = self.from_date.as_ref().map(digits).is_none_or(|date| start >= date);
        let before = self.to_date.as_ref().map(digits);
        let before = before.is_none_or(|date| start.get(..date.len()).unwrap_or(&start) <= date.as_str());
        let is_among = |numbers: &[u8], number: Option<u64>| {
            numbers.is_empty() || number.is_some_and(|number| numbers.iter().any(|&wanted| u64::from(wanted) == number))
        };
        let is_of_cycle = match (name.number("first_cycle"), name.number("last_cycle")) {
            (Some(first), Some(last)) => {
                self.cycles.is_empty() || self.cycles.iter().any(|&cycle| (first..=last).contains(&cycle.into()))
            }
            _ => is_among(&self.cycles, name.number("cycle")),
        };
        is_of_cycle
            && is_among(&self.orbit_regions, name.number("region"))
            && (!by_date || !start.is_empty() && after && before)
    }
}

/// When the data of a granule start, `YYYYMMDDhhmmss`: names have the date so, or with the day of the year (`YYYYDDDhhmmss`).
fn start(name: &GranuleName) -> Option<String> {
    let time = name.digits("time")?;
    let (year, rest) = time.split_at_checked(4)?;
    if time.len() != 13 {
        return Some(time.to_owned());
    }
    let (day, clock) = rest.split_at_checked(3)?;
    let (year, mut day): (u32, u32) = (year.parse().ok()?, day.parse().ok()?);
    let leap = u32::from(year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)));
    for (month, days) in (1..).zip([31, 28 + leap, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]) {
        if (1..=days).contains(&day) {
            return Some(format!("{year}{month:02}{day:02}{clock}"));
        }
        day = day.checked_sub(days)?;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn product(name: &str) -> Product {
        products::built_in(name).unwrap()
    }

    #[test]
    fn names_of_other_products_have_other_parts() {
        let gedi = "GEDI02_A_2020060222610_O02812_04_T01244_02_003_01_V002.h5";
        let on = |date: &str| NameFilter {
            from_date: Some(date.into()),
            to_date: Some(date.into()),
            ..NameFilter::default()
        };
        assert!(on("2020-02-29").fits(&product("GEDI02_A"), gedi, true));
        assert!(!on("2020-03-01").fits(&product("GEDI02_A"), gedi, true));
        let cycle = |cycle| NameFilter { cycles: vec![cycle], ..NameFilter::default() };
        assert!(!cycle(4).fits(&product("GEDI02_A"), gedi, true));
        let long = "ATL11_005411_0318_006_01.h5";
        assert!(cycle(18).fits(&product("ATL11"), long, true) && !cycle(19).fits(&product("ATL11"), long, true));
    }

    const NAME: &str = "ATL06_20231219171439_00132211_007_01.h5";

    #[test]
    fn names_are_chosen_by_cycle_region_and_date() {
        let all = NameFilter::default();
        assert!(all.fits(&product("ATL06"), NAME, true) && all.fits(&product("ATL06"), "odd.h5", true));
        let cycle = |cycles: &[u8]| NameFilter { cycles: cycles.to_vec(), ..NameFilter::default() };
        assert!(
            cycle(&[3, 22]).fits(&product("ATL06"), NAME, true)
                && !cycle(&[3]).fits(&product("ATL06"), NAME, true)
                && !cycle(&[22]).fits(&product("ATL06"), "odd.h5", true)
        );
        let region = |region| NameFilter { orbit_regions: vec![region], ..cycle(&[22]) };
        assert!(region(11).fits(&product("ATL06"), NAME, true) && !region(10).fits(&product("ATL06"), NAME, true));
        let dates = |from: &str, to: &str| NameFilter {
            from_date: Some(from.to_owned()),
            to_date: Some(to.to_owned()),
            ..NameFilter::default()
        };
        assert!(dates("2023-12-19", "2023-12-19").fits(&product("ATL06"), NAME, true));
        assert!(dates("2023-12-19T17:14:39Z", "2023-12-19T17:14:39Z").fits(&product("ATL06"), NAME, true));
        assert!(
            !dates("2023-12-20", "2023-12-31").fits(&product("ATL06"), NAME, true)
                && !dates("2023-12-01", "2023-12-18").fits(&product("ATL06"), NAME, true)
        );
        assert!(
            dates("2023-12-20", "2023-12-31").fits(&product("ATL06"), NAME, false),
            "a search has looked at the dates already"
        );
    }
}
