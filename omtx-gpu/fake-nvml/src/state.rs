//! The driver itself: the script, what was called, and who waits.

use std::collections::HashMap;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use crate::reply::Return;
use crate::script::{Device, Script};

/// How soon a change of the script's file is seen by a call that waits.
const POLL: Duration = Duration::from_millis(5);

/// One per loaded copy of the library.
pub(crate) static DRIVER: LazyLock<Driver> = LazyLock::new(Driver::default);

#[derive(Default)]
pub(crate) struct Driver {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    script: Arc<Script>,
    source: Source,
    /// `nvmlInit_v2` less `nvmlShutdown`.
    users: u64,
    /// The life of the driver that the first of them attached to.
    attached: u16,
    calls: HashMap<String, u64>,
    hanging: HashMap<String, u64>,
    sets: HashMap<usize, EventSet>,
    next_set: usize,
}

/// Where the script comes from.
#[derive(Default)]
enum Source {
    #[default]
    Unknown,
    /// A test in this process, or nowhere.
    Played,
    File(PathBuf, Option<Stamp>),
}

type Stamp = (Option<SystemTime>, u64, u64);

struct EventSet {
    devices: Vec<usize>,
    /// How many of the script's events were there before.
    seen: usize,
}

/// A device, or an instance of one, as a handle names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Handle {
    pub(crate) life: u16,
    pub(crate) device: u16,
    /// 0 is the device itself, n its instance n - 1.
    pub(crate) instance: u16,
}

impl Handle {
    /// Never 0, and unlike what a client could make up.
    pub(crate) fn number(self) -> usize {
        0xFA << 48
            | usize::from(self.life) << 32
            | usize::from(self.device) << 16
            | usize::from(self.instance)
    }

    #[allow(clippy::cast_possible_truncation)] // sixteen bits each
    pub(crate) fn from_number(number: usize) -> Option<Self> {
        (number >> 48 == 0xFA).then_some(Self {
            life: (number >> 32) as u16,
            device: (number >> 16) as u16,
            instance: number as u16,
        })
    }
}

impl Driver {
    pub(crate) fn play(&self, script: Script) {
        let mut state = self.lock();
        state.source = Source::Played;
        state.replace(script);
        self.changed.notify_all();
    }

    pub(crate) fn calls(&self, symbol: &str) -> u64 {
        let state = self.lock();
        match symbol {
            "" => state.calls.values().sum(),
            symbol => state.calls.get(symbol).copied().unwrap_or_default(),
        }
    }

    pub(crate) fn hanging(&self, symbol: &str) -> u64 {
        let state = self.lock();
        state.hanging.get(symbol).copied().unwrap_or_default()
    }

    pub(crate) fn users(&self) -> u64 {
        self.lock().users
    }

    /// What every call begins with: it is counted, hangs or dawdles if it is told to, and may fail.
    pub(crate) fn enter(&self, symbol: &str) -> Result<Arc<Script>, Return> {
        let script = self.begin(symbol);
        match script.fail.get(symbol) {
            None | Some(Return::Success) => Ok(script),
            Some(failure) => Err(*failure),
        }
    }

    /// The same for calls that need a driver that is initialised.
    pub(crate) fn enter_initialised(&self, symbol: &str) -> Result<Arc<Script>, Return> {
        let script = self.enter(symbol)?;
        self.lock().check_attached()?;
        Ok(script)
    }

    /// The same for calls on a device.
    pub(crate) fn enter_device(&self, symbol: &str, handle: usize) -> Result<Target, Return> {
        let script = self.enter_initialised(symbol)?;
        let handle = Handle::from_number(handle).ok_or(Return::InvalidArgument)?;
        let target = Target { script, handle };
        let Some(device) = target.find() else {
            return Err(Return::InvalidArgument);
        };
        for state in [target.parent().state, device.state] {
            if state != Return::Success {
                return Err(state);
            }
        }
        match device.fail.get(symbol) {
            None | Some(Return::Success) => Ok(target),
            Some(failure) => Err(*failure),
        }
    }

    pub(crate) fn init(&self) -> Return {
        let script = match self.enter("nvmlInit_v2") {
            Ok(script) => script,
            Err(failure) => return failure,
        };
        if script.init == Return::Success {
            let mut state = self.lock();
            if state.users == 0 {
                state.attached = script.life;
            }
            state.users += 1;
        }
        script.init
    }

    pub(crate) fn shutdown(&self) -> Return {
        if let Err(failure) = self.enter("nvmlShutdown") {
            return failure;
        }
        let mut state = self.lock();
        if state.users == 0 {
            return Return::Uninitialized;
        }
        state.users -= 1;
        Return::Success
    }

    pub(crate) fn create_set(&self) -> Result<usize, Return> {
        let script = self.enter_initialised("nvmlEventSetCreate")?;
        let mut state = self.lock();
        state.next_set += 1;
        let (id, seen) = (state.next_set, script.events.len());
        let devices = Vec::new();
        state.sets.insert(id, EventSet { devices, seen });
        Ok(id)
    }

