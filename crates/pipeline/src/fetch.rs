//! Fetching many ranges of one file: merged into requests, several under way, each handed over as it arrives.
use crate::GranuleError;
use byte_ranges::{ByteRange, Cost, Source, SourceError, SourceErrorKind, coalesce};
use bytes::Bytes;
use futures_util::{StreamExt as _, stream};

/// Fetches `wants` and calls `take` once for each with its index and bytes, in the order of arrival.
pub(crate) async fn each<S: Source>(
    source: &S,
    wants: &[ByteRange],
    mut take: impl FnMut(usize, Bytes) -> Result<(), GranuleError>,
) -> Result<(), GranuleError> {
    let cost = source.cost();
    // A want is never cut: its caller receives it whole.
    let longest = wants.iter().map(|want| want.len()).max().unwrap_or(0);
    let requests = coalesce(wants, &Cost { max_request: cost.max_request.max(longest), ..cost });
    let mut sorted: Vec<(ByteRange, usize)> = wants.iter().copied().zip(0..).collect();
    sorted.sort_unstable();
    let answers = stream::iter(requests)
        .map(|request| async move { (request, source.fetch(request).await) })
        .buffer_unordered(cost.in_flight.max(1));
    let mut answers = std::pin::pin!(answers);
    while let Some((request, answer)) = answers.next().await {
        let answer = answer?;
        let first = sorted.partition_point(|(want, _)| want.start() < request.start());
        let inside = sorted.iter().skip(first).take_while(|(want, _)| want.end() <= request.end());
        for &(want, index) in inside {
            take(index, part(&answer.bytes, request, want).ok_or_else(|| past_end(want, answer.file_size))?)?;
        }
    }
    Ok(())
}

fn part(bytes: &Bytes, request: ByteRange, want: ByteRange) -> Option<Bytes> {
    let from = usize::try_from(want.start() - request.start()).ok()?;
    let to = usize::try_from(want.end() - request.start()).ok()?;
    (to <= bytes.len()).then(|| bytes.slice(from..to))
}

fn past_end(want: ByteRange, file_size: u64) -> GranuleError {
    let message = format!("the file ends at byte {file_size}, but data is said to be at {want}: it is truncated");
    GranuleError::Source(SourceError::new(SourceErrorKind::Truncated, "granule", message))
}

/// Cuts a list into waves whose bytes stay within `limit`, each at least one item long.
pub(crate) fn waves<T>(items: Vec<T>, limit: u64, bytes: impl Fn(&T) -> u64) -> Vec<(u64, Vec<T>)> {
    let mut waves: Vec<(u64, Vec<T>)> = Vec::new();
    for item in items {
        let size = bytes(&item);
        match waves.last_mut() {
            Some((sum, wave)) if *sum + size <= limit => {
                *sum += size;
                wave.push(item);
            }
            _ => waves.push((size, vec![item])),
        }
    }
    waves
}

#[cfg(test)]
#[expect(clippy::cast_possible_truncation, reason = "small numbers of a test")]
mod tests {
    use super::*;
    use byte_ranges::MemorySource;
    use futures_util::FutureExt as _;

    fn range(start: u64, end: u64) -> ByteRange {
        ByteRange::new(start, end).unwrap()
    }

    #[test]
    fn every_want_comes_once_and_whole() {
        let file: Vec<u8> = (0..=255).cycle().take(4096).collect();
        let cost = Cost { gap: 16, max_request: 64, in_flight: 3, ..Cost::EXACT };
        let source = MemorySource::with_cost(file.clone(), cost);
        let wants = [range(300, 500), range(0, 10), range(20, 30), range(500, 520), range(4000, 4096), range(0, 10)];
        let mut seen = vec![0; wants.len()];
        let take = |index: usize, bytes: Bytes| {
            let want: ByteRange = wants[index];
            assert_eq!(&bytes[..], &file[want.start() as usize..want.end() as usize]);
            seen[index] += 1;
            Ok(())
        };
        each(&source, &wants, take).now_or_never().unwrap().unwrap();
        assert_eq!(seen, [1; 6]);
        assert_eq!(source.asked().len(), 4, "{:?}", source.asked());
    }

    #[test]
    fn data_past_the_end_is_a_truncated_file() {
        let source = MemorySource::new(vec![0; 100]);
        let error = each(&source, &[range(90, 120)], |_, _| Ok(())).now_or_never().unwrap().unwrap_err();
        assert!(error.to_string().contains("truncated"), "{error}");
    }

    #[test]
    fn waves_stay_within_the_limit() {
        let cut = waves(vec![4, 4, 4, 20, 1, 1], 10, |&size| size);
        assert_eq!(cut, [(8, vec![4, 4]), (4, vec![4]), (20, vec![20]), (2, vec![1, 1])]);
    }
}
