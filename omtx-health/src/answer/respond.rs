//! The answers.

use bytes::Bytes;
use http::request::Parts;
use http::{Method, StatusCode};

use super::{Answer, Endpoint, HEALTH_JSON, JSON, accept, query};
use crate::health::Inner;
use crate::render;

const READY_DRAINING: &str = r#"{"status":"not_ready","reason":"draining"}"#;
const ALIVE: &str = r#"{"status":"alive"}"#;
const STARTED: &str = r#"{"status":"started"}"#;
const STARTING: &str = r#"{"status":"starting"}"#;
const NOT_FOUND: &str = r#"{"status":"not_found","reason":"there is no check of this name"}"#;

impl Inner {
    pub(crate) fn answer(&self, endpoint: Endpoint<'_>, head: &Parts) -> Answer {
        if head.method != Method::GET && head.method != Method::HEAD {
            return Answer::method_not_allowed();
        }
        let answer = match endpoint {
            Endpoint::Health => self.answer_health(head),
            Endpoint::Check(name) => self.answer_check(name, head),
            Endpoint::Ready => self.answer_ready(head),
            Endpoint::Live => self.answer_live(),
            Endpoint::Startup => self.answer_startup(),
        };
        answer.head_only(head.method == Method::HEAD)
    }

    fn answer_health(&self, head: &Parts) -> Answer {
        let snapshot = self.snapshot();
        let health_json = accept::wants_health_json(&head.headers);
        let content_type = if health_json { HEALTH_JSON } else { JSON };
        let asked;
        let document = if head.uri.query().is_none() {
            if health_json {
                &snapshot.health_json
            } else {
                &snapshot.health
            }
        } else {
            let mut view = query::parse(head.uri.query(), &snapshot.report);
            view.details = view.verbose && self.may_see_details(head);
            let render = if health_json {
                render::health_json
            } else {
                render::health
            };
            asked = render(&self.identity, &snapshot.report, &view);
            &asked
        };
        let status = status(document.healthy);
        Answer::new(status, content_type, document.at(self.wall())).negotiated()
    }

    fn answer_check(&self, name: &str, head: &Parts) -> Answer {
        let snapshot = self.snapshot();
        let Some(check) = snapshot.report.check(name) else {
            return Answer::json(StatusCode::NOT_FOUND, NOT_FOUND);
        };
        let document = render::check(check, self.may_see_details(head));
        Answer::json(status(document.healthy), document.at(self.wall()))
    }

    fn answer_ready(&self, head: &Parts) -> Answer {
        if self.drain.is_draining() {
            let body = Bytes::from_static(READY_DRAINING.as_bytes());
            return Answer::json(StatusCode::SERVICE_UNAVAILABLE, body);
        }
        let snapshot = self.snapshot();
        if head.uri.query().is_none() {
            let readiness = &snapshot.readiness;
            return Answer::json(status(readiness.ready), readiness.body.clone());
        }
        let view = query::parse(head.uri.query(), &snapshot.report);
        let readiness = render::readiness(&snapshot.report, &view);
        Answer::json(status(readiness.ready), readiness.body)
    }

    /// Touches no check: what is wrong with a dependency is not cured by killing this process.
    fn answer_live(&self) -> Answer {
        match self.watchdogs.lost().filter(|_| !self.drain.is_draining()) {
            None => Answer::json(StatusCode::OK, Bytes::from_static(ALIVE.as_bytes())),
            Some(name) => Answer::json(
                StatusCode::SERVICE_UNAVAILABLE,
                // Names of watchdogs need no escapes.
                format!(r#"{{"status":"dead","reason":"no heartbeat: {name}"}}"#),
            ),
        }
    }

    fn answer_startup(&self) -> Answer {
        let started = self.snapshot().report.started;
        let body = if started { STARTED } else { STARTING };
        Answer::json(status(started), Bytes::from_static(body.as_bytes()))
    }
}

fn status(good: bool) -> StatusCode {
    if good {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    }
}
