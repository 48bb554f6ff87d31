//! A bounded queue inside one shard, in two [`Event`]s: one for room, one for values.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

use super::Event;

/// A bounded queue of values inside one shard: many senders, one receiver.
///
/// # Panics
/// When `capacity` is 0.
pub fn channel<T>(capacity: usize) -> (ChannelSender<T>, ChannelReceiver<T>) {
    assert!(capacity > 0, "a channel needs room for one value");
    let state = Rc::new(ChannelState {
        queue: RefCell::new(VecDeque::new()),
        capacity,
        room: Event::new(),
        filled: Event::new(),
        senders: Cell::new(1),
        receiver_gone: Cell::new(false),
    });
    (ChannelSender { state: state.clone() }, ChannelReceiver { state })
}

struct ChannelState<T> {
    queue: RefCell<VecDeque<T>>,
    capacity: usize,
    room: Event,
    filled: Event,
    senders: Cell<usize>,
    receiver_gone: Cell<bool>,
}

/// The sending end of [`channel`].
pub struct ChannelSender<T> {
    state: Rc<ChannelState<T>>,
}

impl<T> ChannelSender<T> {
    /// Queues the value if there is room, else hands it back.
    pub fn try_send(&self, value: T) -> Result<(), T> {
        let mut queue = self.state.queue.borrow_mut();
        if self.state.receiver_gone.get() || queue.len() >= self.state.capacity {
            return Err(value);
        }
        queue.push_back(value);
        drop(queue);
        self.state.filled.notify();
        Ok(())
    }

    /// Queues the value, waiting for room; hands it back when the receiver is gone.
    pub async fn send(&self, mut value: T) -> Result<(), T> {
        loop {
            match self.try_send(value) {
                Ok(()) => return Ok(()),
                Err(back) if self.state.receiver_gone.get() => return Err(back),
                Err(back) => value = back,
            }
            self.state.room.wait().await;
        }
    }
}

impl<T> Clone for ChannelSender<T> {
    fn clone(&self) -> Self {
        self.state.senders.set(self.state.senders.get() + 1);
        Self { state: self.state.clone() }
    }
}

impl<T> Drop for ChannelSender<T> {
    fn drop(&mut self) {
        self.state.senders.set(self.state.senders.get() - 1);
        if self.state.senders.get() == 0 {
            self.state.filled.notify();
        }
    }
}

/// The receiving end of [`channel`].
pub struct ChannelReceiver<T> {
    state: Rc<ChannelState<T>>,
}

impl<T> ChannelReceiver<T> {
    /// Takes the oldest value, if there is one.
    pub fn try_recv(&self) -> Option<T> {
        let value = self.state.queue.borrow_mut().pop_front()?;
        self.state.room.notify();
        Some(value)
    }

    /// Waits for the next value; `None` once every sender is gone and the queue is empty.
    pub async fn recv(&mut self) -> Option<T> {
        loop {
            if let Some(value) = self.try_recv() {
                return Some(value);
            }
            if self.state.senders.get() == 0 {
                return None;
            }
            self.state.filled.wait().await;
        }
    }
}

impl<T> Drop for ChannelReceiver<T> {
    fn drop(&mut self) {
        self.state.receiver_gone.set(true);
        self.state.queue.borrow_mut().clear();
        self.state.room.notify_all();
    }
}
