//! The server as the carrier, an attacker and an operator meet it.

mod app;
mod calls;
mod endpoints;
mod examples;
mod media;
mod online;
mod rounds;
mod webhooks;
