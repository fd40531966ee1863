//! What other programs ask of the daemon: the JSON API, the metrics, and whether it is ready.

mod check;
mod every_route;
mod examples;
mod http;
mod logs;
mod metrics;
mod paging;
mod readiness;
mod roles;
