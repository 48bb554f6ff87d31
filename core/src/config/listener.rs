//! `listeners`, `advertised.listeners` and what goes with them.

use super::error::ConfigError;
use super::value::list;

/// One `NAME://host:port`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// The listener's name, in upper case; Metadata answers with the endpoint of the listener that was asked.
    pub name: String,
    /// Host to bind or to hand out; empty binds every address.
    pub host: String,
    /// Port; 0 asks the kernel for a free one (tests).
    pub port: u16,
}

impl Endpoint {
    /// Reads `NAME://host:port`; IPv6 addresses stand in brackets.
    pub fn parse(text: &str) -> Option<Endpoint> {
        let (name, rest) = text.split_once("://")?;
        let (host, port) = host_and_port(rest)?;
        let named = !name.is_empty()
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-' || b == b'.');
        named.then_some(())?;
        Some(Endpoint { name: name.to_ascii_uppercase(), host, port })
    }
}

/// Reads `host:port`; IPv6 addresses stand in brackets.
pub(super) fn host_and_port(text: &str) -> Option<(String, u16)> {
    let (host, port) = text.rsplit_once(':')?;
    let host = match host.strip_prefix('[') {
        Some(inner) => inner.strip_suffix(']')?,
        None if host.contains(':') => return None,
        None => host,
    };
    Some((host.into(), port.parse().ok()?))
}

/// The listeners a broker opens, and what it tells clients to call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listeners {
    /// What to bind. Controller listeners are left out: a cluster of one has nobody to talk to on them.
    pub bind: Vec<Endpoint>,
    /// What to hand out: one for each of `bind`, of the same name, in the same order; the bound address where
    /// nothing else is said. An empty host stands for this machine's name, which only the caller can know.
    pub advertised: Vec<Endpoint>,
}

/// The raw settings that make [`Listeners`].
pub(super) struct Raw<'a> {
    pub listeners: &'a str,
    pub advertised: Option<&'a str>,
    pub protocols: &'a str,
    pub controllers: &'a str,
}

impl Listeners {
    pub(super) fn parse(raw: &Raw<'_>) -> Result<Listeners, ConfigError> {
        let controllers: Vec<String> = list(raw.controllers).iter().map(|n| n.to_ascii_uppercase()).collect();
        let bind = endpoints("listeners", raw.listeners)?;
        for (i, a) in bind.iter().enumerate() {
            for b in &bind[..i] {
                let clash = if a.name == b.name {
                    format!("the listener name {} is there twice", a.name)
                } else if a.port == b.port && a.port != 0 && a.host == b.host {
                    format!("port {} is there twice", a.port)
                } else {
                    continue;
                };
                return Err(ConfigError::invalid("listeners", raw.listeners, clash));
            }
        }
        let bind: Vec<Endpoint> = bind.into_iter().filter(|e| !controllers.contains(&e.name)).collect();
        for endpoint in &bind {
            check_protocol(endpoint, raw)?;
        }
        if bind.is_empty() {
            return Err(ConfigError::invalid(
                "listeners",
                raw.listeners,
                "at least one listener must not be a controller's",
            ));
        }
        let advertised = match raw.advertised {
            None => Vec::new(),
            Some(text) => endpoints("advertised.listeners", text)?,
        };
        for endpoint in &advertised {
            if endpoint.host == "0.0.0.0" || endpoint.host == "::" || endpoint.host.is_empty() {
                let expected = "clients cannot call an address that stands for all of them; name a host";
                return Err(ConfigError::invalid(
                    "advertised.listeners",
                    raw.advertised.unwrap_or(""),
                    expected,
                ));
            }
            if !controllers.contains(&endpoint.name) && !bind.iter().any(|b| b.name == endpoint.name) {
                let expected = format!("{} is not among listeners", endpoint.name);
                return Err(ConfigError::invalid(
                    "advertised.listeners",
                    raw.advertised.unwrap_or(""),
                    expected,
                ));
            }
        }
        if raw.advertised.is_none()
            && let Some(open) = bind.iter().find(|b| b.host == "0.0.0.0" || b.host == "::")
        {
            let expected = format!(
                "clients cannot call {}; set advertised.listeners={}://<a host they can reach>:{}",
                open.host, open.name, open.port
            );
            return Err(ConfigError::invalid("listeners", raw.listeners, expected));
        }
        let advertised =
            bind.iter().map(|b| advertised.iter().find(|a| a.name == b.name).unwrap_or(b).clone()).collect();
        Ok(Listeners { bind, advertised })
    }
}

fn endpoints(key: &str, text: &str) -> Result<Vec<Endpoint>, ConfigError> {
    list(text)
        .into_iter()
        .map(|part| {
            Endpoint::parse(part)
                .ok_or_else(|| ConfigError::invalid(key, text, format!("{part} is not NAME://host:port")))
        })
        .collect()
}

fn check_protocol(endpoint: &Endpoint, raw: &Raw<'_>) -> Result<(), ConfigError> {
    let mapped = list(raw.protocols)
        .into_iter()
        .filter_map(|pair| pair.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case(&endpoint.name))
        .map(|(_, protocol)| protocol.to_ascii_uppercase());
    match mapped.as_deref() {
        Some("PLAINTEXT") => Ok(()),
        Some(protocol @ ("SSL" | "SASL_PLAINTEXT" | "SASL_SSL")) => Err(ConfigError::Unsupported {
            key: "listeners".into(),
            value: raw.listeners.into(),
            reason: format!(
                "listener {} asks for {protocol}, which this version does not have; use PLAINTEXT on a network you \
                 trust, or put a TLS proxy in front",
                endpoint.name
            ),
        }),
        Some(other) => Err(ConfigError::invalid(
            "listener.security.protocol.map",
            raw.protocols,
            format!("{other} is not one of PLAINTEXT, SSL, SASL_PLAINTEXT, SASL_SSL"),
        )),
        None => Err(ConfigError::invalid(
            "listeners",
            raw.listeners,
            format!("listener.security.protocol.map gives {} no protocol", endpoint.name),
        )),
    }
}
