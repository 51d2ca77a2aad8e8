//! Two exporters of one signal: `OTEL_TRACES_EXPORTER=otlp,console`.

use std::future::Future;
use std::pin::Pin;
use std::time::Instant;

use bytes::Bytes;

use super::{Answer, Transport, connect};
use crate::config::Endpoint;
use crate::{Error, Signal};

/// The transport to all of a signal's endpoints: a collector, standard output, or both in this order.
pub(crate) fn connect_all(endpoints: &[Endpoint]) -> Result<Box<dyn Transport>, Error> {
    match endpoints {
        [collector, console] => Ok(Box::new(Tee::new(connect(console)?, connect(collector)?))),
        [one] => connect(one),
        _ => Err(Error::system("a signal has one or two endpoints")),
    }
}

/// Shows each request once, and sends it until it is settled. What counts is the collector's answer.
struct Tee {
    console: Box<dyn Transport>,
    collector: Box<dyn Transport>,
    /// What was shown, as long as it may come again. The bytes are kept so that no others can take their place in memory.
    shown: Option<Bytes>,
}

impl Tee {
    fn new(console: Box<dyn Transport>, collector: Box<dyn Transport>) -> Self {
        Self {
            console,
            collector,
            shown: None,
        }
    }
}

impl Transport for Tee {
    fn export<'a>(
        &'a mut self,
        signal: Signal,
        request: Bytes,
        deadline: Instant,
    ) -> Pin<Box<dyn Future<Output = Answer> + Send + 'a>> {
        Box::pin(async move {
            let is_shown = self.shown.as_ref().is_some_and(|shown| {
                (shown.as_ptr(), shown.len()) == (request.as_ptr(), request.len())
            });
            if !is_shown {
                self.shown = Some(request.clone());
                let _ = self.console.export(signal, request.clone(), deadline).await;
            }
            let answer = self.collector.export(signal, request, deadline).await;
            if matches!(answer, Answer::Accepted { .. } | Answer::Refused { .. }) {
                self.shown = None;
            }
            answer
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::sync::{Arc, Mutex};
    use std::time::Duration;

    use super::*;

    #[derive(Clone, Default)]
    struct Scripted {
        requests: Arc<Mutex<Vec<Bytes>>>,
        answers: Arc<Mutex<VecDeque<Answer>>>,
    }

    impl Transport for Scripted {
        fn export<'a>(
            &'a mut self,
            _: Signal,
            request: Bytes,
            _: Instant,
        ) -> Pin<Box<dyn Future<Output = Answer> + Send + 'a>> {
            self.requests.lock().unwrap().push(request);
            let answer = self.answers.lock().unwrap().pop_front();
            let accepted = Answer::Accepted {
                rejected: 0,
                message: None,
            };
            Box::pin(std::future::ready(answer.unwrap_or(accepted)))
        }
    }

    #[tokio::test]
    async fn what_is_sent_again_is_shown_once() {
        let (console, collector) = (Scripted::default(), Scripted::default());
        collector.answers.lock().unwrap().push_back(Answer::Retry {
            after: None,
            cause: "down".to_owned(),
        });
        let mut tee = Tee::new(Box::new(console.clone()), Box::new(collector.clone()));
        let deadline = Instant::now() + Duration::from_secs(60);
        let request = Bytes::from(vec![1, 2, 3]);
        let first = tee.export(Signal::Traces, request.clone(), deadline).await;
        assert!(matches!(first, Answer::Retry { .. }));
        let second = tee.export(Signal::Traces, request.clone(), deadline).await;
        assert!(matches!(second, Answer::Accepted { .. }));
        // The same bytes once more are another batch.
        tee.export(Signal::Traces, request, deadline).await;
        assert_eq!(console.requests.lock().unwrap().len(), 2);
        assert_eq!(collector.requests.lock().unwrap().len(), 3);
    }
}
