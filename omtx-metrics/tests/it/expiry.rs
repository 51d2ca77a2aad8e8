//! Series that were idle for too long leave, and nothing is lost by it.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use omtx_metrics::testing;
use omtx_metrics::{
    Counter, Family, Histogram, Info, IntGauge, Labels, MetricSet, Registry, SetOptions,
};

#[derive(Clone, Copy, Labels)]
struct TenantLabels<'a> {
    tenant: &'a str,
}

fn tenant(tenant: &str) -> TenantLabels<'_> {
    TenantLabels { tenant }
}

/// Tenants.
#[derive(MetricSet)]
struct Tenants {
    /// Orders.
    #[metric(idle = "10m", max_series = 2)]
    orders_total: Family<TenantLabels<'static>, Counter>,
    /// Carts.
    #[metric(idle = "10m")]
    carts: Family<TenantLabels<'static>, IntGauge>,
    /// Order values.
    #[metric(idle = "10m", buckets = [1.0])]
    order_value: Family<TenantLabels<'static>, Histogram>,
    /// Plans.
    #[metric(idle = "10m")]
    plan_info: Family<TenantLabels<'static>, Info>,
    /// Logins.
    #[metric(idle = "never")]
    logins_total: Family<TenantLabels<'static>, Counter>,
}

fn minute(minute: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(60 * minute)
}

/// The sample lines of a scrape at this minute.
fn scrape(registry: &Registry, at: u64) -> Vec<String> {
    let text = testing::at(minute(at), || registry.to_text());
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines.map(str::to_owned).collect()
}

#[test]
fn an_idle_series_leaves_after_its_time_and_returns_at_zero() {
    let registry = Registry::new();
    let tenants = registry.register::<Tenants>().unwrap();
    for name in ["a", "b"] {
        tenants.orders_total.with(tenant(name)).add(5);
    }
    let both = [
        "orders_total{tenant=\"a\"} 5",
        "orders_total{tenant=\"b\"} 5",
    ];
    assert_eq!(scrape(&registry, 0), both);
    assert_eq!(scrape(&registry, 9), both);
    tenants.orders_total.with(tenant("b")).inc();
    let last = [
        "orders_total{tenant=\"a\"} 5",
        "orders_total{tenant=\"b\"} 6",
    ];
    assert_eq!(scrape(&registry, 10), last, "shown once more");
    assert_eq!(scrape(&registry, 11), last[1..]);
    assert_eq!(tenants.orders_total.len(), 1);

    tenants.orders_total.with(tenant("a")).inc();
    assert_eq!(
        scrape(&registry, 12),
        [
            "orders_total{tenant=\"a\"} 1",
            "orders_total{tenant=\"b\"} 6"
        ]
    );
}

#[test]
fn room_below_the_cap_is_free_again() {
    let registry = Registry::new();
    let orders = &registry.register::<Tenants>().unwrap().orders_total;
    for name in ["a", "b", "c"] {
        orders.with(tenant(name)).inc();
    }
    assert_eq!(orders.dropped(), 1);
    for at in [0, 10] {
        scrape(&registry, at);
    }
    assert!(orders.is_empty(), "the overflow series is idle too");
    for name in ["c", "d"] {
        orders.with(tenant(name)).inc();
    }
    assert_eq!(
        scrape(&registry, 11),
        [
            "orders_total{tenant=\"c\"} 1",
            "orders_total{tenant=\"d\"} 1"
        ]
    );
    assert_eq!(orders.dropped(), 1);
}

#[test]
fn what_somebody_holds_stays_as_long_as_it_is_held() {
    let registry = Registry::new();
    let orders = &registry.register::<Tenants>().unwrap().orders_total;
    let held = orders.handle(tenant("a"));
    let line = |count| [format!("orders_total{{tenant=\"a\"}} {count}")];
    for at in [0, 10, 20, 30] {
        assert_eq!(scrape(&registry, at), line(0));
    }
    held.inc();
    drop(held);
    assert_eq!(scrape(&registry, 40), line(1));
    assert_eq!(scrape(&registry, 50), line(1));
    assert_eq!(scrape(&registry, 51), [""; 0]);

    // A reference holds all series of the family.
    let used = orders.with(tenant("b"));
    orders.with(tenant("c"));
    for at in [60, 70, 80] {
        assert_eq!(scrape(&registry, at).len(), 2);
    }
    drop(used);
    scrape(&registry, 81);
    assert!(orders.is_empty());
}

#[test]
fn gauges_expire_at_zero_only_and_infos_never() {
    let registry = Registry::new();
    let tenants = registry.register::<Tenants>().unwrap();
    tenants.carts.with(tenant("a")).set(3);
    tenants.carts.with(tenant("b"));
    tenants.plan_info.with(tenant("a"));
    tenants.order_value.with(tenant("a")).observe(0.5);
    tenants.logins_total.with(tenant("a")).inc();
    for at in [0, 10] {
        assert_eq!(scrape(&registry, at).len(), 8);
    }
    let stays = [
        "carts{tenant=\"a\"} 3",
        "logins_total{tenant=\"a\"} 1",
        "plan_info{tenant=\"a\"} 1",
    ];
    assert_eq!(scrape(&registry, 1_000), stays);
    tenants.carts.with(tenant("a")).set(0);
    for at in [2_000, 2_010] {
        assert_eq!(scrape(&registry, at).len(), 3);
    }
    assert_eq!(scrape(&registry, 2_011), stays[1..]);
}

#[test]
fn the_registry_and_the_registration_have_defaults_for_all_families() {
    let hour = Duration::from_secs(3_600);
    let registry = Registry::builder().expire_idle_after(hour).build().unwrap();
    let single = registry.family::<TenantLabels<'static>, Counter>("visits_total", "Visits.");
    let single = single.register().unwrap();
    let options = SetOptions::new().expire_idle_after(2 * hour);
    let tenants = registry.register_with::<Tenants>(options).unwrap();
    single.with(tenant("a")).inc();
    tenants.orders_total.with(tenant("a")).inc();
    tenants.logins_total.with(tenant("a")).inc();
    let visible = |at| scrape(&registry, at).len();
    assert_eq!([visible(0), visible(60), visible(61)], [3, 3, 2]);
    assert_eq!([visible(120), visible(121)], [2, 0]);
}

/// Tables grow and shrink over and over, and everything that stays is found.
#[test]
fn series_come_and_go_and_those_that_stay_keep_counting() {
    let registry = Registry::new();
    let family = registry
        .family::<TenantLabels<'static>, Counter>("visits_total", "Visits.")
        .expire_idle_after(Duration::from_secs(60))
        .register()
        .unwrap();
    for round in 0..50_u64 {
        for visitor in 0..100 {
            family.with(tenant(&format!("{round}-{visitor}"))).inc();
        }
        for regular in ["x", "y", "z"] {
            family.with(tenant(regular)).inc();
        }
        // Those of this round, of the one before, and the regular ones.
        let shown = scrape(&registry, 2 * round).len();
        assert_eq!(shown, if round == 0 { 103 } else { 203 });
        assert_eq!(family.len(), 103);
    }
    for regular in ["x", "y", "z"] {
        assert_eq!(family.with(tenant(regular)).get(), 50);
    }
}
