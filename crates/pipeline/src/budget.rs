//! A byte budget that futures of one thread share: memory is planned before it is filled.
use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::poll_fn;
use std::task::{Poll, Waker};

/// Bytes that may be under way at the same time. First come, first served.
#[derive(Debug)]
pub(crate) struct Budget {
    total: u64,
    state: RefCell<State>,
}

#[derive(Default, Debug)]
struct State {
    used: u64,
    next_ticket: u64,
    /// Tickets that wait, oldest first.
    queue: VecDeque<(u64, Option<Waker>)>,
}

/// A share of the budget; dropping it gives the bytes back.
#[derive(Debug)]
pub(crate) struct Permit<'a> {
    budget: &'a Budget,
    bytes: u64,
}

impl Budget {
    pub(crate) fn new(total: u64) -> Self {
        Self { total, state: RefCell::default() }
    }

    /// Most bytes that one wave of requests should hold, so that several granules find room.
    pub(crate) const fn wave(&self) -> u64 {
        self.total / 4
    }

    /// Waits for `bytes`. Who asks for more than there is gets all of it, alone.
    pub(crate) async fn acquire(&self, bytes: u64) -> Permit<'_> {
        let bytes = bytes.min(self.total);
        let mut place = Place { budget: self, ticket: self.enter() };
        poll_fn(|context| self.poll(&mut place, bytes, context.waker())).await;
        Permit { budget: self, bytes }
    }

    fn enter(&self) -> u64 {
        let mut state = self.state.borrow_mut();
        let ticket = state.next_ticket;
        state.next_ticket += 1;
        state.queue.push_back((ticket, None));
        ticket
    }

    fn poll(&self, place: &mut Place<'_>, bytes: u64, waker: &Waker) -> Poll<()> {
        let mut state = self.state.borrow_mut();
        let first = state.queue.front().is_some_and(|(ticket, _)| *ticket == place.ticket);
        if first && state.used + bytes <= self.total {
            state.used += bytes;
            return Poll::Ready(());
        }
        if let Some((_, slot)) = state.queue.iter_mut().find(|(ticket, _)| *ticket == place.ticket) {
            *slot = Some(waker.clone());
        }
        Poll::Pending
    }

    /// Wakes the oldest who waits.
    fn wake(&self) {
        let waker = self.state.borrow_mut().queue.front_mut().and_then(|(_, waker)| waker.take());
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

/// A place in the queue; given up when the wait ends, also when the waiting future is dropped.
struct Place<'a> {
    budget: &'a Budget,
    ticket: u64,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.budget.state.borrow_mut().queue.retain(|(ticket, _)| *ticket != self.ticket);
        self.budget.wake();
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        self.budget.state.borrow_mut().used -= self.bytes;
        self.budget.wake();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;

    #[test]
    fn the_second_waits_until_the_first_gives_back() {
        let budget = Budget::new(100);
        let first = budget.acquire(60).now_or_never().unwrap();
        assert!(budget.acquire(60).now_or_never().is_none());
        drop(first);
        assert!(budget.acquire(60).now_or_never().is_some());
    }

    #[test]
    fn too_large_a_wish_is_served_alone() {
        let budget = Budget::new(100);
        let all = budget.acquire(1000).now_or_never().unwrap();
        assert!(budget.acquire(1).now_or_never().is_none());
        drop(all);
        assert_eq!(budget.state.borrow().used, 0);
    }
}
