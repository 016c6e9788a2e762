//! What the tracker wants done: the browser's part of each output, and what comes back of it as an input.

use js_sys::Promise;
use wasm_bindgen::prelude::*;

use super::super::value::method;
use super::super::web::{clear_timeout, say, set_timeout};
use super::super::{Heard, facts, gate_word, hooks};
use super::{Captured, Driver};
use crate::flags::Question;
use crate::tracker::{HookAnswer, Input, Output, Warning};

/// The longest wait that is asked of a timer. `setTimeout` takes 31 bits, and an hour more or less makes no difference
/// to something that is due in days.
const WAIT_MAX_MS: u64 = 3_600_000;

impl Driver {
    /// Carries out an output.
    pub(super) fn perform(&'static self, output: Output) {
        match output {
            Output::Captured { uuid, name } => {
                self.captured.borrow_mut().get_or_insert(Captured { uuid, name });
            }
            Output::Hook { id, place, event } => self.hook(id, place, &event),
            Output::Send { request, events, keepalive } => self.send(request, events, keepalive),
            Output::Abort { request } => self.requests.abort(request),
            Output::Exit { events } => self.requests.exit(&events),
            Output::Ask(question) => self.ask(question),
            Output::WakeAt(_) => self.set_timer(),
            Output::AskLock => self.ask_lock(),
            Output::ReleaseLock => self.lock.release(),
            Output::Opened { opens_mirror } => {
                self.lock.live();
                // Made early, so that the first record need not wait for it.
                if opens_mirror {
                    self.mirror.open();
                }
                self.find_timezone();
                self.host.opened();
            }
            Output::ReadEnvironment => {
                self.read_environment();
                self.enter(Input::EnvironmentRead);
            }
            Output::AwaitTaskEnd => self.await_task_end(),
            Output::ReadMirror => self.read_mirror(),
            Output::TryLater(uuid) => self.try_later(uuid),
            Output::EraseMirror { erases_records, is_used } => self.erase_mirror(erases_records, is_used),
            Output::TellPostHog(call) => {
                if let Some(posthog) = &self.code.posthog {
                    posthog.tell(call);
                }
            }
            Output::TellTeam { team, is_open } => self.host.tell_team(&team, gate_word(is_open)),
            Output::TellFlags => self.host.tell_flags(),
            Output::TellConsent(state) => self.host.tell_consent(state.word()),
            Output::TellNear(key) => self.host.tell_near(&key),
            Output::FlagsSettled(ticket) => self.host.flags_settled(ticket),
            Output::Flushed => self.host.flushed(),
            Output::IsShutDown => {
                self.is_shut_down.set(true);
                self.lock.leave();
                self.events.stop();
                self.mirror.end();
                self.host.is_shut_down();
            }
            Output::Say { level, text } => say(level.method(), &text),
        }
    }

    /// The microtasks of the page's code may read flags too.
    fn await_task_end(&'static self) {
        self.awaits_task_end.set(true);
        self.tasks.spawn(Box::pin(async move {
            let mut timer = JsValue::UNDEFINED;
            let is_over = self.tasks.until(&mut |resumed, _| {
                timer = set_timeout(resumed, 0)?;
                Ok(())
            });
            let _ = is_over.await;
            if self.awaits_task_end.replace(false) {
                self.enter(Input::TaskEnded);
            }
        }));
    }

    fn send(&'static self, request: u32, events: String, keepalive: bool) {
        let is_leaving = self.is_leaving.get();
        self.tasks.spawn(Box::pin(async move {
            if let Some(outcome) = self.requests.send(request, events, keepalive, is_leaving).await {
                self.enter(Input::SendFinished { request, outcome });
            }
        }));
    }

    fn ask(&'static self, question: Question) {
        self.tasks.spawn(Box::pin(async move {
            match question {
                Question::Json { id, url, body } => {
                    let answer = self.requests.ask(&url, body.as_deref()).await;
                    self.enter(Input::JsonAnswered { id, answer });
                }
                Question::Callback { id, team } => {
                    let is_open = self.call_back(JsValue::from(&team)).await;
                    self.enter(Input::CallbackAnswered { id, is_open });
                    if is_open == Some(false) {
                        self.try_as_number(&team).await;
                    }
                }
            }
        }));
    }

    /// What the page's callback says of a team. The page's code runs behind the call that asks.
    async fn call_back(&'static self, team: JsValue) -> Option<bool> {
        let said = method(&Promise::resolve(&team), "then", std::slice::from_ref(&self.code.is_team_enabled));
        let said = said.map(JsCast::unchecked_into).ok_or(JsValue::UNDEFINED);
        self.tasks.settled(said).await.ok().and_then(|said| said.as_bool())
    }

    /// A callback that compares numbers says no to every text: those who develop the page are told.
    async fn try_as_number(&'static self, team: &str) {
        let number = js_sys::Number::parse_float(team);
        let is_number = js_sys::Number::from(number).to_string_with_radix(10).is_ok_and(|text| text == *team);
        let is_watched = self.with(|tracker, facts| tracker.is_watched(&facts)) == Some(true);
        if is_number && is_watched && self.call_back(JsValue::from_f64(number)).await == Some(true) {
            let _ = self.with(|tracker, _| tracker.warn_once(Warning::TeamAsNumber));
        }
    }

    fn ask_lock(&'static self) {
        self.tasks.spawn(Box::pin(async move {
            let (answer, request) = self.lock.ask().await;
            self.enter(Input::LockAnswered(answer));
            // Another page may steal it.
            if let Some(request) = request
                && self.tasks.settled(Ok(request)).await.is_err()
            {
                self.enter(Input::LockLost);
            }
        }));
    }

    fn read_mirror(&'static self) {
        self.tasks.spawn(Box::pin(async move {
            // Where there is no mirror it holds nothing, which has to be known too.
            let records = self.mirror.read().await.unwrap_or_default();
            self.enter(Input::Mirrored(records));
        }));
    }

    fn erase_mirror(&'static self, erases_records: bool, is_used: bool) {
        self.tasks.spawn(Box::pin(async move {
            self.mirror.erase(erases_records.then_some(self.project.as_str()), is_used).await;
        }));
    }

    fn try_later(&'static self, uuid: String) {
        self.tasks.spawn(Box::pin(async move {
            let _ = self.tasks.until(&mut |resumed, _| set_timeout(resumed, 0).map(drop)).await;
            self.enter(Input::RetryQuarantined(uuid));
        }));
    }

    /// Sets the timer to what the tracker has named last: what is carried out here may have told it something since.
    fn set_timer(&self) {
        let _ = clear_timeout(&self.timer.take());
        let Some(at) = self.tracker.try_borrow().ok().and_then(|tracker| tracker.wake_at()) else { return };
        let wait_ms = at.0.saturating_sub(facts::monotonic().0).min(WAIT_MAX_MS);
        // One millisecond more, because browsers round timers down and `performance.now()` too.
        let timer = set_timeout(&self.host.hearer(Heard::Woke, 0), wait_ms as i32 + 1);
        self.timer.replace(timer.unwrap_or_default());
    }

    /// Shows an event to a hook of the page, and goes on with what that has made of it before anything else happens.
    fn hook(&'static self, id: u32, place: u32, event: &str) {
        let Some(hook) = self.code.hooks.get(place as usize) else { return };
        self.is_hooking.set(true);
        let answer: HookAnswer = hooks::run(hook, event);
        self.is_hooking.set(false);
        self.with(|tracker, facts| tracker.handle(facts, Input::Hooked { id, answer }));
    }
}
