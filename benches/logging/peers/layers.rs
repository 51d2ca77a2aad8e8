//! Each with its JSON layer, a filter at INFO, and the fields of the spans in the line.

use std::fs::File;
use std::io::{self, Write};
use std::sync::Arc;

use tracing::level_filters::LevelFilter;
use tracing::{Dispatch, Subscriber};
use tracing_bunyan_formatter::{BunyanFormattingLayer, JsonStorageLayer};
use tracing_subscriber::Registry;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;

use super::TRACING_SUBSCRIBER;
use crate::contender::Contender;

/// A file that several threads write to, as stdout is one.
pub(crate) struct Shared(pub(crate) Arc<File>);

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        (&*self.0).write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn contender<S>(name: &'static str, subscriber: S) -> (&'static str, Contender)
where
    S: Subscriber + Send + Sync,
{
    (name, Contender::new(Dispatch::new(subscriber)))
}

pub(crate) fn all<W>(writer: W) -> Vec<(&'static str, Contender)>
where
    W: for<'w> MakeWriter<'w> + Clone + Send + Sync + 'static,
{
    let info = LevelFilter::INFO;
    vec![
        contender(
            "tracing-bunyan-formatter",
            Registry::default()
                .with(info)
                .with(JsonStorageLayer)
                .with(BunyanFormattingLayer::new(
                    "omtx-hub-api".to_owned(),
                    writer.clone(),
                )),
        ),
        contender(
            "json-subscriber",
            Registry::default()
                .with(info)
                .with(json_subscriber::layer().with_writer(writer.clone())),
        ),
        contender(
            TRACING_SUBSCRIBER,
            Registry::default().with(info).with(
                tracing_subscriber::fmt::layer()
                    .json()
                    .with_writer(writer.clone()),
            ),
        ),
        contender(
            "tracing-stackdriver",
            Registry::default()
                .with(info)
                .with(tracing_stackdriver::layer().with_writer(writer)),
        ),
    ]
}
