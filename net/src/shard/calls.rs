//! Calls between shards: a request goes to the shard that owns the data, its reply comes back to a numbered place.
//!
//! Invariants: a place is freed when its reply has come, never before (a caller that went away still holds its place,
//! so a late reply can't reach the wrong caller); the mesh bounds how many are under way.

use std::cell::RefCell;

use super::message::Reply;

/// The number of a call that is under way.
pub type Place = u32;

type Then = Box<dyn FnOnce(Reply)>;

/// The calls of one shard that have no reply yet.
#[derive(Default)]
pub struct Calls {
    inner: RefCell<Inner>,
}

#[derive(Default)]
struct Inner {
    places: Vec<Option<Then>>,
    free: Vec<Place>,
}

impl Calls {
    /// Takes a place for a call that is about to be sent; `then` runs with its reply.
    pub fn begin(&self, then: impl FnOnce(Reply) + 'static) -> Place {
        let mut inner = self.inner.borrow_mut();
        let place = inner.free.pop().unwrap_or_else(|| {
            inner.places.push(None);
            inner.places.len() as Place - 1
        });
        inner.places[place as usize] = Some(Box::new(then));
        place
    }

    /// The reply of a call has come.
    pub fn finish(&self, place: Place, reply: Reply) {
        let then = {
            let mut inner = self.inner.borrow_mut();
            let then = inner.places[place as usize].take().expect("a call is answered once");
            inner.free.push(place);
            then
        };
        // Outside the borrow: what runs here may begin the next call.
        then(reply);
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::rc::Rc;

    use super::*;

    #[test]
    fn places_are_reused_after_the_reply_only() {
        let calls = Rc::new(Calls::default());
        let nested = Rc::new(Cell::new(None));
        let a = calls.begin({
            let (calls, nested) = (calls.clone(), nested.clone());
            move |_| nested.set(Some(calls.begin(|_| ())))
        });
        let b = calls.begin(|_| ());
        assert_ne!(a, b);
        calls.finish(a, Reply::Done);
        assert_eq!(nested.get(), Some(a));
    }

    #[test]
    #[should_panic(expected = "answered once")]
    fn a_second_reply_is_a_bug() {
        let calls = Calls::default();
        let place = calls.begin(|_| ());
        calls.finish(place, Reply::Done);
        calls.finish(place, Reply::Done);
    }
}
