//! The meters of quotas. A limit is the broker's, whatever shards a client's connections are on, so each meter lives on one
//! shard, by its hash, and the others send it what to count.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::rc::Rc;

use headwater_core::ids::ShardId;
use headwater_core::quota::Limit;

use super::Shard;
use super::message::{Reply, Request};
use crate::rt;

/// Something to be counted.
pub struct Charge {
    /// Against which limit, as the asker's Image has it.
    pub limit: Limit,
    /// How much.
    pub amount: f64,
    /// Not at all if the limit is overdrawn.
    pub strict: bool,
}

impl Shard {
    /// Counts `amount`; answers for how many milliseconds the client is to be quiet.
    pub async fn charge(self: &Rc<Self>, limit: Limit, amount: f64) -> u64 {
        match self.ask_meter(Charge { limit, amount, strict: false }).await {
            Ok(ms) | Err(ms) => ms,
        }
    }

    /// Counts `amount` if the limit is not overdrawn.
    ///
    /// # Errors
    /// If it is: after how many milliseconds it no longer will be.
    pub async fn try_charge(self: &Rc<Self>, limit: Limit, amount: f64) -> Result<(), u64> {
        self.ask_meter(Charge { limit, amount, strict: true }).await.map(|_| ())
    }

    async fn ask_meter(self: &Rc<Self>, charge: Charge) -> Result<u64, u64> {
        let mut hasher = DefaultHasher::new();
        charge.limit.meter.hash(&mut hasher);
        let owner = ShardId::new((hasher.finish() % u64::from(self.count)) as u16);
        match self.call(owner, Request::Charge(charge)).await {
            Reply::Charged(result) => result,
            _ => unreachable!("a charge is answered as one"),
        }
    }

    /// Counts on a meter of this shard.
    pub(super) fn count(&self, charge: &Charge) -> Result<u64, u64> {
        let Charge { limit, amount, strict } = charge;
        let mut meters = self.meters.borrow_mut();
        match strict {
            true => meters.try_charge(limit, *amount, rt::now()).map(|()| 0),
            false => Ok(meters.charge(limit, *amount, rt::now())),
        }
    }
}
