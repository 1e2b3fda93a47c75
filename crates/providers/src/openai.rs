//! What every client of OpenAI's HTTP interface, and of servers that copy it, does alike.

pub(crate) use crate::llm::openai::{NAME, broke_off};
use crate::{
    BaseUrl, Secret,
    endpoint::Endpoint,
    llm::openai::{MANNERS, Profile, headers},
};

/// Where the server lists its models.
pub(crate) const MODELS: &str = "/models";

/// A base without any path gets `/v1`, where every server has it. Local servers want no key.
pub(crate) fn endpoint(base: BaseUrl, key: Option<Secret>) -> Endpoint {
    let base = base.versioned_if_bare();
    let headers = headers(key.as_ref(), Profile::of(&base).authorisation);
    Endpoint::new(&MANNERS, base, (key, headers))
}
