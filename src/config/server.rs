//! `[uproot]`: the server whose experiments are looked after.

use secrecy::{ExposeSecret, SecretString};

use super::{
    reader::{Section, Source},
    secret::Secrets,
};
use crate::domain::ServerUrl;

/// `[uproot]`.
#[derive(Clone, Debug)]
pub struct UprootSection {
    /// `url`: the server's address as a browser would use it, a subdirectory included. Default
    /// `http://127.0.0.1:8000/`, where `uproot run` listens.
    pub url: ServerUrl,
    /// `url` is there and is no address, so that the one above stands for none: nobody is asked there, and nobody gets the token.
    pub url_is_wrong: bool,
    /// From `token_env` or `token_file`: the API token, one of `upd.API_KEYS` in the experiment's `main.py`.
    pub token: SecretString,
}

impl UprootSection {
    /// What holds where the section says nothing.
    pub(super) fn new() -> Self {
        Self { url: ServerUrl::default(), url_is_wrong: false, token: SecretString::from(String::new()) }
    }

    pub(super) fn read(source: &Source<'_>, section: Option<Section<'_, '_>>, secrets: &Secrets<'_>) -> Self {
        let mut read = Self::new();
        let Some(mut section) = section else {
            source.error_help(
                0..0,
                "there is no [uproot] section",
                "add one with `url = \"http://127.0.0.1:8000/\"` and `token_env = \"UPROOT_API_KEY\"`",
            );
            return read;
        };
        read.url_is_wrong = section.has("url");
        if let Some(url) = section.parsed("url", ServerUrl::parse) {
            (read.url, read.url_is_wrong) = (url.value, false);
        }
        let named = section.has("token_env") || section.has("token_file");
        let mut tokens = secrets.read(&mut section, "token_env", "token_file");
        if tokens.len() > 1 {
            let span = tokens.swap_remove(1).span;
            source.error(span, "one token is enough: name it by `token_env` or by `token_file`, once");
        }
        if !named && !section.has("token") {
            source.error_help(
                section.span.clone(),
                "[uproot] does not say where the API token is kept",
                "add `token_env = \"UPROOT_API_KEY\"` or `token_file = \"...\"`",
            );
        }
        if let Some(token) = tokens.into_iter().next() {
            if http::HeaderValue::from_str(token.value.expose_secret()).is_err() {
                source.error_help(
                    token.span,
                    "the token holds characters that no HTTP header can carry, perhaps a line break",
                    "let there be the token alone, on one line",
                );
            }
            read.token = token.value;
        }
        section.finish();
        read
    }
}
