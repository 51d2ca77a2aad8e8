//! Which body types the layer hands on.

use crate::{Observer, RequestBody, ResponseBody};
use http::Request;
use http_body::Body;

/// Works with every body type: the inner service sees [`RequestBody`], the outer one [`ResponseBody`].
///
/// No body is boxed. This is the mode for plain hyper and tower services.
#[derive(Clone, Copy, Debug, Default)]
pub struct AnyBody;

/// Keeps [`axum::body::Body`] on both sides, as `Router::layer` wants it.
///
/// An empty request body and a response body that is over at its head pass through unchanged; others are boxed once.
#[cfg(feature = "axum")]
#[derive(Clone, Copy, Debug, Default)]
pub struct AxumBody;

mod sealed {
    pub trait Sealed {}

    impl Sealed for super::AnyBody {}
    #[cfg(feature = "axum")]
    impl Sealed for super::AxumBody {}
}

/// What a mode makes of a request body. Implemented by [`AnyBody`] and `AxumBody` alone.
#[diagnostic::on_unimplemented(
    message = "the mode `{Self}` takes no request body of type `{B}`",
    note = "`axum_layer` is for `axum::Router`; use `ObserveLayer::new` for services of other body types"
)]
pub trait WrapRequest<B>: sealed::Sealed {
    /// What the inner service sees.
    type Body;

    #[doc(hidden)]
    fn wrap_request(
        request: Request<B>,
        watch: impl FnOnce(B) -> RequestBody<B>,
    ) -> Request<Self::Body>;
}

/// What a mode makes of a response body. Implemented by [`AnyBody`] and `AxumBody` alone.
pub trait WrapResponse<B, O: Observer>: sealed::Sealed {
    /// What the outer service sees.
    type Body;

    #[doc(hidden)]
    fn wrap_response(body: ResponseBody<B, O>) -> Self::Body;
}

impl<B: Body> WrapRequest<B> for AnyBody {
    type Body = RequestBody<B>;

    fn wrap_request(
        request: Request<B>,
        watch: impl FnOnce(B) -> RequestBody<B>,
    ) -> Request<Self::Body> {
        request.map(watch)
    }
}

impl<B: Body, O: Observer> WrapResponse<B, O> for AnyBody {
    type Body = ResponseBody<B, O>;

    fn wrap_response(body: ResponseBody<B, O>) -> Self::Body {
        body
    }
}

#[cfg(feature = "axum")]
impl WrapRequest<axum::body::Body> for AxumBody {
    type Body = axum::body::Body;

    fn wrap_request(
        request: Request<axum::body::Body>,
        watch: impl FnOnce(axum::body::Body) -> RequestBody<axum::body::Body>,
    ) -> Request<axum::body::Body> {
        if request.body().is_end_stream() {
            // Not even moved: a request is a few hundred bytes.
            return request;
        }
        request.map(|body| axum::body::Body::new(watch(body)))
    }
}

#[cfg(feature = "axum")]
impl<B, O> WrapResponse<B, O> for AxumBody
where
    B: Body<Data = bytes::Bytes> + Send + 'static,
    B::Error: Into<axum::BoxError>,
    O: Observer,
{
    type Body = axum::body::Body;

    fn wrap_response(mut body: ResponseBody<B, O>) -> Self::Body {
        // `Body::new` hands an `axum::body::Body` back as it is, without a box.
        match body.take_if_over() {
            Some(inner) => Self::Body::new(inner),
            None => Self::Body::new(body),
        }
    }
}
