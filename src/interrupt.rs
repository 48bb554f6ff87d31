//! Ctrl-C and SIGTERM, for commands that end by themselves.

use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag::{register, register_conditional_shutdown};

/// A flag that the first signal sets. The second ends the process at once, should the end that was asked for hang.
pub fn asked_to_stop() -> io::Result<Arc<AtomicBool>> {
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        register_conditional_shutdown(signal, 128 + signal, stop.clone())?;
        register(signal, stop.clone())?;
    }
    Ok(stop)
}
