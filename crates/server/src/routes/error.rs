use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse, Response},
};

/// Why a request is refused. What the sender learns is here; details are for the log.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum ApiError {
    /// The body is not what it should be.
    BadRequest,
    /// It took too long to come.
    BodyTooSlow,
    /// It is too long.
    BodyTooLarge,
    /// Nobody knows who sent it.
    Forbidden,
    /// There is nobody at that number.
    NotFound,
    /// We did something wrong.
    Internal,
    /// Too many sockets stand at the door.
    TooMany,
    /// Nothing can be checked before someone configures a key.
    Unconfigured,
    /// A body of another kind is wanted.
    WrongContent,
}

impl ApiError {
    const fn parts(self) -> (StatusCode, &'static str, &'static str) {
        match self {
            Self::BadRequest => (
                StatusCode::BAD_REQUEST,
                "bad_request",
                "The request cannot be read.",
            ),
            Self::BodyTooSlow => (
                StatusCode::REQUEST_TIMEOUT,
                "body_too_slow",
                "The body took too long.",
            ),
            Self::BodyTooLarge => (
                StatusCode::PAYLOAD_TOO_LARGE,
                "body_too_large",
                "The body is too large.",
            ),
            Self::Forbidden => (
                StatusCode::FORBIDDEN,
                "forbidden",
                "The signature is missing or wrong.",
            ),
            Self::NotFound => (StatusCode::NOT_FOUND, "not_found", "There is nothing here."),
            Self::Internal => (
                StatusCode::INTERNAL_SERVER_ERROR,
                "internal",
                "Something went wrong on our side.",
            ),
            Self::TooMany => (
                StatusCode::TOO_MANY_REQUESTS,
                "too_many",
                "Too many connections wait already.",
            ),
            Self::Unconfigured => (
                StatusCode::INTERNAL_SERVER_ERROR,
                "unconfigured",
                "The server has no key to check signatures with.",
            ),
            Self::WrongContent => (
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "wrong_content",
                "The body should be a form.",
            ),
        }
    }

    /// A short label for metrics.
    pub(crate) const fn code(self) -> &'static str {
        self.parts().1
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let (status, code, message) = self.parts();
        let body = serde_json::json!({ "error": { "code": code, "message": message } });
        (status, Json(body)).into_response()
    }
}
