//! Several things at a time, in one task.

use std::future::{Future, poll_fn};
use std::task::Poll;

/// Runs futures to their end, side by side; what they gave, in their order.
pub async fn all<T>(futures: impl IntoIterator<Item = impl Future<Output = T>>) -> Vec<T> {
    let mut futures: Vec<_> = futures.into_iter().map(|future| (Box::pin(future), None)).collect();
    if let [(only, _)] = &mut futures[..] {
        return vec![only.await];
    }
    poll_fn(|cx| {
        let mut pending = false;
        for (future, done) in futures.iter_mut().filter(|(_, done)| done.is_none()) {
            match future.as_mut().poll(cx) {
                Poll::Ready(value) => *done = Some(value),
                Poll::Pending => pending = true,
            }
        }
        if pending { Poll::Pending } else { Poll::Ready(()) }
    })
    .await;
    futures.into_iter().filter_map(|(_, done)| done).collect()
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use futures_lite::future::{block_on, yield_now};

    use super::all;

    #[test]
    fn all_run_side_by_side_and_answer_in_their_order() {
        let ended = RefCell::default();
        let after = |turns: usize| {
            let ended: &RefCell<Vec<usize>> = &ended;
            async move {
                for _ in 0..turns {
                    yield_now().await;
                }
                ended.borrow_mut().push(turns);
                turns
            }
        };
        assert_eq!(block_on(all([3, 2, 9, 5].map(after))), [3, 2, 9, 5]);
        assert_eq!(ended.take(), [2, 3, 5, 9]);
        assert_eq!(block_on(all([7].map(after))), [7]);
        assert_eq!(block_on(all([0; 0].map(after))), [0; 0]);
    }
}
