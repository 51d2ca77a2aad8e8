//! What registering a set twice, in parts or by reference means.

use std::sync::Arc;

use omtx_metrics::{
    Counter, FamilyRef, Histogram, Kind, LabelValue, Labels, MetricSet, Registry, SetOptions,
    StateSet,
};

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
        .family::<(), Histogram>("send_duration_seconds", "Taken.")
        .register()
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

#[test]
fn a_family_without_a_set_has_the_same_options() {
    #[derive(Clone, Copy, LabelValue)]
    enum Mood {
        Good,
        Bad,
    }
    #[derive(Labels)]
    struct MoodLabels {
        mood: Mood,
    }

    let registry = Registry::builder().namespace("shop").build().unwrap();
    let read = registry
        .family::<MoodLabels, Counter>("read_bytes_total", "Read.")
        .unit("bytes")
        .zeroed()
        .bare()
        .max_series(7)
        .register()
        .unwrap();
    read.with(MoodLabels { mood: Mood::Bad }).add(2);
    let mood = registry
        .family::<(), StateSet<Mood>>("mood", "How it is.")
        .state("is")
        .register()
        .unwrap();
    mood.with(()).set(Mood::Good);
    assert_eq!(
        registry.to_text(),
        "\
# HELP read_bytes_total Read.
# TYPE read_bytes_total counter
read_bytes_total{mood=\"good\"} 0
read_bytes_total{mood=\"bad\"} 2
# HELP shop_mood How it is.
# TYPE shop_mood gauge
shop_mood{is=\"good\"} 1
shop_mood{is=\"bad\"} 0
"
    );
    let catalog = registry.catalog();
    let family = catalog.get("read_bytes_total").unwrap();
    assert_eq!((family.unit.as_str(), family.max_series), ("bytes", 7));
}
