//! The coordinators of one kind on a shard: one on each partition of their topic that the shard owns.
//!
//! They load in the background, so that a long history does not hold up the start. One task calls those whose deadlines
//! have come; a coordinator whose state is void is loaded again after a pause.
//!
//! Does not know what they coordinate: `groups` and `transactions` do.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};
use std::rc::Rc;
use std::time::Duration;

use headwater_core::ErrorCode;
use headwater_core::ids::TopicPartition;
use headwater_core::time::Monotonic;
use headwater_replication::hosted::{Hosted, Phase};

use crate::rt::{self, Event};

/// How long a coordinator whose state is void waits before it loads again: the disk may be full.
const RELOAD_PAUSE: Duration = Duration::from_secs(1);

/// See the module's text.
pub struct Hosts<H> {
    hosts: RefCell<HashMap<TopicPartition, Rc<H>>>,
    /// Those that a task is about to load, or loads.
    loading: RefCell<HashSet<TopicPartition>>,
    /// When the deadline task wakes by itself; none: when it is told.
    wakes_at: Cell<Option<Monotonic>>,
    sooner: Event,
}

impl<H: Hosted> Hosts<H> {
    /// No coordinators yet.
    pub fn new() -> Rc<Self> {
        Rc::new(Self {
            hosts: RefCell::default(),
            loading: RefCell::default(),
            wakes_at: Cell::default(),
            sooner: Event::default(),
        })
    }

    /// The coordinator on `partition`.
    pub fn get(&self, partition: TopicPartition) -> Option<Rc<H>> {
        self.hosts.borrow().get(&partition).cloned()
    }

    /// All of them.
    pub fn all(&self) -> Vec<Rc<H>> {
        self.hosts.borrow().values().cloned().collect()
    }

    /// Takes one in and loads it.
    pub fn add(self: &Rc<Self>, host: Rc<H>) {
        self.hosts.borrow_mut().insert(host.partition(), host.clone());
        self.load(host, Duration::ZERO);
    }

    fn load(self: &Rc<Self>, host: Rc<H>, pause: Duration) {
        let hosts = self.clone();
        let id = host.partition();
        if !hosts.loading.borrow_mut().insert(id) {
            return;
        }
        rt::spawn(async move {
            rt::sleep(pause).await;
            host.load(rt::now, rt::wall).await;
            hosts.loading.borrow_mut().remove(&id);
            hosts.after(&host);
        })
        .detach();
    }

    /// Something has happened to `host`: the deadline task must not sleep past what it wants now, and a void state is
    /// loaded again.
    pub fn after(self: &Rc<Self>, host: &Rc<H>) {
        if host.phase() == Phase::Failed {
            self.load(host.clone(), RELOAD_PAUSE);
        }
        let wakes_at = self.wakes_at.get();
        if host.deadline().is_some_and(|at| wakes_at.is_none_or(|wakes| at < wakes)) {
            self.sooner.notify();
        }
    }

    /// The partition is gone, and the coordinator on it, if there was one.
    pub fn remove(&self, partition: TopicPartition) {
        let host = self.hosts.borrow_mut().remove(&partition);
        if let Some(host) = host {
            host.resign();
        }
    }

    /// The broker stops: those that wait are told, so that their connections can end.
    pub fn resign(&self) {
        for host in self.all() {
            host.resign();
        }
    }

    /// Asks the coordinator on `partition`; `then` gets the answer when it may leave.
    pub fn ask(
        self: &Rc<Self>,
        partition: TopicPartition,
        call: H::Call,
        then: impl FnOnce(Result<H::Reply, ErrorCode>) + 'static,
    ) {
        let Some(host) = self.get(partition) else { return then(Err(ErrorCode::NotCoordinator)) };
        host.call(rt::now(), rt::wall(), call, then);
        self.after(&host);
    }

    /// Asks every coordinator something that is answered at once, such as a list; the replies, and why one could not.
    pub fn ask_all(&self, call: impl Fn() -> H::Call) -> (Vec<H::Reply>, Option<ErrorCode>)
    where
        H::Reply: 'static,
    {
        let found = Rc::new(RefCell::new((Vec::new(), None)));
        for host in self.all() {
            let found = found.clone();
            host.call(rt::now(), rt::wall(), call(), move |answer| {
                let mut found = found.borrow_mut();
                match answer {
                    Ok(reply) => found.0.push(reply),
                    Err(code) => found.1 = Some(code),
                }
            });
        }
        Rc::try_unwrap(found).map_or_else(|_| unreachable!("it is answered at once"), RefCell::into_inner)
    }

    /// Calls coordinators when their deadlines have come, for as long as the shard lives.
    pub async fn run_deadlines(self: Rc<Self>) {
        loop {
            let now = rt::now();
            let mut next: Option<Monotonic> = None;
            for host in self.all() {
                if host.deadline().is_some_and(|at| at <= now) {
                    host.on_deadline(now, rt::wall());
                    self.after(&host);
                }
                next = [next, host.deadline()].into_iter().flatten().min();
            }
            self.wakes_at.set(next);
            match next {
                Some(at) => {
                    let _ = rt::deadline(at, self.sooner.wait()).await;
                }
                None => self.sooner.wait().await,
            }
        }
    }
}
