//! How every client command finds its cluster, and how all of them fail.

use std::io::{ErrorKind, Write};
use std::process::ExitCode;

use headwater_loadgen::client::{ClientConfig, ClientError, Cluster};

/// Where the cluster is.
#[derive(Debug, clap::Args)]
pub struct BootstrapArgs {
    /// A broker to begin with; several with commas between.
    #[arg(long, value_name = "HOST:PORT", env = "HEADWATER_BOOTSTRAP", default_value = "127.0.0.1:9092")]
    pub bootstrap: String,
}

impl BootstrapArgs {
    /// Connects to the cluster.
    pub fn connect(&self) -> Result<Cluster, ClientError> {
        Cluster::connect(ClientConfig::new(&*self.bootstrap, "headwater"))
    }
}

/// Tells the cause on standard error, in one line, and answers the exit code of a failure.
pub fn failure(error: &dyn std::fmt::Display) -> ExitCode {
    eprintln!("headwater: {error}");
    ExitCode::FAILURE
}

/// Prints; a reader that has seen enough (`| head`) is no failure.
pub fn print(text: &str) -> ExitCode {
    match std::io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => failure(&error),
        _ => ExitCode::SUCCESS,
    }
}

/// Prints what a command found, or why it failed.
pub fn finish(result: Result<String, ClientError>) -> ExitCode {
    match result {
        Ok(text) => print(&text),
        Err(error) => failure(&error),
    }
}
