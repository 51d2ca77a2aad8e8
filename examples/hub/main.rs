//! `cargo run --example hub`: a job service for sequence analysis, fully observed.
//!
//! `--demo` makes traffic of its own for half a minute and goes on serving; `--demo --once` makes one round and stops.

use std::collections::BTreeMap;
use std::error::Error;
use std::io::{Write, stderr};
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use omtx_examples::hub::client::ClientError;
use omtx_examples::hub::demo::{self, Reason, Watch};
use omtx_examples::hub::{Config, Hub, config, logging, telemetry};
use omtx_metrics::Catalog;

/// How long `--demo` makes traffic.
const DEMO: Duration = Duration::from_secs(30);

/// Between two rounds of it.
const PAUSE: Duration = Duration::from_millis(1500);

const HELP: &str = "\
usage: cargo run --example hub [-- --demo [--once]]

  --demo   make traffic of its own, good and bad, for half a minute; then go on serving. Faults are allowed then, at
           most 8 jobs wait, and one that gets nowhere is stuck after 0.1 s
  --once   make one round of it, and stop

Variables, their defaults and what they mean:

";

#[derive(Default)]
struct Args {
    demo: bool,
    once: bool,
    help: bool,
}

impl Args {
    fn parse() -> Result<Self, String> {
        let mut args = Self::default();
        for arg in std::env::args_os().skip(1) {
            match arg.to_str() {
                Some("--demo") => args.demo = true,
                Some("--once") => (args.demo, args.once) = (true, true),
                Some("--help" | "-h") => args.help = true,
                _ => return Err(format!("unknown argument {arg:?}; try --help")),
            }
        }
        Ok(args)
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&format!("hub: {error}\n"));
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Box<dyn Error>> {
    let args = Args::parse()?;
    if args.help {
        say(&format!("{HELP}{}", config::help()));
        return Ok(());
    }
    let telemetry = telemetry::install()?;
    let logging = logging::install(&telemetry)?;
    let _flush = logging.shutdown_guard(logging::FLUSH);
    let mut config = Config::from_env()?;
    if args.demo {
        config = config.for_demo();
    }
    let hub = Hub::bind(config, &logging, &telemetry).await?;
    let address = hub.local_addr()?;
    hub.drain().start_on_signals()?;
    if !args.demo {
        welcome(address);
        return Ok(hub.serve().await?);
    }
    let catalog = hub.app().metrics.registry().catalog();
    let drain = hub.drain().clone();
    tokio::spawn(async move {
        demonstrate(address, catalog, args.once).await;
        if args.once {
            drain.start();
            drain.cut_delay(); // nobody balances load before a demonstration
        }
    });
    Ok(hub.serve().await?)
}

async fn demonstrate(address: SocketAddr, catalog: Catalog, once: bool) {
    if let Err(error) = rounds(address, &catalog, once).await {
        say(&format!("demo: {error}\n"));
    }
}

async fn rounds(address: SocketAddr, catalog: &Catalog, once: bool) -> Result<(), ClientError> {
    say(&format!(
        "\
hub demonstrates itself on http://{address}. Its log goes to stdout:
`> hub.log` puts it aside, and LOG_FORMAT=pretty makes it easier on the eyes.

"
    ));
    let mut watch = Watch::start(address).await?;
    let since = Instant::now();
    for seed in 1.. {
        demo::round(address, seed, &mut watch, |step| {
            say(&format!("  {:<50} {}\n", step.what, step.outcome))
        })
        .await?;
        if once || since.elapsed() >= DEMO {
            break;
        }
        tokio::time::sleep(PAUSE).await;
    }
    say(&summary(&watch, catalog));
    if !once {
        welcome(address);
    }
    Ok(())
}

/// Which families moved, and why the others did not.
fn summary(watch: &Watch, catalog: &Catalog) -> String {
    let (moved, unmoved) = (watch.moved().count(), watch.unmoved(catalog));
    let of = moved + unmoved.len();
    let mut others: BTreeMap<&str, (usize, &str)> = BTreeMap::new();
    for family in unmoved {
        let (families, why) = match demo::reason(family) {
            Some(Reason { families, why }) => (families, why),
            None => (family, "did not move, though it should have"),
        };
        others.entry(families).or_insert((0, why)).0 += 1;
    }
    let mut text = format!("\n{moved} of {of} metric families moved. The others:\n");
    for (families, (count, why)) in others {
        let families = match count {
            1 => families.to_owned(),
            _ => format!("{families} ({count})"),
        };
        text += &format!("  {families:<32} {why}\n");
    }
    text + "\n"
}

fn welcome(address: SocketAddr) {
    say(&format!(
        "\
hub listens on http://{address}. Try:

  printf '>a\\nACGTACGTTTGACA\\n>b\\nACGTCCGTTGACA\\n' > two.fasta
  curl --data-binary @two.fasta 'http://{address}/api/v1/jobs?job_type=align'
  curl http://{address}/api/v1/jobs/JOB_ID
  curl --json '{{\"user\":\"demo\",\"password\":\"demo\"}}' http://{address}/api/v1/login
  curl http://{address}/metrics
  curl http://{address}/health

Its log is JSON lines on stdout; LOG_FORMAT=pretty makes them easier on the eyes.
ctrl-c stops it; --help lists what can be set.
"
    ));
}

/// For people; what is for machines goes to stdout as JSON lines.
fn say(text: &str) {
    let _ = stderr().write_all(text.as_bytes()); // nobody to tell if stderr is closed
}
