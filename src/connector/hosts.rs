//! Which addresses a connection may talk to, and where calls really go when `at` points them at a sandbox.

use std::net::IpAddr;

use url::{Host, Url};

/// The hosts of a connector file with the settings of one connection filled in.
#[derive(Clone, Debug)]
pub struct Hosts {
    allowed: Vec<String>,
    at: Option<Url>,
}

/// Why a URL is not followed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error("`{0}` is no complete address")]
    NotAnAddress(String),
    #[error("the host `{0}` is not among the connector's `hosts`")]
    Outside(String),
    #[error("the address of `{0}` is not https; plain http is for this machine only")]
    Plain(String),
}

impl Hosts {
    /// # Errors
    /// `at` must be a loopback address, because calls to it carry credentials in the clear.
    pub fn new(allowed: Vec<String>, at: Option<Url>) -> Result<Hosts, String> {
        if let Some(url) = &at
            && (!is_loopback(url) || url.scheme() != "http")
        {
            return Err(format!("`at` is {url}; it must be an http address of this machine, such as http://127.0.0.1:4100"));
        }
        let allowed = allowed.into_iter().map(|host| host.trim().to_ascii_lowercase()).filter(|host| !host.is_empty()).collect();
        Ok(Hosts { allowed, at })
    }

    /// Whether everything goes to this machine.
    pub fn is_local(&self) -> bool {
        self.at.is_some()
    }

    /// Checks a URL against `hosts` and the scheme.
    ///
    /// # Errors
    /// Says which rule the URL breaks.
    pub fn check(&self, url: &Url) -> Result<(), Refused> {
        let host = url.host_str().ok_or_else(|| Refused::NotAnAddress(url.to_string()))?.to_ascii_lowercase();
        let is_at = self.at.as_ref().is_some_and(|at| at.host_str() == url.host_str() && at.port() == url.port());
        if !is_at && !self.allowed.iter().any(|pattern| fits(pattern, &host, url.port_or_known_default())) {
            return Err(Refused::Outside(host));
        }
        match url.scheme() {
            "https" => Ok(()),
            "http" if is_loopback(url) => Ok(()),
            _ => Err(Refused::Plain(host)),
        }
    }

    /// The address that is dialled, and the `Host` the vendor is told.
    pub fn dial(&self, url: &Url) -> (Url, Option<String>) {
        let Some(at) = &self.at else { return (url.clone(), None) };
        let host = url.host_str().map(|host| match url.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_string(),
        });
        let mut dialled = at.clone();
        dialled.set_path(url.path());
        dialled.set_query(url.query());
        (dialled, host)
    }
}

/// `*` stands for one or more labels, so `*.salesforce.com` has no room for `salesforce.com.evil.example`. A pattern with a port is for
/// that port only.
fn fits(pattern: &str, host: &str, port: Option<u16>) -> bool {
    let (pattern, its_port) = match pattern.rsplit_once(':').map(|(name, digits)| (name, digits.parse::<u16>())) {
        Some((name, Ok(digits))) => (name, Some(digits)),
        _ => (pattern, None),
    };
    if its_port.is_some() && its_port != port {
        return false;
    }
    match pattern.strip_prefix("*.") {
        Some(rest) => host.strip_suffix(rest).is_some_and(|label| label.len() > 1 && label.ends_with('.')),
        None => pattern == host,
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(ip)) => IpAddr::from(ip).is_loopback(),
        Some(Host::Ipv6(ip)) => IpAddr::from(ip).is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).expect("a test's address")
    }

    #[test]
    fn keeps_calls_inside_the_hosts_of_the_file() {
        let hosts = Hosts::new(vec!["*.salesforce.com".into(), "127.0.0.1".into()], None).expect("no `at`");
        assert_eq!(hosts.check(&url("https://acme.my.salesforce.com/x")), Ok(()));
        assert_eq!(hosts.check(&url("https://salesforce.com/x")), Err(Refused::Outside("salesforce.com".into())));
        assert_eq!(hosts.check(&url("https://a.salesforce.com.evil.example/")), Err(Refused::Outside("a.salesforce.com.evil.example".into())));
        assert_eq!(hosts.check(&url("http://acme.my.salesforce.com/x")), Err(Refused::Plain("acme.my.salesforce.com".into())));
        assert_eq!(hosts.check(&url("http://127.0.0.1:8000/db/")), Ok(()));
    }

    #[test]
    fn a_port_in_hosts_is_the_only_one() {
        let hosts = Hosts::new(vec!["erp.example:8000".into(), "crm.example:443".into(), "[::1]:80".into()], None).expect("no `at`");
        assert_eq!(hosts.check(&url("https://erp.example:8000/db/rpc/")), Ok(()));
        assert_eq!(hosts.check(&url("https://erp.example:8001/")), Err(Refused::Outside("erp.example".into())));
        assert_eq!(hosts.check(&url("https://crm.example/")), Ok(()));
        assert_eq!(hosts.check(&url("http://[::1]/")), Ok(()));
    }

    #[test]
    fn sends_everything_to_at_and_keeps_the_vendors_host() {
        let hosts = Hosts::new(vec!["api.example.com".into()], Some(url("http://127.0.0.1:4100"))).expect("loopback");
        let (dialled, host) = hosts.dial(&url("https://api.example.com/v2/deals?limit=5"));
        assert_eq!(dialled.as_str(), "http://127.0.0.1:4100/v2/deals?limit=5");
        assert_eq!(host.as_deref(), Some("api.example.com"));
        assert!(Hosts::new(vec![], Some(url("http://10.0.0.1:4100"))).is_err());
    }
}
