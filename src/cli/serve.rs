//! `serve`: the daemon with its HTTP side, until a signal.

use std::sync::Arc;

use anyhow::Context;
use clap::Args;
use serde_json::json;

use super::exit::Exit;
use super::out::Out;
use super::stop::Stop;
use super::{Global, ground, handed, logs, open};
use crate::clock::Clock;
use crate::connector::meter::Meter;
use crate::daemon::subscribe::{Subscriber, Subscriptions};
use crate::daemon::tally::Tally;
use crate::daemon::{Daemon, End, Settings};
use crate::project::Project;
use crate::run::{Ground, connect};
use crate::server::hooks::Receiver;
use crate::server::local::{LocalSocket, socket_path};
use crate::server::{self, Receivers};

/// Keep the systems in agreement until stopped: by schedule, and at once when a webhook arrives.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  syncline serve
  syncline serve --log-format json
  curl -s localhost:8080/readyz     how every connection and mapping stands

SIGTERM or Ctrl-C stops it: what is in flight is finished or journalled first.")]
pub struct Serve {}

impl Serve {
    pub async fn run(&self, global: &Global, out: &Out) -> anyhow::Result<Exit> {
        let Some(project) = open::ready_to_serve(global, out)? else { return Ok(Exit::Usage) };
        logs::start(global, Some(&project.log), "info", out)?;
        let stop = Stop::listen()?;
        if handed::is_there(&socket_path(&project.store)).await? {
            // The store says who has it; the address that is taken would not. A daemon that ends just now leaves it to this one.
            ground::store_to_write(&project, &*ground::wall_clock())?.release_lease().await?;
        }
        let end = serve(&project, ground::wall_clock(), &stop, out).await?;
        match end {
            End::Asked => Ok(Exit::Done),
            end => Err(anyhow::anyhow!("{end}")),
        }
    }
}

/// Lives until told to stop, or until the daemon cannot go on.
///
/// # Errors
/// When it cannot start.
pub async fn serve(project: &Project, clock: Arc<dyn Clock>, stop: &Stop, out: &Out) -> anyhow::Result<End> {
    let public_url = project.server.public_url.as_ref().map(|url| url.as_str().trim_end_matches('/').to_owned());
    // Whatever can be refused is, before the store is taken.
    let bound = server::bind(server::Settings { listen: project.server.listen, token: project.server.token.clone(), public_url: public_url.clone() }).await?;
    let store = ground::store_to_write(project, &*clock)?;
    let local = LocalSocket::bind(&socket_path(&project.store))?;
    let tally = Arc::new(Tally::default());
    let meter: Arc<dyn Meter> = tally.clone();
    let connections = connect::all(project, &clock, &meter)?;
    let zone = project.time_zone.get()?.clone();
    let laid = Ground::lay(store, clock, zone, connect::systems(&connections), project.mappings.clone()).await?;
    let subscribers = connections.values().map(|connection| Arc::new(connection.clone()) as Arc<dyn Subscriber>).collect();
    let subscriptions = Subscriptions { public_url, subscribers };
    let receivers: Receivers = connections.iter().map(|(name, connection)| (name.clone(), Arc::new(connection.clone()) as Arc<dyn Receiver>)).collect();
    let started = Daemon::start(Arc::new(laid), tally, Settings::default(), subscriptions, stop.token.clone()).await;
    let (mut daemon, handle) = started.context("the daemon cannot start")?;
    daemon.audit(project.audit.clone());
    let address = bound.address();
    if out.json {
        out.json(&json!({ "listening": address.to_string(), "mappings": project.mappings.len(), "connections": project.connections.len() }))?;
    } else {
        out.line(format!("Listening on http://{address} (/healthz, /readyz, /metrics, /hooks/{{connection}})"))?;
    }
    Ok(server::live(daemon, handle, bound, local, receivers, &stop.token).await)
}