    pub(crate) fn register(&self, handle: usize, set: usize) -> Result<(), Return> {
        let target = self.enter_device("nvmlDeviceRegisterEvents", handle)?;
        if !target.device().has_events {
            return Err(Return::NotSupported);
        }
        let mut state = self.lock();
        let set = state.sets.get_mut(&set).ok_or(Return::InvalidArgument)?;
        set.devices.push(usize::from(target.handle.device));
        Ok(())
    }

    pub(crate) fn free_set(&self, set: usize) -> Result<(), Return> {
        self.enter_initialised("nvmlEventSetFree")?;
        let freed = self.lock().sets.remove(&set);
        freed.map(drop).ok_or(Return::InvalidArgument)
    }

    /// Waits for the next event of a set: the device's handle and the XID.
    pub(crate) fn await_event(
        &self,
        set: usize,
        timeout: Duration,
    ) -> Result<(usize, u64), Return> {
        self.enter_initialised("nvmlEventSetWait_v2")?;
        let deadline = Instant::now() + timeout;
        let mut state = self.lock();
        loop {
            state.check_attached()?;
            let script = Arc::clone(&state.script);
            let attached = state.attached;
            let set = state.sets.get_mut(&set).ok_or(Return::InvalidArgument)?;
            let lost = |device: &usize| {
                script.devices.get(*device).map(|device| device.state) == Some(Return::GpuIsLost)
            };
            if set.devices.iter().any(lost) {
                return Err(Return::GpuIsLost);
            }
            while let Some(event) = script.events.get(set.seen) {
                set.seen += 1;
                if set.devices.contains(&event.device) {
                    let handle = Handle {
                        life: attached,
                        device: u16::try_from(event.device).expect("there are few devices"),
                        instance: 0,
                    };
                    return Ok((handle.number(), event.xid));
                }
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(Return::Timeout);
            }
            state = self.wait(state, left);
        }
    }

    fn begin(&self, symbol: &str) -> Arc<Script> {
        let mut state = self.lock();
        state.read_file();
        *state.calls.entry(symbol.to_owned()).or_default() += 1;
        if state.script.hanging.contains(symbol) {
            *state.hanging.entry(symbol.to_owned()).or_default() += 1;
            while state.script.hanging.contains(symbol) {
                state = self.wait(state, POLL);
            }
            if let Some(count) = state.hanging.get_mut(symbol) {
                *count -= 1;
            }
        }
        let script = Arc::clone(&state.script);
        drop(state);
        if let Some(ms) = script.slow_ms.get(symbol) {
            std::thread::sleep(Duration::from_millis(*ms));
        }
        script
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a change. A file's are seen by looking.
    fn wait<'a>(&self, state: MutexGuard<'a, State>, limit: Duration) -> MutexGuard<'a, State> {
        let limit = match state.source {
            Source::File(..) => limit.min(POLL),
            _ => limit,
        };
        let (mut state, _) = self
            .changed
            .wait_timeout(state, limit)
            .unwrap_or_else(PoisonError::into_inner);
        state.read_file();
        state
    }
}

impl State {
    fn check_attached(&self) -> Result<(), Return> {
        if self.users == 0 || self.attached != self.script.life {
            return Err(Return::Uninitialized);
        }
        Ok(())
    }

    fn replace(&mut self, script: Script) {
        if script.events.len() < self.script.events.len() {
            self.sets.values_mut().for_each(|set| set.seen = 0);
        }
        self.script = Arc::new(script);
    }

    fn read_file(&mut self) {
        if let Source::Unknown = self.source {
            self.source = match file() {
                Some(path) => Source::File(path, None),
                None => Source::Played,
            };
        }
        let Source::File(path, stamp) = &mut self.source else {
            return;
        };
        let new = stamp_of(path);
        if new.is_none() || new == *stamp {
            return;
        }
        *stamp = new;
        let script = std::fs::read(&*path)
            .ok()
            .and_then(|json| serde_json::from_slice(&json).ok());
        if let Some(script) = script {
            self.replace(script);
        }
    }
}

/// `$FAKE_NVML_SCRIPT`, or the file beside the library.
fn file() -> Option<PathBuf> {
    let named = std::env::var_os("FAKE_NVML_SCRIPT").map(PathBuf::from);
    named.or_else(|| {
        let mut path = crate::abi::own_path()?.into_os_string();
        path.push(".json");
        Some(path.into())
    })
}

fn stamp_of(path: &Path) -> Option<Stamp> {
    let metadata = std::fs::metadata(path).ok()?;
    Some((metadata.modified().ok(), metadata.len(), metadata.ino()))
}

/// A device that a call is about.
pub(crate) struct Target {
    script: Arc<Script>,
    pub(crate) handle: Handle,
}

impl Target {
    fn find(&self) -> Option<&Device> {
        if self.handle.life != self.script.life {
            return None;
        }
        let device = self.script.devices.get(usize::from(self.handle.device))?;
        match self.handle.instance {
            0 => Some(device),
            n => device.mig.as_ref()?.instances.get(usize::from(n) - 1),
        }
    }

    /// The device or the instance.
    pub(crate) fn device(&self) -> &Device {
        self.find().expect("`enter_device` found it")
    }

    /// The device that has the instance; the device itself for a device.
    pub(crate) fn parent(&self) -> &Device {
        &self.script.devices[usize::from(self.handle.device)]
    }
}
