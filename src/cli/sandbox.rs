//! `uproctor sandbox`: a simulated uproot server, alone.

use std::{net::SocketAddr, sync::Arc};

use secrecy::{ExposeSecret as _, SecretString};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::{
    exit::Exit,
    out,
    population::Population,
    run,
    server::{Server, Story},
};
use crate::{
    api::Generation,
    environment::Environment,
    live::Live,
    sandbox::{self, Sandbox, population},
    sim::generation_named,
};

/// `uproctor sandbox`
#[derive(clap::Args)]
pub(super) struct Args {
    /// Where to listen; port 0 takes any that is free
    #[arg(long, default_value = "127.0.0.1:8000", value_name = "ADDR")]
    listen: SocketAddr,
    /// The token of its Admin API; without one it is drawn and printed
    #[arg(long, env = "UPROOT_API_KEY", hide_env_values = true)]
    token: Option<String>,
    /// Which form of the API it speaks: contract, toggling or newest
    #[arg(long, default_value = "newest", value_parser = generation_named)]
    generation: Generation,
    /// Lives under this path, as a server with UPROOT_SUBDIRECTORY does
    #[arg(long, value_name = "NAME")]
    subdirectory: Option<String>,
    /// Makes this session at the start, with simulated participants in it
    #[arg(long, value_name = "NAME")]
    session: Option<String>,
    #[command(flatten)]
    population: Population,
}

/// Serves until Ctrl-C.
pub(super) fn run(args: &Args) -> Exit {
    let people = args.population.people_given();
    if args.session.is_none() && !people.is_empty() {
        let options = people.join(", ");
        out::error(&format!("{options}: nobody takes part without a session; add --session NAME"));
        return Exit::Usage;
    }
    let (scenario, mix) = match args.population.scenario() {
        Ok(found) => found,
        Err(exit) => return exit,
    };
    let runtime = match run::runtime() {
        Ok(runtime) => runtime,
        Err(exit) => return exit,
    };
    let env: Arc<dyn Environment> = Arc::new(Live::new(runtime.handle().clone()));
    let token = args.token.clone().unwrap_or_else(|| format!("{:016x}", env.random()));
    let token = SecretString::from(token);
    let seed = args.population.seed(&*env);
    let sandbox = Sandbox::new(Arc::clone(&scenario.experiment), args.generation, token.clone(), seed);
    let server = Server::new(sandbox, env);
    if let Some(session) = &args.session {
        let participants = population(&scenario, &mix, seed);
        if let Err(why) = server.begin_session(session, &scenario.participants.config, participants) {
            out::error(&format!("the session {session} could not be made: {why}"));
            return Exit::NotRight;
        }
    }
    let listener = match runtime.block_on(TcpListener::bind(args.listen)) {
        Ok(listener) => listener,
        Err(error) => {
            out::error(&format!("cannot listen on {}: {error}", args.listen));
            return Exit::Unreachable;
        }
    };
    let address = listener.local_addr().unwrap_or(args.listen);
    let root =
        args.subdirectory.as_deref().map(|name| format!("{}/", name.trim_matches('/'))).unwrap_or_default();
    out::line(&format!("A simulated uproot server at http://{address}/{root}"));
    out::line("For config.toml, under [uproot]:");
    out::line(&format!("url = \"http://{address}/{root}\""));
    if args.token.is_none() {
        out::line("For the shell that uproctor is started in, if `token_env` names this variable:");
        out::line(&format!("export UPROOT_API_KEY={}", token.expose_secret()));
    }
    let stop = CancellationToken::new();
    // Nobody's work is lost here: the first signal ends everything.
    let until = run::Until { stop: stop.clone(), hurry: stop.clone() };
    runtime.spawn(run::until_told_to_stop(until));
    runtime.spawn(server.clone().live(Story::Forgotten, stop.clone()));
    let answering = server.clone();
    let served = runtime.block_on(sandbox::serve(
        listener,
        args.subdirectory.as_deref(),
        Arc::new(move |request: &crate::environment::Request| answering.answer(request)),
        stop,
    ));
    match served {
        Ok(()) => Exit::Done,
        Err(error) => {
            out::error(&format!("the server ended: {error}"));
            Exit::NotRight
        }
    }
}
