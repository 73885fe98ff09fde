//! Why a request to AWS failed.

use aws_sdk_s3::{
    config::http::HttpResponse,
    error::{ProvideErrorMetadata, SdkError},
};
use thiserror::Error;

/// Why a request failed: the service's own answer, or else what went wrong on the way to it.
#[derive(Debug, Error)]
pub enum RequestError {
    /// The service answered with an error.
    #[error("{code}: {message}")]
    Service {
        /// Such as `AccessDenied`.
        code: String,
        /// The service's explanation.
        message: String,
    },
    /// The service answered with an error and did not explain it.
    #[error("{code}")]
    Unexplained {
        /// Such as `AccessDenied`.
        code: String,
    },
    /// The answer is an error without a code.
    #[error("HTTP status {0}")]
    Status(u16),
    /// There is no answer, or a part of it is missing or not readable.
    #[error(transparent)]
    Transport(Box<dyn std::error::Error + Send + Sync>),
}

impl<E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static> From<SdkError<E, HttpResponse>>
    for RequestError
{
    fn from(error: SdkError<E, HttpResponse>) -> Self {
        match (error.code(), error.message(), error.raw_response()) {
            (Some(code), Some(message), _) => Self::Service { code: code.to_owned(), message: message.to_owned() },
            (Some(code), None, _) => Self::Unexplained { code: code.to_owned() },
            (None, _, Some(response)) if !response.status().is_success() => Self::Status(response.status().as_u16()),
            (None, ..) => Self::Transport(Box::new(error)),
        }
    }
}
