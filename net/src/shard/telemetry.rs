//! What a shard knows of clients' metrics: the subscriptions, read once for each change of them, and when clients asked and
//! pushed. A client that comes back to another shard counts as new there, which costs one push too many at most.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use headwater_core::config::Overrides;
use headwater_core::telemetry::{Client, Granted, Instances, Subscription, grant};

use super::Shard;

/// See the module's text.
#[derive(Default)]
pub struct Telemetry {
    /// Whose reading `subscriptions` is.
    source: Arc<BTreeMap<String, Overrides>>,
    subscriptions: Rc<Vec<Subscription>>,
    /// When clients asked and pushed.
    pub instances: Instances,
}

impl Shard {
    /// What is wanted of a client now.
    pub fn granted(&self, client: &Client) -> Granted {
        let image = self.image();
        let source = image.client_metrics();
        let mut telemetry = self.telemetry.borrow_mut();
        if !Arc::ptr_eq(source, &telemetry.source) {
            // What was stored was checked; what an older version took and this one does not is left out.
            telemetry.subscriptions =
                Rc::new(source.values().filter_map(|s| Subscription::new(s).ok()).collect());
            telemetry.source = source.clone();
        }
        grant(telemetry.subscriptions.iter(), client)
    }
}
