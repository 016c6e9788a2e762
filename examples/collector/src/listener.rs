//! The ingest port itself: bound, closed so that connections are refused, and bound again on the same port.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{Mutex, oneshot};
use tokio::task::{JoinHandle, JoinSet};

use crate::collector::Collector;
use crate::ingest;

/// Connections that may wait in the kernel until they are accepted.
const BACKLOG: u32 = 1024;

#[derive(Debug)]
pub(crate) struct IngestListener {
    address: SocketAddr,
    collector: Arc<Collector>,
    /// None while the port is closed. The lock makes switching on and off one after the other.
    accepting: Mutex<Option<Accepting>>,
}

/// A running accept loop.
#[derive(Debug)]
struct Accepting {
    stop: oneshot::Sender<()>,
    ended: JoinHandle<()>,
}

impl IngestListener {
    /// Binds a port on loopback, 0 for any free one, and starts to accept.
    pub(crate) async fn bind(port: u16, collector: Arc<Collector>) -> io::Result<Self> {
        let listener = listen(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))?;
        let this = Self { address: listener.local_addr()?, accepting: Mutex::new(None), collector };
        *this.accepting.lock().await = Some(this.start(listener));
        Ok(this)
    }

    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Binds the port again if it is closed.
    pub(crate) async fn open(&self) -> io::Result<()> {
        let mut accepting = self.accepting.lock().await;
        if accepting.is_none() {
            *accepting = Some(self.start(listen(self.address)?));
        }
        Ok(())
    }

    /// Returns when the port refuses connections and every connection there was is gone.
    pub(crate) async fn close(&self) -> io::Result<()> {
        let mut accepting = self.accepting.lock().await;
        let Some(Accepting { stop, ended }) = accepting.take() else {
            return Ok(());
        };
        // The loop listens for the signal as long as it runs, and has ended if it does not.
        let _ = stop.send(());
        ended.await.map_err(io::Error::other)
    }

    fn start(&self, listener: TcpListener) -> Accepting {
        let (stop, stopped) = oneshot::channel();
        let ended = tokio::spawn(accept(listener, Arc::clone(&self.collector), stopped));
        Accepting { stop, ended }
    }
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = TcpSocket::new_v4()?;
    // Connections that linger after a close would otherwise keep the port from being bound again.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

async fn accept(listener: TcpListener, collector: Arc<Collector>, mut stopped: oneshot::Receiver<()>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            _ = &mut stopped => break,
            Some(_) = connections.join_next() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(serve(stream, Arc::clone(&collector)));
                }
                // Out of file descriptors, for one: it passes, and until then the loop must not spin.
                Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
            },
        }
    }
    drop(listener);
    connections.shutdown().await;
}

/// Serves one connection until it ends. Its errors are clients that left and cuts that were asked for.
async fn serve(stream: TcpStream, collector: Arc<Collector>) {
    let _ = stream.set_nodelay(true);
    let service = service_fn(|request| ingest::answer(&collector, request));
    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}
