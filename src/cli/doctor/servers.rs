//! What the doctor asks others: the uproot server, and our own daemon.

use std::{net::TcpListener, sync::Arc, time::Duration};

use http::{HeaderMap, Method};
use secrecy::ExposeSecret as _;
use serde_json::Value;

use super::findings::Findings;
use crate::{
    api::{Call, Client, Endpoint, ErrorKind},
    cli::run,
    config::Config,
    environment::{Environment, Priority, Request, Scope},
    store::in_use,
};

/// How long one question may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// From this difference of the clocks on, they are said to differ, in seconds.
const SKEWED: i64 = 5;

pub(super) fn uproot(env: &Arc<dyn Environment>, config: &Config, findings: &mut Findings) {
    if config.uproot.url_is_wrong {
        findings.hint("server", "it was not asked: `url` in [uproot] is no address", "");
        return;
    }
    let url = &config.uproot.url;
    let knows_token = !config.uproot.token.expose_secret().is_empty();
    let client = Client::new(Arc::clone(env), url.clone(), config.uproot.token.clone());
    let scope = Scope::for_duration(env.now(), PATIENCE);
    let began = env.now();
    findings.asking(&format!("the uproot server at {url}"));
    let asked = client.version(&scope).and_then(|version| {
        client.read(&Call::new(Endpoint::SessionsList), Priority::Read, &scope).map(|_| version)
    });
    match asked {
        Ok(version) => {
            let took = env.now().duration_since(began).as_millis();
            findings.ok("server", format!("{url} answers, uproot {version}; the token is right ({took} ms)"));
        }
        Err(error) => {
            match error.kind {
                ErrorKind::Unreachable => findings.unreachable(
                    "server",
                    error.message,
                    "is it running, and is `url` in [uproot] its address?",
                ),
                ErrorKind::Unauthorized if !knows_token => findings.hint(
                    "server",
                    format!("{url} answers; more is not known, because no token could be read here"),
                    "",
                ),
                ErrorKind::Unauthorized => findings.fail(
                    "server",
                    error.message,
                    "the token has to be one that the server's main.py names",
                ),
                _ => findings.fail("server", error.message, "`uproctor api status` shows what it answers"),
            }
            return;
        }
    }
    let Some(skew) = client.clock_skew() else { return };
    if skew.as_secs().abs() >= SKEWED {
        let said =
            format!("the server's differs from this one's by {} s; the server's counts", skew.as_secs());
        findings.hint("clock", said, "let both computers set their clocks by the network");
    } else {
        findings.ok("clock", "the server's agrees with this one's");
    }
}

pub(super) fn daemon(env: &dyn Environment, config: &Config, must_run: bool, findings: &mut Findings) {
    let store = &config.daemon.store;
    if !in_use(store) {
        if must_run {
            findings.unreachable("daemon", "it does not run", "");
            return;
        }
        match TcpListener::bind(config.daemon.listen) {
            Ok(_) => findings.hint(
                "daemon",
                "it does not run",
                "`uproctor run` starts it; docs/service.md makes a service of it",
            ),
            Err(error) => findings.fail(
                "daemon",
                format!("it does not run, and {} is not to be had: {error}", config.daemon.listen),
                "another program listens there: end it, or set `listen` in [daemon]",
            ),
        }
        return;
    }
    let Some(address) = run::address(store) else {
        findings.fail(
            "daemon",
            "another program has the store",
            "a command, or a daemon that is just starting: try again",
        );
        return;
    };
    findings.asking(&format!("the daemon at http://{address}/"));
    match ready(env, &address) {
        Ok(true) => findings.ok("daemon", format!("it runs at http://{address}/ and is well")),
        Ok(false) => findings.fail(
            "daemon",
            format!("it runs at http://{address}/ and does not go by the files as they are now: it found an error in them"),
            "its log and its console say which. A variable that is new to the configuration is only there after a restart",
        ),
        Err(why) => findings.fail(
            "daemon",
            format!("it runs at http://{address}/ and is not well: {why}"),
            "its log says more",
        ),
    }
}

/// Asks the daemon whether it is well; gives whether it goes by its files as they are now.
fn ready(env: &dyn Environment, address: &str) -> Result<bool, String> {
    let request = Request {
        method: Method::GET,
        url: format!("http://{address}/ready").parse().map_err(|error| format!("{error}"))?,
        headers: HeaderMap::new(),
        body: None,
        lane: None,
        timeout: PATIENCE,
        sees_it_through: false,
        fresh_until: None,
        max_answer: 64 * 1024,
    };
    let answer =
        env.execute(request, &Scope::for_duration(env.now(), PATIENCE)).map_err(|error| error.message)?;
    let said: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    if answer.status != 200 {
        return Err(said.to_string());
    }
    Ok(said["up_to_date"] != false)
}
