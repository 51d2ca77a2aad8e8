//! Families whose rows are replaced as a whole.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use omtx_metrics::{
    CounterF64, Exporter, Gauge, Info, LabelValue, Labels, MetricSet, Registry, Snapshot, StateSet,
};

#[derive(Clone, Copy, LabelValue)]
enum Kind {
    Zinc,
    Copper,
}

#[derive(Labels)]
struct KindLabels {
    kind: Kind,
}

#[derive(Labels)]
struct DeviceLabels<'a> {
    device: &'a str,
    kind: Kind,
}

/// Devices.
#[derive(MetricSet)]
struct Devices {
    /// Joules.
    #[metric(unit = "joules")]
    device_energy_joules_total: Snapshot<DeviceLabels<'static>, CounterF64>,
    /// What it is.
    device_info: Snapshot<DeviceLabels<'static>, Info>,
    /// Watts by kind.
    #[metric(unit = "watts")]
    device_power_watts: Snapshot<KindLabels, Gauge>,
    /// Which kinds there are.
    #[metric(state = "kind")]
    device_kinds: Snapshot<(), StateSet<Kind>>,
    /// At most two.
    #[metric(max_series = 2)]
    device_slots: Snapshot<DeviceLabels<'static>, Gauge>,
}

fn devices() -> (Registry, Arc<Devices>) {
    let registry = Registry::builder().namespace("lab").build().unwrap();
    let devices = registry.register().unwrap();
    (registry, devices)
}

fn labels(device: &str, kind: Kind) -> DeviceLabels<'_> {
    DeviceLabels { device, kind }
}

#[test]
fn rows_that_are_not_named_again_go_away() {
    let (registry, devices) = devices();
    assert_eq!(
        registry.to_text(),
        "",
        "a family without rows has no metadata"
    );
    devices.device_energy_joules_total.replace(|rows| {
        rows.with(labels("b", Kind::Zinc)).mirror(2.0);
        rows.with(labels("a\"\n", Kind::Copper)).mirror(1.0);
    });
    devices.device_info.replace(|rows| {
        rows.with(labels("a", Kind::Zinc));
    });
    devices.device_power_watts.replace(|rows| {
        rows.with(KindLabels { kind: Kind::Copper }).set(4.0);
        rows.with(KindLabels { kind: Kind::Zinc }).set(3.0);
    });
    devices
        .device_kinds
        .replace(|rows| rows.with(()).set(Kind::Copper));
    assert_eq!(
        registry.to_text(),
        "\
# HELP lab_device_energy_joules_total Joules.
# TYPE lab_device_energy_joules_total counter
lab_device_energy_joules_total{device=\"a\\\"\\n\",kind=\"copper\"} 1
lab_device_energy_joules_total{device=\"b\",kind=\"zinc\"} 2
# HELP lab_device_info What it is.
# TYPE lab_device_info gauge
lab_device_info{device=\"a\",kind=\"zinc\"} 1
# HELP lab_device_kinds Which kinds there are.
# TYPE lab_device_kinds gauge
lab_device_kinds{kind=\"zinc\"} 0
lab_device_kinds{kind=\"copper\"} 1
# HELP lab_device_power_watts Watts by kind.
# TYPE lab_device_power_watts gauge
lab_device_power_watts{kind=\"zinc\"} 3
lab_device_power_watts{kind=\"copper\"} 4
"
    );
    devices
        .device_energy_joules_total
        .replace(|rows| rows.with(labels("b", Kind::Zinc)).mirror(2.5));
    devices.device_info.replace(|_| {});
    devices.device_power_watts.replace(|_| {});
    devices.device_kinds.replace(|_| {});
    assert_eq!(
        registry.to_text(),
        "\
# HELP lab_device_energy_joules_total Joules.
# TYPE lab_device_energy_joules_total counter
lab_device_energy_joules_total{device=\"b\",kind=\"zinc\"} 2.5
"
    );
    assert!(devices.device_info.is_empty());
}

#[test]
fn a_row_that_stays_keeps_its_cell() {
    let (_, devices) = devices();
    let count = || {
        let mut seen = 0.0;
        devices.device_energy_joules_total.replace(|rows| {
            let counter = rows.with(labels("a", Kind::Zinc));
            counter.add(1.0);
            seen = counter.get();
        });
        seen
    };
    assert_eq!([count(), count()], [1.0, 2.0]);
    devices.device_energy_joules_total.replace(|_| {});
    assert_eq!(count(), 1.0, "a row that comes back is a new one");
}

#[test]
fn rows_beyond_the_cap_are_left_out_and_counted() {
    let (registry, devices) = devices();
    let fill = |names: &[&str]| {
        devices.device_slots.replace(|rows| {
            for (at, name) in (1..).zip(names) {
                rows.with(labels(name, Kind::Zinc)).set(f64::from(at));
            }
        });
    };
    fill(&["a", "b", "c", "d"]);
    assert_eq!(devices.device_slots.len(), 2);
    assert_eq!(devices.device_slots.dropped(), 2);
    let scrape = Exporter::new(&registry).scrape();
    let text = String::from_utf8_lossy(&scrape.into_body()).into_owned();
    assert!(
        text.contains("omtx_series_dropped_total{family=\"lab_device_slots\"} 2"),
        "{text}"
    );
    fill(&["x", "y"]);
    assert!(registry.to_text().ends_with("lab_device_slots{device=\"x\",kind=\"zinc\"} 1\nlab_device_slots{device=\"y\",kind=\"zinc\"} 2\n"));
    assert_eq!(
        devices.device_slots.dropped(),
        2,
        "those of the round before make room"
    );
}

#[test]
fn the_catalogue_knows_it_as_any_family() {
    let (registry, _) = devices();
    let catalog = registry.catalog();
    let family = catalog.get("lab_device_power_watts").unwrap();
    assert_eq!((&*family.unit, family.labels.len()), ("watts", 1));
}

#[test]
fn a_scrape_sees_all_of_the_old_rows_or_all_of_the_new_ones() {
    let (registry, devices) = devices();
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut value = 0.0;
            while !stop.load(Ordering::Relaxed) {
                value += 1.0;
                devices.device_power_watts.replace(|rows| {
                    rows.with(KindLabels { kind: Kind::Zinc }).set(value);
                    rows.with(KindLabels { kind: Kind::Copper }).set(value);
                });
            }
        });
        for _ in 0..500 {
            let text = registry.to_text();
            let values: Vec<&str> = text
                .lines()
                .filter(|line| !line.starts_with('#'))
                .filter_map(|line| line.split(' ').nth(1))
                .collect();
            assert!(
                values.is_empty() || (values.len() == 2 && values[0] == values[1]),
                "{text}"
            );
        }
        stop.store(true, Ordering::Relaxed);
    });
}
