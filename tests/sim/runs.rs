//! Runs: one seed from the first page to the verdict, calm or stormy, many seeds at a time, and the report of a failure.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use crate::chance::Chance;
use crate::faults::{Fault, Faults};
use crate::scene::Scene;
use crate::storage::CrashPoint;
use crate::tally::Tally;
use crate::world::{Happening, START, Verdict, Violation, World};

/// What is broken on purpose in a run.
#[cfg(feature = "broken-trackers")]
pub(crate) type Breakage = Option<posthog_booking_tracker::outbox::Sabotage>;
#[cfg(not(feature = "broken-trackers"))]
pub(crate) type Breakage = ();

#[cfg(feature = "broken-trackers")]
pub(crate) const INTACT: Breakage = None;
#[cfg(not(feature = "broken-trackers"))]
pub(crate) const INTACT: Breakage = ();

/// Short enough for a page of a script to learn of each turn of its gate.
const SCRIPT_TIME_TO_LIVE_MS: u64 = 3_000;

/// How much of a trace a failure prints.
const TRACE_LINES: usize = 250;

fn prepared(seed: u64, faults: Faults, breakage: Breakage, traced: bool) -> World {
    let mut world = World::new(seed, faults);
    #[cfg(feature = "broken-trackers")]
    {
        world.sabotage = breakage;
    }
    #[cfg(not(feature = "broken-trackers"))]
    let () = breakage;
    if traced {
        world.trace = Some(vec![format!("seed {seed}, faults {:?}", faults.list())]);
    }
    world
}

/// The faults of a seed: every fifth run has none.
pub(crate) fn faults_of(seed: u64) -> Faults {
    if seed.is_multiple_of(5) {
        return Faults::NONE;
    }
    Faults::some(&mut Chance::new(seed.wrapping_mul(31)))
}

/// A random run.
pub(crate) fn play_seed(seed: u64, breakage: Breakage, traced: bool) -> (World, Verdict) {
    play_with(seed, faults_of(seed), breakage, traced)
}

/// A random run with these faults.
pub(crate) fn play_with(seed: u64, faults: Faults, breakage: Breakage, traced: bool) -> (World, Verdict) {
    let mut world = prepared(seed, faults, breakage, traced);
    world.tabs_max = 1 + (seed / 5 % 4) as usize;
    world.contends = faults == Faults::NONE && world.tabs_max > 1 && seed.is_multiple_of(2);
    if world.contends {
        // Views as late as the settling time of the lock allows for, and requests that end at odd times.
        world.origin.borrow_mut().delay = (10, 18);
        world.weather.latency = (100, 900);
        world.scene = Scene::plain();
    }
    let deeds = world.chance.between(8, 60) as u32;
    world.schedule(0, Happening::Act(deeds));
    let verdict = play(&mut world, u64::MAX);
    (world, verdict)
}

fn play(world: &mut World, until: u64) -> Verdict {
    // The last deed is some time before the end of what it has begun.
    let mut end = until;
    if until == u64::MAX {
        let mut horizon = world.now;
        while world.has_deeds() {
            horizon += 1_000;
            world.run_until(horizon)?;
            horizon = horizon.max(world.now);
        }
        end = world.now + world.chance.between(0, 20_000);
    }
    world.run_until(end)?;
    world.heal()
}

/// A script that dies after its call number `calls`.
pub(crate) fn play_crash(number: usize, round: u64, calls: u64, browser: bool, traced: bool) -> (World, Verdict) {
    let (name, script) = crate::script::ALL[number];
    let mut world = prepared(7 + number as u64 + 100 * round, Faults::of(&[Fault::Crash]), INTACT, traced);
    world.note(|_| format!("script \"{name}\", crash after call {calls}, the browser: {browser}"));
    world.locks.missing = false;
    world.weather.bad_percent = 0;
    world.scene = Scene { time_to_live_ms: SCRIPT_TIME_TO_LIVE_MS, ..Scene::plain() };
    world.crash_kills_browser = browser;
    world.origin.borrow_mut().crash = (calls > 0).then_some(CrashPoint { calls });
    world.play_script(script());
    let verdict = play(&mut world, START + 20_000);
    (world, verdict)
}

/// A script of pages that replay a journal; how late each sees what others have stored, and who is served first, differs by the seed.
pub(crate) fn play_journal(seed: u64, script: crate::script::Script, traced: bool) -> (World, Verdict) {
    // Without the lock, copies are as many as pages, which is no fault.
    let mut world = prepared(seed, Faults::of(&[Fault::Crash]), INTACT, traced);
    world.scene = Scene::plain();
    world.weather.bad_percent = 0;
    world.wall_skew = 0;
    world.locks.missing = seed.is_multiple_of(3);
    world.origin.borrow_mut().delay = *world.chance.pick(&[(0, 2), (1, 15), (60, 90)]);
    world.play_script(script);
    let verdict = play(&mut world, START + 150_000);
    (world, verdict)
}

/// Prints what led to a violation, and what to type to see it again.
pub(crate) fn report(what: &str, world: &World, violation: &Violation) -> String {
    let trace = world.trace.clone().unwrap_or_default();
    let lines = crate::number("SIM_LINES").map_or(TRACE_LINES, |lines| lines as usize);
    let from = trace.len().saturating_sub(lines);
    let head = trace.first().cloned().unwrap_or_default();
    format!(
        "{head}\n…\n{}\n\n{what}: checker \"{}\" at {} ms: {}\n",
        trace[from..].join("\n"),
        violation.checker,
        world.now - START,
        violation.story
    )
}

/// Many seeds.
pub(crate) struct Played {
    pub(crate) seeds: u64,
    /// The story of the first one that failed.
    pub(crate) failure: Option<String>,
    pub(crate) tally: Tally,
}

/// Plays seeds from `first` on until `stop` says so, on all cores; the first that fails is played again with its trace.
pub(crate) fn play_seeds(first: u64, stop: &(dyn Fn(u64) -> bool + Sync)) -> Played {
    let next = AtomicU64::new(first);
    let failed = AtomicBool::new(false);
    let failure: Mutex<Option<u64>> = Mutex::new(None);
    let tally = Mutex::new(Tally::default());
    let cores = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(|| {
                while !failed.load(Ordering::Relaxed) {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if stop(seed) {
                        return;
                    }
                    let (world, verdict) = play_seed(seed, INTACT, false);
                    tally.lock().unwrap_or_else(PoisonError::into_inner).add(Tally::of(&world));
                    if verdict.is_err() {
                        failed.store(true, Ordering::Relaxed);
                        let mut failure = failure.lock().unwrap_or_else(PoisonError::into_inner);
                        *failure = Some(failure.map_or(seed, |earlier| earlier.min(seed)));
                    }
                }
            });
        }
    });
    let failure = failure.into_inner().unwrap_or_else(PoisonError::into_inner);
    let tally = tally.into_inner().unwrap_or_else(PoisonError::into_inner);
    Played { seeds: next.load(Ordering::Relaxed) - first, failure: failure.map(replay), tally }
}

/// Plays a seed with its trace, and tells its story where it fails.
pub(crate) fn replay(seed: u64) -> String {
    let (world, verdict) = play_seed(seed, INTACT, true);
    match verdict {
        Err(violation) => report(&format!("SIM_SEED={seed}"), &world, &violation),
        Ok(()) => {
            let facts = world.book.facts.len();
            format!("{}\nseed {seed} passes with {facts} events", world.trace.unwrap_or_default().join("\n"))
        }
    }
}
