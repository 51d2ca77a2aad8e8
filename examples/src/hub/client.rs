//! A small HTTP client for the demonstration and the tests.

use std::fmt;
use std::net::SocketAddr;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, USER_AGENT};
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client as Pool;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

/// Talks to one service.
#[derive(Clone, Debug)]
pub struct Client {
    address: SocketAddr,
    pool: Pool<HttpConnector, Full<Bytes>>,
    token: Option<String>,
    agent: &'static str,
}

/// What came back.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Bytes,
}

impl Answer {
    /// The body as JSON, or null where it is none.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// A string member of the JSON body, or the empty string.
    #[must_use]
    pub fn text(&self, member: &str) -> String {
        self.json()[member].as_str().unwrap_or_default().to_owned()
    }
}

impl Client {
    /// A client of the service at `address`.
    #[must_use]
    pub fn new(address: SocketAddr) -> Self {
        Self {
            address,
            pool: Pool::builder(TokioExecutor::new()).build_http(),
            token: None,
            agent: "hub-client/0.1",
        }
    }

    /// The same, with a session's token.
    #[must_use]
    pub fn with_token(mut self, token: String) -> Self {
        self.token = Some(token);
        self
    }

    /// The same, under another program's name.
    #[must_use]
    pub fn with_agent(mut self, agent: &'static str) -> Self {
        self.agent = agent;
        self
    }

    /// `GET`.
    ///
    /// # Errors
    ///
    /// When there is no answer.
    pub async fn get(&self, path: &str) -> Result<Answer, ClientError> {
        self.request(Method::GET, path, "").await
    }

    /// `POST`; a body that begins with `{` is sent as JSON.
    ///
    /// # Errors
    ///
    /// When there is no answer.
    pub async fn post(&self, path: &str, body: impl Into<Bytes>) -> Result<Answer, ClientError> {
        self.request(Method::POST, path, body).await
    }

    /// Any method.
    ///
    /// # Errors
    ///
    /// When there is no answer.
    pub async fn request(
        &self,
        method: Method,
        path: &str,
        body: impl Into<Bytes>,
    ) -> Result<Answer, ClientError> {
        let body = body.into();
        let mut request = Request::builder()
            .method(method)
            .uri(format!("http://{}{path}", self.address))
            .header(USER_AGENT, self.agent);
        if body.starts_with(b"{") {
            request = request.header(CONTENT_TYPE, "application/json");
        }
        if let Some(token) = &self.token {
            request = request.header(AUTHORIZATION, format!("Bearer {token}"));
        }
        let request = request.body(Full::new(body)).map_err(ClientError::new)?;
        let (head, body) = self
            .pool
            .request(request)
            .await
            .map_err(ClientError::new)?
            .into_parts();
        let body = body.collect().await.map_err(ClientError::new)?.to_bytes();
        Ok(Answer {
            status: head.status,
            headers: head.headers,
            body,
        })
    }

    /// Begins to post a job and stops in the middle of the body.
    ///
    /// # Errors
    ///
    /// When there is no connection.
    pub async fn half_an_upload(&self) -> Result<TcpStream, ClientError> {
        let mut connection = TcpStream::connect(self.address)
            .await
            .map_err(ClientError::new)?;
        let head = "POST /api/v1/jobs?job_type=gc HTTP/1.1\r\nhost: hub\r\ncontent-length: 100000\r\n\r\n>half\nACGT";
        connection
            .write_all(head.as_bytes())
            .await
            .map_err(ClientError::new)?;
        Ok(connection)
    }

    /// Begins to post a job and hangs up in the middle of the body.
    ///
    /// # Errors
    ///
    /// When there is no connection.
    pub async fn hang_up(&self) -> Result<(), ClientError> {
        let mut connection = self.half_an_upload().await?;
        connection.shutdown().await.map_err(ClientError::new)
    }
}

/// There was no answer.
#[derive(Debug)]
pub struct ClientError(String);

impl ClientError {
    fn new(error: impl std::error::Error) -> Self {
        // The outer error of the pool says only that there was one.
        Self(
            error
                .source()
                .map_or_else(|| error.to_string(), |source| format!("{error}: {source}")),
        )
    }
}

impl fmt::Display for ClientError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ClientError {}

impl From<std::io::Error> for ClientError {
    fn from(error: std::io::Error) -> Self {
        Self::new(error)
    }
}
