//! Ending a job that would not end by itself.
use crate::watch::Watch;
use std::any::Any;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::task::Poll;

/// Why a job was ended.
#[derive(Debug)]
pub(crate) enum Stopped {
    /// The time limit came near.
    Time,
    /// Memory in use, in bytes, was too much.
    Memory(u64),
    /// It panicked, saying this.
    Panic(String),
}

/// Drives `work` until it is done, `stop` is, memory runs out or it panics. Work that is stopped is dropped.
pub(crate) async fn guarded<T>(
    work: impl Future<Output = T>,
    mut stop: Pin<&mut impl Future<Output = ()>>,
    watch: &Watch<'_>,
) -> Result<T, Stopped> {
    let mut work = pin!(work);
    poll_fn(|context| {
        // What a panic leaves behind is dropped unseen: nothing broken is used again.
        match catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(context))) {
            Err(panic) => return Poll::Ready(Err(Stopped::Panic(words(panic.as_ref())))),
            Ok(Poll::Ready(value)) => return Poll::Ready(Ok(value)),
            Ok(Poll::Pending) => {}
        }
        match watch.over() {
            Some(bytes) => Poll::Ready(Err(Stopped::Memory(bytes))),
            None => stop.as_mut().poll(context).map(|()| Err(Stopped::Time)),
        }
    })
    .await
}

fn words(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref().cloned()).unwrap_or_else(|| "without a word".into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt as _;
    use pipeline::{JobEvent, Observer as _};
    use std::future::{pending, ready};

    fn run<T>(work: impl Future<Output = T>, stop: impl Future<Output = ()>, mib: Option<u64>) -> Result<T, Stopped> {
        let watch = Watch::new(&(), mib);
        let work = async {
            watch.event(JobEvent::Received { granule: "x", bytes: 64 << 20 });
            work.await
        };
        guarded(work, pin!(stop), &watch).now_or_never().unwrap()
    }

    #[test]
    fn work_ends_by_itself_by_time_by_memory_and_by_panic() {
        assert!(matches!(run(ready(7), pending(), None), Ok(7)));
        assert!(matches!(run(ready(7), ready(()), Some(1)), Ok(7)), "what is done is not thrown away");
        assert!(matches!(run(pending::<()>(), ready(()), None), Err(Stopped::Time)));
        assert!(matches!(run(pending::<()>(), pending(), Some(1)), Err(Stopped::Memory(bytes)) if bytes > 1 << 20));
        let panicked = run(async { panic!("oh {}", 7) }, pending(), None);
        assert!(matches!(panicked, Err(Stopped::Panic(words)) if words == "oh 7"));
    }
}
