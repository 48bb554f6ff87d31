//! Accepting: one listener a shard on the same port (SO_REUSEPORT); each connection goes to the shard with the fewest.

use std::rc::Rc;
use std::time::Duration;

use super::census::Admitted;
use super::connection::Connection;
use crate::rt::{self, Listener, TcpStream};
use crate::shard::Shard;
use crate::shard::message::Request;

/// How long to let a burst pass when the process is out of file descriptors.
const OUT_OF_FILES_PAUSE: Duration = Duration::from_millis(100);

/// After so long without a word the kernel asks whether the client is still there.
const KEEPALIVE: Duration = Duration::from_secs(60);

/// Accepts until it is cancelled.
pub async fn run(shard: Rc<Shard>, listener: Listener) {
    loop {
        let stream = accept(&listener).await;
        let address = stream.peer_addr().ip();
        match shard.census.admit(address, shard.id) {
            Err(full) => {
                shard.metrics.refused_connections.add(1);
                tracing::debug!(%address, %full, "connection refused");
            }
            Ok(admitted) if admitted.shard() == shard.id => serve(&shard, stream, admitted),
            Ok(admitted) => {
                let to = admitted.shard();
                shard.send(to, Request::Adopt { fd: stream.into_fd(), admitted }, |_| ()).await;
            }
        }
        let pause = shard.census.pace(rt::now());
        if !pause.is_zero() {
            rt::sleep(pause).await;
        }
    }
}

/// The next connection, however long the process has to wait for a file descriptor.
pub async fn accept(listener: &Listener) -> TcpStream {
    loop {
        match listener.accept().await {
            Ok(stream) => return stream,
            Err(error) => {
                tracing::warn!(%error, "cannot accept connections; raise the limit on open files if this goes on");
                rt::sleep(OUT_OF_FILES_PAUSE).await;
            }
        }
    }
}

/// Serves a connection on this shard.
pub fn serve(shard: &Rc<Shard>, stream: TcpStream, admitted: Admitted) {
    // Without probes a client that lost its power keeps its place for ever. A socket that refuses them ends soon anyway.
    let _ = stream.set_keepalive(KEEPALIVE);
    let shard = shard.clone();
    rt::spawn(async move {
        shard.connections.set(shard.connections.get() + 1);
        Connection::serve(shard.clone(), stream).await;
        shard.connections.set(shard.connections.get() - 1);
        drop(admitted);
    })
    .detach();
}
