//! What registering a set twice, in parts or by reference means.

use std::sync::Arc;

use omtx_metrics::{Counter, FamilyRef, Histogram, Kind, MetricSet, Registry, SetOptions};

/// A mailer.
#[derive(MetricSet)]
struct Mailer {
    /// Mails sent.
    mails_sent_total: Counter,
    /// Time to send one.
    #[metric(unit = "seconds", buckets = [1.0, 10.0])]
    send_duration_seconds: Histogram,
}

/// A name and a type at compile time, for rules and dashboards.
const SENT: FamilyRef<Counter> = Mailer::MAILS_SENT_TOTAL;

#[test]
fn a_set_that_is_registered_twice_is_the_same_set() {
    let registry = Registry::new();
    let first = registry.register::<Mailer>().unwrap();
    let second = registry.clone().register::<Mailer>().unwrap();
    assert!(Arc::ptr_eq(&first, &second));
    first.mails_sent_total.inc();
    assert_eq!(second.mails_sent_total.get(), 1);
    assert_eq!(registry.catalog().families.len(), 2);
}

#[test]
fn the_same_options_mean_the_same_set_and_others_another() {
    let registry = Registry::new();
    let renamed = || SetOptions::new().namespace("other");
    let plain = registry.register::<Mailer>().unwrap();
    let first = registry.register_with::<Mailer>(renamed()).unwrap();
    let second = registry.register_with::<Mailer>(renamed()).unwrap();
    assert!(Arc::ptr_eq(&first, &second));
    assert!(!Arc::ptr_eq(&plain, &first));
    let names: Vec<String> = registry
        .catalog()
        .families
        .into_iter()
        .map(|family| family.name)
        .collect();
    assert_eq!(
        names,
        [
            "mails_sent_total",
            "other_mails_sent_total",
            "other_send_duration_seconds",
            "send_duration_seconds"
        ],
    );
}

#[test]
fn a_set_that_cannot_be_registered_leaves_nothing_behind() {
    let registry = Registry::new();
    registry
        .family::<(), Histogram>("send_duration_seconds", "Taken.", &[])
        .unwrap();
    let error = registry.register::<Mailer>().err().unwrap();
    assert!(error.is_conflict(), "{error}");
    assert_eq!(registry.catalog().families.len(), 1);
    assert!(!registry.to_text().contains("mails_sent_total"));
}

#[test]
fn a_set_outlives_the_registry_it_was_registered_in() {
    let mailer = Registry::new().register::<Mailer>().unwrap();
    mailer.mails_sent_total.inc();
    assert_eq!(mailer.mails_sent_total.get(), 1);
}

#[test]
fn references_are_constants_with_the_whole_description() {
    const NAME: &str = SENT.name();
    assert_eq!(NAME, "mails_sent_total");
    let desc = Mailer::SEND_DURATION_SECONDS.desc();
    assert_eq!(
        (desc.kind, desc.unit, desc.buckets),
        (Kind::Histogram, "seconds", &[1.0, 10.0][..])
    );
    assert_eq!(desc.help, "Time to send one.");
    assert_eq!(Mailer::FAMILIES.len(), 2);
}
