//! A real Pushgateway as the referee.

use omtx_metrics::push::{Pushgateway, PushgatewayBuilder};
use omtx_metrics::testing::Exposition;
use omtx_metrics::{Counter, Gauge, Histogram, NativeBuckets, PROTOBUF_CONTENT_TYPE, Registry};

use crate::engine_server::Server;
use crate::protobuf::schema::decode;

/// A Pushgateway of the system's, with nothing in it.
struct Engine(Server);

impl Engine {
    /// One that is set up with these files, `web.yml` first, or `None` where it is not installed.
    fn start(name: &str, files: &[(&str, String)]) -> Option<Self> {
        let arguments = ["--persistence.file=", "--web.config.file=web.yml"];
        let arguments = &arguments[..if files.is_empty() { 1 } else { 2 }];
        Server::start("prometheus-pushgateway", name, files, arguments).map(Self)
    }

    fn builder(&self) -> PushgatewayBuilder {
        Pushgateway::builder(self.0.address.as_str())
            .job("nightly")
            .timeout(std::time::Duration::from_secs(60))
    }

    /// What Prometheus would scrape from it.
    fn metrics(&self) -> Exposition {
        let url = format!("http://{}/metrics", self.0.address);
        let mut answer = ureq::get(&url).call().unwrap();
        Exposition::parse(&answer.body_mut().read_to_string().unwrap()).unwrap()
    }

    fn read(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        self.metrics().read(name, labels)
    }
}

const NIGHTLY: [(&str, &str); 2] = [("instance", ""), ("job", "nightly")];

fn gauge(registry: &Registry, name: &'static str, value: f64) {
    let family = registry
        .family::<(), Gauge>(name, "A gauge.")
        .register()
        .unwrap();
    family.with(()).set(value);
}

#[test]
fn a_push_is_served_replaced_merged_and_deleted() {
    let Some(engine) = Engine::start("pushgateway", &[]) else {
        return;
    };
    let (first, second) = (Registry::new(), Registry::new());
    gauge(&first, "import_rows", 7.0);
    gauge(&first, "import_errors", 1.0);
    let seconds = first
        .family::<(), Histogram>("import_duration_seconds", "Taken.")
        .buckets([1.0, 10.0])
        .register()
        .unwrap();
    seconds.with(()).observe(3.0);
    let pushgateway = engine.builder().build(&first).unwrap();
    pushgateway.push().unwrap();
    assert_eq!(engine.read("import_rows", &NIGHTLY), Some(7.0));
    assert_eq!(
        engine.read("import_duration_seconds_sum", &NIGHTLY),
        Some(3.0)
    );
    let pushed_at = engine.read("push_time_seconds", &NIGHTLY);
    assert!(pushed_at.is_some_and(|at| at > 1.7e9), "{pushed_at:?}");

    // POST replaces families of the same name, and leaves others.
    gauge(&second, "import_rows", 8.0);
    let again = engine.builder().build(&second).unwrap();
    again.push_add().unwrap();
    assert_eq!(engine.read("import_rows", &NIGHTLY), Some(8.0));
    assert_eq!(engine.read("import_errors", &NIGHTLY), Some(1.0));

    // PUT replaces the group.
    again.push().unwrap();
    assert_eq!(engine.read("import_rows", &NIGHTLY), Some(8.0));
    assert_eq!(engine.read("import_errors", &NIGHTLY), None);

    again.delete().unwrap();
    // Deletions and pushes go through one queue: once this push has come through, so has the deletion.
    let other = engine.builder().job("other").build(&first).unwrap();
    other.push().unwrap();
    assert_eq!(engine.read("import_rows", &NIGHTLY), None);
    again.delete().unwrap();
}

#[test]
fn odd_values_of_the_grouping_key_arrive_as_they_are() {
    let Some(engine) = Engine::start("pushgateway-odd", &[]) else {
        return;
    };
    let registry = Registry::new();
    gauge(&registry, "import_rows", 7.0);
    for odd in [
        "",
        "/",
        "a/b",
        "/a/",
        "..",
        ".",
        "a b",
        "a+b",
        "50%",
        "%2F",
        "a?b#c",
        "\"\\\n",
        "Θ😀",
        "=",
        "@base64",
        "10.0.0.1:9100",
        "job",
        "~",
        "\t",
    ] {
        for (job, path) in [("nightly", odd), (odd, "x")] {
            if job.is_empty() {
                continue;
            }
            let builder = engine.builder().job(job).grouping("path", path);
            let pushgateway = builder.build(&registry).unwrap();
            pushgateway.push().unwrap();
            let labels = [("instance", ""), ("job", job), ("path", path)];
            assert_eq!(engine.read("import_rows", &labels), Some(7.0), "{labels:?}");
        }
    }
}

