//! Several things at a time, in one task.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::Poll;

/// Runs all of these to their end, side by side, also when one fails; answers the first failure.
pub async fn all<F: Future<Output = Result<(), E>>, E>(
    futures: impl IntoIterator<Item = F>,
) -> Result<(), E> {
    let mut running: Vec<Pin<Box<F>>> = futures.into_iter().map(Box::pin).collect();
    let mut outcome = Ok(());
    poll_fn(|cx| {
        running.retain_mut(|future| match future.as_mut().poll(cx) {
            Poll::Ready(ended) => {
                if outcome.is_ok() {
                    outcome = ended;
                }
                false
            }
            Poll::Pending => true,
        });
        if running.is_empty() { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    outcome
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use futures_lite::future::{block_on, yield_now};

    use super::all;

    #[test]
    fn all_come_to_their_end_and_the_first_failure_is_told() {
        let ended = Cell::new(0);
        let after = |turns: usize, outcome: Result<(), usize>| {
            let ended = &ended;
            async move {
                for _ in 0..turns {
                    yield_now().await;
                }
                ended.set(ended.get() + 1);
                outcome
            }
        };
        let outcome = block_on(all([after(3, Ok(())), after(2, Err(2)), after(9, Ok(())), after(5, Err(5))]));
        assert_eq!((outcome, ended.get()), (Err(2), 4));
        assert_eq!(block_on(all::<std::future::Ready<Result<(), ()>>, ()>([])), Ok(()));
    }
}
