//! `[console]`: the pages for people.

use std::{
    net::SocketAddr,
    ops::Range,
    path::{Path, PathBuf},
};

use url::Url;

use super::{
    reader::{Placed, Section, Source},
    users::{self, Users},
};

/// Who may read the metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetricsAccess {
    /// Whoever has a token.
    Token,
    /// Every program on this computer.
    Open,
}

/// `[console]`.
#[derive(Clone, Debug)]
pub struct ConsoleSection {
    /// `url`: where people reach the console, such as `https://lab.example.org/uproctor/`: for links in notices. With `https`,
    /// cookies are only sent over it. Always with a slash at the end.
    pub url: Option<Url>,
    /// `users`: the file with who may log in, from the configuration's folder. Default `users.toml`.
    pub users_file: PathBuf,
    /// Who may log in, as that file says.
    pub users: Users,
    /// `metrics`: `"token"` or `"open"`. Default `"token"`; `"open"` only where `listen` is an address of this computer alone.
    pub metrics: MetricsAccess,
    /// Where `metrics` stands.
    pub(super) metrics_span: Range<usize>,
}

impl ConsoleSection {
    /// What holds where the section says nothing.
    pub(super) fn new(root: &Path) -> Self {
        Self {
            url: None,
            users_file: root.join("users.toml"),
            users: Users::default(),
            metrics: MetricsAccess::Token,
            metrics_span: 0..0,
        }
    }

    /// Reads the section and, where `with_users`, the file of the users.
    pub(super) fn read(
        source: &Source<'_>,
        section: Option<Section<'_, '_>>,
        root: &Path,
        with_users: bool,
    ) -> Self {
        let mut read = Self::new(root);
        if let Some(mut section) = section {
            read.url = section.parsed("url", address).map(|url| url.value);
            match section.text("users") {
                Some(Placed { value, span }) if value.trim().is_empty() => {
                    source.error(span, "`users` is empty: write a path");
                }
                Some(text) => read.users_file = root.join(text.value),
                None => {}
            }
            if let Some(metrics) =
                section.choice("metrics", &[("token", MetricsAccess::Token), ("open", MetricsAccess::Open)])
            {
                (read.metrics, read.metrics_span) = (metrics.value, metrics.span);
            }
            section.finish();
        }
        if with_users {
            let (users, problems) = users::load(&read.users_file);
            read.users = users;
            problems.into_iter().for_each(|problem| source.push(problem));
        }
        read
    }

    /// The address of a page, if it is known where people reach the console. `path` has no slash before it.
    pub fn page(&self, path: &str) -> Option<String> {
        self.url.as_ref().map(|url| format!("{url}{path}"))
    }

    /// Makes sure that metrics are not open to other machines.
    pub(super) fn check_metrics(&self, source: &Source<'_>, listen: SocketAddr) {
        if self.metrics == MetricsAccess::Open && !listen.ip().is_loopback() {
            source.error_help(
                self.metrics_span.clone(),
                format!("`metrics` is open, and other machines can reach {listen}"),
                "leave `metrics` out and give Prometheus a token of `uproctor user token NAME`",
            );
        }
    }

    /// Whether cookies may only travel over https.
    pub fn is_secure(&self) -> bool {
        self.url.as_ref().is_some_and(|url| url.scheme() == "https")
    }
}

/// Reads the address of the console. Slashes at its end make no difference.
fn address(text: &str) -> Result<Url, String> {
    let help = "write it like \"https://lab.example.org/uproctor/\"";
    let mut url =
        Url::parse(text.trim()).map_err(|error| format!("`url` is no address ({error}): {help}"))?;
    let plain = url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none();
    if !matches!(url.scheme(), "http" | "https") || !plain {
        return Err(format!("`url` has to be an http or https address and nothing more: {help}"));
    }
    let path = format!("{}/", url.path().trim_end_matches('/'));
    url.set_path(&path);
    Ok(url)
}
