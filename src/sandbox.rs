//! Local look-alikes of three vendors with a believable partner ecosystem in them, for demos, for trying things out, and for tests.
//!
//! They stand apart: written from the vendors' published descriptions, met over HTTP only, so that they can disagree with the engine. Each is a
//! [`look_alike::LookAlike`] on one port of 127.0.0.1, with a control surface under `/_sandbox/`.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::clock::{Clock, WallClock};
use look_alike::{Base, LookAlike};
use page::{About, Neighbour};
use sender::Sender;

mod business_central;
mod call;
mod control;
mod fault;
mod look_alike;
mod page;
mod partnerstack;
mod salesforce;
mod sender;
mod serve;
mod stats;
mod store;
mod tokens;
mod turn;
mod world;

/// How long open connections may take to finish once the sandbox stops.
const STOP_WITHIN: Duration = Duration::from_secs(2);

/// What to start.
#[derive(Clone, Debug)]
pub struct Settings {
    /// About how many deals the world has; everything else follows.
    pub records: usize,
    pub seed: u64,
    /// Of crm, prm and erp; 0 for any free one.
    pub ports: [u16; 3],
    /// No world: only what a new account of the vendor has.
    pub empty: bool,
}

/// Where a look-alike is and how to sign in.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Place {
    pub system: &'static str,
    pub connector: &'static str,
    pub url: String,
    pub page: String,
    /// Values for the connector's config keys.
    pub config: BTreeMap<String, String>,
}

/// The running look-alikes.
pub struct Sandbox {
    places: Vec<Place>,
    stop: CancellationToken,
    tasks: JoinSet<io::Result<()>>,
}

impl Sandbox {
    pub async fn start(settings: Settings) -> io::Result<Self> {
        Self::start_at(settings, Arc::new(WallClock)).await
    }

    /// As `start`, with a clock of the caller's.
    pub async fn start_at(settings: Settings, clock: Arc<dyn Clock>) -> io::Result<Self> {
        let client = client()?;
        let stop = CancellationToken::new();
        let (mut listeners, mut grounds) = (Vec::new(), Vec::new());
        for (nth, port) in settings.ports.iter().enumerate() {
            let listener = TcpListener::bind(("127.0.0.1", *port)).await?;
            let url = format!("http://127.0.0.1:{}", listener.local_addr()?.port());
            let (sender, queue) = Sender::new(client.clone());
            grounds.push(Base::new(url, settings.seed.wrapping_add(nth as u64), clock.clone(), sender));
            listeners.push((listener, queue));
        }
        let [crm, prm, erp]: [Base; 3] = grounds.try_into().map_err(|_| io::Error::other("three ports make three look-alikes"))?;
        let crm: Arc<dyn LookAlike> = Arc::new(salesforce::Salesforce::new(crm));
        let prm: Arc<dyn LookAlike> = Arc::new(partnerstack::PartnerStack::new(prm));
        let erp: Arc<dyn LookAlike> = Arc::new(business_central::BusinessCentral::new(erp));
        if !settings.empty {
            world::plant(&settings, clock.now(), &*crm, &*prm, &*erp)
                .map_err(|refusal| io::Error::other(format!("the world does not fit a look-alike: {refusal}")))?;
        }
        let all = [("crm", "salesforce", crm), ("prm", "partnerstack", prm), ("erp", "business-central", erp)];
        let place = |(system, connector, who): &(&'static str, &'static str, Arc<dyn LookAlike>)| {
            let url = who.base().url.clone();
            Place { system, connector, page: format!("{url}/_sandbox/"), url, config: who.config() }
        };
        let places: Vec<Place> = all.iter().map(place).collect();
        let neighbours: Vec<Neighbour> = places.iter().map(|place| Neighbour { system: place.system, page: place.page.clone() }).collect();
        let mut tasks = JoinSet::new();
        for ((listener, queue), (system, _, who)) in listeners.into_iter().zip(all) {
            let about = About { system, vendor: who.vendor(), places: neighbours.clone() };
            let (sending, stopped) = (who.clone(), stop.clone());
            tasks.spawn(async move {
                sender::run(sending, queue, stopped).await;
                Ok(())
            });
            tasks.spawn(serve::run(listener, who, about, stop.clone()));
        }
        Ok(Self { places, stop, tasks })
    }

    pub fn places(&self) -> &[Place] {
        &self.places
    }

    /// The look-alike of a system (`crm`, `prm`, `erp`).
    pub fn place(&self, system: &str) -> Option<&Place> {
        self.places.iter().find(|place| place.system == system)
    }

    /// Stops accepting, lets requests under way finish for a moment, then ends all tasks.
    pub async fn stop(mut self) {
        self.stop.cancel();
        let finish = async { while self.tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(STOP_WITHIN, finish).await.is_err() {
            self.tasks.shutdown().await;
        }
    }
}

/// Deliveries go to receivers on this machine: no proxy, no redirects.
fn client() -> io::Result<reqwest::Client> {
    if rustls::crypto::CryptoProvider::get_default().is_none() && rustls::crypto::ring::default_provider().install_default().is_err() {
        tracing::debug!("another thread chose the same TLS provider first");
    }
    reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().map_err(io::Error::other)
}
