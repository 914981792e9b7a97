//! From a socket to a call: connections, TLS, and what each call has to pass.

mod connection;
mod deadline;
mod gate;
mod http;
mod listener;
mod network;
mod pages;
mod places;
mod rate;
mod streams;
mod tls;

pub use connection::{Connection, Peer};
pub use gate::{Gate, Gated};
pub use http::Http;
pub use listener::{Security, incoming};
pub use pages::Pages;
pub use rate::Rates;
pub use tls::{Ends, Tls, TlsError, TlsFiles};
