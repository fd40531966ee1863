//! The address of an uproot server, checked and brought into one form.

use std::{fmt, str::FromStr};

use url::Url;

/// Where the Admin API lies below the server's address.
pub const API: &str = "admin/api/v1/";

/// The address of an uproot server: `http` or `https`, a host, perhaps a port and a path, and always a slash at the
/// end (`https://example.com/mysub/`).
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct ServerUrl(Url);

/// Why a text is not the address of an uproot server. The text itself is not repeated: it may hold a password.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ServerUrlError {
    /// Not an address at all.
    #[error("this is no address ({0}): write it like http://127.0.0.1:8000/")]
    Unreadable(url::ParseError),
    /// Something other than `http://` or `https://` in front.
    #[error("the address has to begin with http:// or https://")]
    Scheme,
    /// `user:password@`.
    #[error("an address must hold no user name or password: the API takes a token")]
    UserInfo,
    /// `?` or `#` and what follows.
    #[error("the address must end before any '?' or '#'")]
    QueryOrFragment,
    /// The address of the API or the admin area instead of the server's.
    #[error("the address is to be that of the server, without admin/")]
    AdminPath,
}

impl ServerUrl {
    /// Reads an address. Slashes at its end make no difference.
    pub fn parse(text: &str) -> Result<Self, ServerUrlError> {
        let mut url = match Url::parse(text.trim()) {
            Ok(url) => url,
            // What everybody writes at first: no scheme.
            Err(url::ParseError::RelativeUrlWithoutBase) => return Err(ServerUrlError::Scheme),
            Err(error) => return Err(ServerUrlError::Unreadable(error)),
        };
        if !matches!(url.scheme(), "http" | "https") {
            return Err(ServerUrlError::Scheme);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(ServerUrlError::UserInfo);
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(ServerUrlError::QueryOrFragment);
        }
        let path = format!("{}/", url.path().trim_end_matches('/'));
        if path.ends_with("/admin/") || path.contains("/admin/api/") {
            return Err(ServerUrlError::AdminPath);
        }
        url.set_path(&path);
        Ok(Self(url))
    }

    /// The address itself.
    pub fn as_url(&self) -> &Url {
        &self.0
    }

    /// The address of something in the API. `None` if the path leads out of the API, as `..` does.
    pub fn api(&self, path: &str) -> Option<Url> {
        let mut url = self.0.clone();
        let root = format!("{}{API}", url.path());
        url.set_path(&format!("{root}{path}"));
        url.path().starts_with(&root).then_some(url)
    }
}

impl Default for ServerUrl {
    /// Where `uproot run` listens: `http://127.0.0.1:8000/`.
    fn default() -> Self {
        match Url::parse("http://127.0.0.1:8000/") {
            Ok(url) => Self(url),
            Err(_) => unreachable!("a constant address parses"),
        }
    }
}

impl FromStr for ServerUrl {
    type Err = ServerUrlError;

    fn from_str(text: &str) -> Result<Self, ServerUrlError> {
        Self::parse(text)
    }
}

impl fmt::Display for ServerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str())
    }
}

impl fmt::Debug for ServerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0.as_str())
    }
}
