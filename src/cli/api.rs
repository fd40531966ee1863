//! `uproctor api`: one call of the Admin API by hand, as `uproot api` makes it.

use std::{
    io::{IsTerminal, stdout},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use http::{Method, header};
use secrecy::SecretString;
use serde_json::Value;

use super::{exit::Exit, out, problems, run};
use crate::{
    api::{Client, ErrorKind},
    config,
    domain::{Problem, ServerUrl, counted},
    environment::{Environment, Scope},
    live::Live,
};

/// `uproctor api`
#[derive(clap::Args)]
pub(super) struct Args {
    /// What to call, for example sessions or "sessions/S/players/?fields=id"
    endpoint: String,
    /// The server's address [default: that of config.toml, or http://127.0.0.1:8000/]
    #[arg(short, long)]
    url: Option<ServerUrl>,
    /// The API token [default: that of config.toml]
    #[arg(short, long, env = "UPROOT_API_KEY", hide_env_values = true)]
    auth: Option<String>,
    /// The HTTP method
    #[arg(short = 'X', long, default_value = "GET")]
    method: String,
    /// The body, as JSON
    #[arg(short, long, value_name = "JSON")]
    data: Option<String>,
    /// Write the answer to this file
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// Makes the call.
pub(super) fn run(args: Args, path: &Path) -> Exit {
    // The configuration's token is for the configuration's server, and for no other.
    let configured = match (&args.url, path.exists()) {
        (None, true) => {
            let draft = config::load(path);
            let mut wrong = draft.problems;
            wrong.retain(Problem::is_error);
            if !wrong.is_empty() {
                problems::print(&wrong);
                out::error(
                    "the configuration does not tell for sure which server is meant: mend it, or give --url and --auth",
                );
                return Exit::Usage;
            }
            Some(draft.config.uproot)
        }
        _ => None,
    };
    let token =
        args.auth.map(SecretString::from).or_else(|| configured.as_ref().map(|uproot| uproot.token.clone()));
    let url = args.url.or_else(|| configured.map(|uproot| uproot.url)).unwrap_or_default();
    let token = token.filter(|token| !secrecy::ExposeSecret::expose_secret(token).is_empty());
    let Some(token) = token else {
        out::error("no API token: give --auth, or set UPROOT_API_KEY");
        return Exit::Usage;
    };
    let Ok(method) = Method::from_bytes(args.method.to_ascii_uppercase().as_bytes()) else {
        out::error(&format!("{:?} is no HTTP method", args.method));
        return Exit::Usage;
    };
    let data = args.data.filter(|data| !data.is_empty() && data != "null");
    if let Some(data) = &data
        && let Err(error) = serde_json::from_str::<Value>(data)
    {
        out::error(&format!("--data is not JSON: {error}; nothing was sent"));
        return Exit::Usage;
    }
    let runtime = match run::runtime() {
        Ok(runtime) => runtime,
        Err(exit) => return exit,
    };
    let env: Arc<dyn Environment> = Arc::new(Live::new(runtime.handle().clone()));
    let scope = Scope::for_duration(env.now(), Duration::from_mins(10));
    let client = Client::new(env, url, token);
    match client.raw(method, &args.endpoint, data.map(Into::into), &scope) {
        Ok(answer) => deliver(&answer, args.output.as_deref()),
        Err(error) => {
            out::error(&error.message);
            match error.kind {
                ErrorKind::BadCall => Exit::Usage,
                ErrorKind::BadAnswer => Exit::NotRight,
                _ => Exit::Unreachable,
            }
        }
    }
}

fn deliver(answer: &crate::environment::Response, output: Option<&Path>) -> Exit {
    let exit = if answer.status < 300 { Exit::Done } else { Exit::NotRight };
    if let Some(path) = output.filter(|_| exit == Exit::Done) {
        let mut part = path.as_os_str().to_owned();
        part.push(".part");
        let written = std::fs::write(&part, &answer.body).and_then(|()| std::fs::rename(&part, path));
        if let Err(error) = written {
            let _ = std::fs::remove_file(&part);
            out::error(&format!("cannot write {}: {error}", path.display()));
            return Exit::NotRight;
        }
        out::line(&format!("wrote {} to {}", counted(answer.body.len(), "byte", "bytes"), path.display()));
        return exit;
    }
    if let Ok(value) = serde_json::from_slice::<Value>(&answer.body) {
        out::json(&value);
        return exit;
    }
    let kind =
        answer.headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let binary =
        kind.contains("zip") || kind.contains("octet-stream") || std::str::from_utf8(&answer.body).is_err();
    if binary && stdout().is_terminal() {
        out::error(&format!("the answer is not text ({kind}): save it with --output FILE"));
        return Exit::Usage;
    }
    out::bytes(&answer.body);
    exit
}