#[test]
fn what_the_pushgateway_finds_inconsistent_is_an_error_that_says_so() {
    let Some(engine) = Engine::start("pushgateway-inconsistent", &[]) else {
        return;
    };
    let (first, second) = (Registry::new(), Registry::new());
    gauge(&first, "jobs_total", 1.0);
    engine.builder().build(&first).unwrap().push().unwrap();
    let counter = second.family::<(), Counter>("jobs_total", "A counter.");
    counter.register().unwrap().with(()).inc();
    let other = engine.builder().job("other").build(&second).unwrap();
    let error = other.push().unwrap_err();
    assert_eq!(error.status(), Some(400));
    let said = error.to_string();
    assert!(
        said.contains("answered 400 to PUT: pushed metrics are invalid or inconsistent"),
        "{said}"
    );
    assert!(
        said.contains("\"jobs_total\"") && said.contains("is not a "),
        "{said}"
    );
    assert!(!said.contains('\n'), "{said}");
}

#[test]
fn native_histograms_pass_through_a_pushgateway() {
    let Some(engine) = Engine::start("pushgateway-native", &[]) else {
        return;
    };
    let registry = Registry::new();
    let seconds = registry
        .family::<(), Histogram>("import_duration_seconds", "Taken.")
        .native(NativeBuckets::new().without_classic())
        .register()
        .unwrap();
    seconds.with(()).observe(3.0);
    engine.builder().build(&registry).unwrap().push().unwrap();

    let url = format!("http://{}/metrics", engine.0.address);
    let answer = ureq::get(&url).header("accept", PROTOBUF_CONTENT_TYPE);
    let bytes = answer.call().unwrap().body_mut().read_to_vec().unwrap();
    let family = decode(&bytes)
        .into_iter()
        .find(|family| family.name.as_deref() == Some("import_duration_seconds"));
    let histogram = family.unwrap().metric[0].histogram.clone().unwrap();
    assert_eq!(
        (histogram.schema, histogram.sample_count),
        (Some(3), Some(1))
    );
    assert_eq!(histogram.positive_delta, [1]);
}

/// `secret`, as bcrypt with the lowest cost.
const SECRET: &str = "$2b$04$7CYYh15Jg/eAOrJmzgafBuLrZ3X7uXlasDLWor8pwA1pU9rIyECse";

#[test]
fn credentials_open_a_pushgateway_that_wants_some() {
    let web = format!("basic_auth_users:\n  pusher: {SECRET}\n");
    let Some(engine) = Engine::start("pushgateway-auth", &[("web.yml", web)]) else {
        return;
    };
    let registry = Registry::new();
    let builder = || engine.builder();
    let push = |builder: PushgatewayBuilder| builder.build(&registry).unwrap().push();
    assert_eq!(push(builder()).unwrap_err().status(), Some(401));
    let wrong = push(builder().basic_auth("pusher", "wrong"));
    assert_eq!(wrong.unwrap_err().status(), Some(401));
    push(builder().basic_auth("pusher", "secret")).unwrap();
    let url = format!("http://pusher:secret@{}", engine.0.address);
    push(Pushgateway::builder(url).job("nightly")).unwrap();
}

#[cfg(feature = "push-tls")]
#[test]
fn a_push_over_tls_arrives_if_the_certificate_is_trusted() {
    let authority = rcgen::KeyPair::generate().unwrap();
    let mut root = rcgen::CertificateParams::new([]).unwrap();
    root.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let root_certificate = root.self_signed(&authority).unwrap();
    let issuer = rcgen::Issuer::new(root, authority);
    let key = rcgen::KeyPair::generate().unwrap();
    let server = rcgen::CertificateParams::new(["localhost".to_owned()]).unwrap();
    let certificate = server.signed_by(&key, &issuer).unwrap();
    let web = "tls_server_config:\n  cert_file: server.pem\n  key_file: server.key\n";
    let files = [
        ("web.yml", web.to_owned()),
        ("server.pem", certificate.pem()),
        ("server.key", key.serialize_pem()),
    ];
    let Some(engine) = Engine::start("pushgateway-tls", &files) else {
        return;
    };
    let (registry, (_, port)) = (Registry::new(), engine.0.address.rsplit_once(':').unwrap());
    let builder = |host: &str| {
        Pushgateway::builder(format!("https://{host}:{port}"))
            .job("nightly")
            .timeout(std::time::Duration::from_secs(60))
    };
    let trusting = |host: &str| builder(host).root_certificates(root_certificate.pem());
    trusting("localhost")
        .build(&registry)
        .unwrap()
        .push()
        .unwrap();

    // Neither an authority nor a name that is not trusted is asked twice.
    for untrusted in [builder("localhost"), trusting("127.0.0.1")] {
        let error = untrusted.build(&registry).unwrap().push().unwrap_err();
        assert!(error.is_unreachable());
        let said = error.to_string();
        assert!(
            said.contains("certificate") && !said.contains("attempts"),
            "{said}"
        );
    }
}
