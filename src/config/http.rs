//! `[http."HOST"]`: the servers beside uproot that scripts may speak to.

use std::collections::BTreeMap;

use secrecy::SecretString;

use super::{
    reader::{Section, Source},
    secret::Secrets,
};

/// Every host that `http::` may reach, by `host` or `host:port`.
pub type HttpSection = BTreeMap<String, HttpHost>;

/// `[http."api.example.org"]`.
#[derive(Clone, Debug, Default)]
pub struct HttpHost {
    /// From `authorization_env` or `authorization_file`: the whole value of the `Authorization` header that goes with
    /// each request to this host, for example `Token abc`. Scripts never see it.
    pub authorization: Option<SecretString>,
}

/// What an address is listed under: its host, with a port where it is not the usual one.
pub fn host_of(url: &url::Url) -> Option<String> {
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    Some(format!("{}{port}", url.host_str()?))
}

pub(super) fn read(
    source: &Source<'_>,
    section: Option<Section<'_, '_>>,
    secrets: &Secrets<'_>,
) -> HttpSection {
    let mut hosts = HttpSection::new();
    let Some(mut section) = section else { return hosts };
    for (host, mut table) in section.named_tables() {
        let name = host.value.to_ascii_lowercase();
        let valid = url::Url::parse(&format!("https://{name}/"))
            .is_ok_and(|url| host_of(&url).is_some_and(|host| host == name));
        if !valid {
            source.error_help(
                host.span,
                format!("{:?} is not a host", host.value),
                "write only the host, with a port where it is not the usual one: [http.\"api.example.org\"]",
            );
        }
        let authorization = secrets.read(&mut table, "authorization_env", "authorization_file");
        table.finish();
        hosts.insert(name, HttpHost { authorization: authorization.into_iter().next().map(|a| a.value) });
    }
    section.finish();
    hosts
}
