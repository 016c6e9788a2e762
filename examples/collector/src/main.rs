//! A stand-in for PostHog on loopback: it ingests events and answers `/flags` as PostHog does, and is scripted and
//! observed over a second port. End-to-end tests and the demo assert on what arrived here.

mod body;
mod clock_skew;
mod collector;
mod control;
mod cross_origin;
mod event;
mod exchange;
mod faults;
mod flags;
mod ingest;
mod inspector;
mod listener;
mod moment;
mod options;
mod pages;
mod refusal;
mod requests;
mod rows;
mod shape;
mod signals;
mod tally;
mod token;
mod wait;

use std::error::Error;
use std::io::Write;
use std::net::Ipv4Addr;
use std::process::ExitCode;
use std::sync::Arc;

use tokio::net::TcpListener;

use crate::collector::Collector;
use crate::listener::IngestListener;
use crate::options::Options;
use crate::signals::StopSignals;

#[tokio::main]
async fn main() -> ExitCode {
    let options = match Options::parse(std::env::args().skip(1)) {
        Ok(options) => options,
        Err(reason) => {
            eprintln!("{reason}");
            return ExitCode::from(2);
        }
    };
    match run(options).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("collector: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(options: Options) -> Result<(), Box<dyn Error>> {
    let collector = Arc::new(Collector::open(options.db.as_deref())?);
    let ingest = Arc::new(IngestListener::bind(options.port, Arc::clone(&collector)).await?);
    let control = TcpListener::bind((Ipv4Addr::LOCALHOST, options.control_port)).await?;
    let stop = StopSignals::catch()?;
    announce(&ingest, &control)?;
    tokio::select! {
        served = axum::serve(control, control::router(collector, ingest)) => served?,
        caught = stop.received() => caught?,
    }
    Ok(())
}

/// Tells the parent process where to connect. Both ports are bound by now, so it may connect at once.
fn announce(ingest: &IngestListener, control: &TcpListener) -> std::io::Result<()> {
    let addresses = serde_json::json!({
        "ingest": format!("http://{}", ingest.address()),
        "control": format!("http://{}", control.local_addr()?),
    });
    let mut stdout = std::io::stdout();
    writeln!(stdout, "{addresses}")?;
    stdout.flush()
}
