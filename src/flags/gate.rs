//! The team gate: whether what happens on the page may be tracked, for each team. Says whom to ask, keeps what they say, and says
//! when to ask again; whoever sends an event looks its team up here.
//!
//! Stored under `phbt:gate:<project>`: the teams that are tracked, each with the time at which that was asked. A team that is not
//! tracked leaves no trace there.

use super::request::{FlagsProject, Request};
use super::{JsonAnswer, Question, earlier};
use crate::event::json::{Object, Value};
use crate::outbox::{DropReason, Entropy, Monotonic, PROBE_INTERVAL_MS, Store, Wall, backoff_ms, noun_key};

/// An answer that could not be asked for again is used for this long: 24 hours.
pub const GATE_STALE_MAX_MS: u64 = 24 * 3_600_000;

/// So many teams are kept up to date on a page: its own, and those that were named last.
pub const GATE_TEAMS_MAX: usize = 100;

/// So many failures in a row are no reason to say anything yet.
const FAILURES_UNSAID: u32 = 3;

/// So many questions may be answered late.
const LATE_MAX: usize = 100;

/// The feature flag by which a team is tracked.
const TEAM_FLAG: &str = "posthog-booking-tracking";

/// Who the flag is asked for: nobody, the team alone decides.
const TEAM_FLAG_DISTINCT_ID: &str = "posthog-booking-tracker";

/// Somebody who can be asked about a team again and again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GateSource {
    /// The page's callback.
    Callback,
    /// The host application, at this address: it answers with a boolean, or with an object whose `enabled` is one.
    Url(String),
    /// PostHog's feature flag.
    Flag,
}

/// What happens to events that nothing can open the gate for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Ungated {
    /// They are ignored.
    #[default]
    Ignore,
    /// They are tracked.
    Track,
}

/// How the gate of a page is set up.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TeamGateOptions {
    /// The hash of the project's key.
    pub project: String,
    /// The team of the page; empty, where it has none.
    pub team: String,
    /// The page's own answer, which speaks for its team, or for every team where it has none.
    pub constant: Option<bool>,
    /// Who is asked, in this order.
    pub sources: Vec<GateSource>,
    /// What is known from the start: by the server that renders the page, or by the callback before there was a tracker.
    pub known: Vec<(String, bool)>,
    /// Whether the server that renders the page has said something.
    pub is_bootstrapped: bool,
    /// An answer is asked for again after this time, in ms.
    pub ttl_ms: u64,
    /// Nobody waits longer for an answer, in ms.
    pub timeout_ms: u64,
    /// So many failures in a row, then one attempt each five minutes.
    pub max_retries: u32,
    /// What happens to events that nothing can open the gate for.
    pub ungated: Ungated,
    /// Where the flag is asked for.
    pub flags: FlagsProject,
}

/// The teams of which an object says whether they are tracked.
///
/// # Example
/// ```
/// use posthog_booking_tracker::{event::json::Object, flags::known_teams};
/// let teams = Object::read(r#"{"42":true,"43":"perhaps"}"#).unwrap_or_default();
/// assert_eq!(known_teams(&teams), [("42".to_owned(), true)]);
/// ```
#[must_use]
pub fn known_teams(teams: &Object) -> Vec<(String, bool)> {
    let known = teams.members().filter_map(|(team, is_open)| Some((team.text()?.into_owned(), is_open.boolean()?)));
    known.collect()
}

/// What the gate says of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Admission {
    /// It waits for the gate of this team; for none, where there is none.
    Team(Option<String>),
    /// It is given up.
    Refused(DropReason),
}

/// What somebody has to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GateNews {
    /// A team is known, or nobody could say. It comes after each answer, and each time that none could be had.
    Answered(String),
    /// The same where it needed no asking: those who wait for events need not hear of it.
    Known(String),
    /// Nobody can say whether a team is tracked.
    Unanswered,
    /// Something for those who want to hear everything.
    Debug(String),
}

/// An answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Answer {
    is_open: bool,
    /// When it was asked for, by the wall clock, which pages share.
    asked: Wall,
    /// Whether storage has it, so that other pages may take it back.
    is_stored: bool,
}

/// A team that is kept up to date.
#[derive(Debug)]
struct Wanted {
    team: String,
    /// When it is asked for again.
    due: Monotonic,
    /// How often in a row nobody could say.
    failures: u32,
}

/// A team that is being asked about: one source after the other, until one has answered.
#[derive(Debug)]
struct Asking {
    team: String,
    asked: Wall,
    /// The source that is asked, by its place.
    place: usize,
    id: u32,
    /// Nobody waits longer for this source.
    until: Monotonic,
    /// The request, where PostHog is asked.
    request: Option<Request>,
}

/// A question that nobody waits for any more; its answer counts all the same.
#[derive(Debug)]
struct Late {
    id: u32,
    team: String,
    asked: Wall,
    source: GateSource,
}

/// The time, and what may be drawn by chance.
#[derive(Debug, Clone, Copy)]
pub struct GateNow {
    /// The wall clock.
    pub wall: Wall,
    /// The monotonic clock.
    pub monotonic: Monotonic,
    /// Whether the visitor has agreed, without which nothing is read, stored or asked.
    pub is_granted: bool,
}

/// The team gate of one tracker. Only a boolean is an answer; everything else means that nobody knows yet.
#[derive(Debug)]
pub struct TeamGate {
    /// The team of the page, for events that name none; empty, where there is none.
    pub team: String,
    options: TeamGateOptions,
    key: String,
    answers: Vec<(String, Answer)>,
    asking: Vec<Asking>,
    late: Vec<Late>,
    wanted: Vec<Wanted>,
    is_loaded: bool,
    is_resting: bool,
    /// The next question's name.
    next_id: u32,
    questions: Vec<Question>,
    news: Vec<GateNews>,
}

/// The names of the gate's questions begin here, so that nobody else asks by the same.
pub const FIRST_ID: u32 = 1 << 31;

impl TeamGate {
    /// The gate of a page.
    #[must_use]
    pub fn new(options: TeamGateOptions, wall: Wall) -> Self {
        let known = options.known.iter();
        Self {
            team: options.team.clone(),
            key: noun_key("gate", &options.project),
            answers: known
                .map(|(team, is_open)| (team.clone(), Answer { is_open: *is_open, asked: wall, is_stored: false }))
                .collect(),
            asking: Vec::new(),
            late: Vec::new(),
            wanted: Vec::new(),
            is_loaded: false,
            is_resting: false,
            next_id: FIRST_ID,
            questions: Vec::new(),
            news: Vec::new(),
            options,
        }
    }

    /// Whether it can be asked for any team.
    #[must_use]
    pub fn asks_for_teams(&self) -> bool {
        !self.options.sources.is_empty() || self.options.is_bootstrapped
    }

    /// The team whose gate an event of `team` waits for, or the reason to drop the event. Asks about it.
    pub fn admit(&mut self, store: &mut impl Store, team: &str, now: GateNow) -> Admission {
        let is_gated = self.asks_for_teams() || self.options.constant.is_some();
        if is_gated {
            self.want(store, team, now);
        }
        match self.state(store, Some(team), now) {
            Some(false) => Admission::Refused(DropReason::GateShut),
            None if team.is_empty() || !is_gated => match self.options.ungated {
                Ungated::Track => Admission::Team(None),
                Ungated::Ignore => Admission::Refused(DropReason::Ungated),
            },
            _ => Admission::Team((!team.is_empty()).then(|| team.to_owned())),
        }
    }

    /// Whether the gate of a team is open; `None`, while nobody knows. What no team gates is always open.
    pub fn state(&mut self, store: &impl Store, team: Option<&str>, now: GateNow) -> Option<bool> {
        let Some(team) = team else { return Some(true) };
        if let Some(constant) = self.constant(team) {
            return Some(constant);
        }
        self.load(store, now);
        let answer = self.answer(team)?;
        let is_old = now.wall.0.abs_diff(answer.asked.0) > GATE_STALE_MAX_MS;
        (self.options.sources.is_empty() || !is_old).then_some(answer.is_open)
    }

    /// The teams that have been named on this page.
    #[must_use]
    pub fn teams(&self) -> Vec<String> {
        let mut teams: Vec<String> = Vec::new();
        for team in core::iter::once(&self.team).chain(self.wanted.iter().map(|wanted| &wanted.team)) {
            if !team.is_empty() && !teams.contains(team) {
                teams.push(team.clone());
            }
        }
        teams
    }

    /// Something waits for a team, or somebody wants to know: asks, where that is due, and keeps the answer up to date.
    pub fn want(&mut self, store: &mut impl Store, team: &str, now: GateNow) {
        if team.is_empty() || self.wanted.iter().any(|wanted| wanted.team == team) || !self.make_room() {
            return;
        }
        let is_open = self.state(store, Some(team), now);
        let asked_now = Answer { is_open: is_open == Some(true), asked: now.wall, is_stored: false };
        let answer = match is_open {
            Some(true) => self.answer(team),
            Some(false) => Some(asked_now),
            None => None,
        };
        let age_ms = now.wall.0.saturating_sub(answer.map_or(0, |answer| answer.asked.0));
        let rest_ms = if is_open.is_none() { 0 } else { self.options.ttl_ms.saturating_sub(age_ms) };
        self.wanted.push(Wanted { team: team.to_owned(), due: now.monotonic + rest_ms, failures: 0 });
        // A yes of the server is remembered by other pages as well, and a no ends what they remember.
        if let Some(answer) = answer {
            let is_stored = self.store(store, team, answer, now);
            if let Some((_, answer)) = self.answers.iter_mut().find(|(other, _)| other == team) {
                answer.is_stored = is_stored;
            }
        }
        if is_open.is_some() {
            self.news.push(GateNews::Known(team.to_owned()));
        } else if self.options.sources.is_empty() {
            self.news.push(GateNews::Unanswered);
        }
        self.proceed(now);
    }

    /// Whether another team may be kept up to date: the one that was named first makes room, if it is not the page's own.
    fn make_room(&mut self) -> bool {
        if self.wanted.len() < GATE_TEAMS_MAX {
            return true;
        }
        let is_idle = |wanted: &Wanted| wanted.team != self.team && !self.is_asking(&wanted.team);
        let place = self.wanted.iter().position(is_idle);
        place.map(|place| self.wanted.remove(place)).is_some()
    }

    /// The page is seen or connected again, or may be tracked again: what is not known, or has grown old, is asked now.
    pub fn refresh(&mut self, now: GateNow) {
        for place in 0..self.wanted.len() {
            let answer = self.answer(&self.wanted[place].team);
            let wanted = &mut self.wanted[place];
            // The device may have slept, and the monotonic clock with it.
            let age_ms = now.wall.0.abs_diff(answer.map_or(0, |answer| answer.asked.0));
            if wanted.failures > 0 || age_ms >= self.options.ttl_ms {
                wanted.due = Monotonic(0);
            }
        }
        self.proceed(now);
    }

    /// Whether somebody is being asked about a team.
    #[must_use]
    pub fn is_asking(&self, team: &str) -> bool {
        self.asking.iter().any(|asking| asking.team == team)
    }

    /// Asks about the teams of which nobody knows, now; gives those that are being asked about.
    pub fn ask_unknown(&mut self, store: &impl Store, now: GateNow) -> Vec<String> {
        if !now.is_granted || self.options.sources.is_empty() {
            return Vec::new();
        }
        let mut unknown: Vec<String> = self.wanted.iter().map(|wanted| wanted.team.clone()).collect();
        unknown.retain(|team| self.state(store, Some(team), now).is_none());
        for team in &unknown {
            self.ask(team, now);
        }
        unknown
    }

    /// Another tab has learned something. Where it has forgotten a team that is tracked, that one may not be tracked any more.
    pub fn heard(&mut self, store: &mut impl Store, now: GateNow) {
        if self.options.sources.is_empty() || !now.is_granted {
            return;
        }
        let stored = self.stored(store, now.wall);
        // What is learned is told first: who hears that nobody knows gives up what has waited for too long, of any team.
        let mut forgotten = Vec::new();
        for place in 0..self.wanted.len() {
            let team = self.wanted[place].team.clone();
            let known = self.answer(&team);
            let heard = asked_of(&stored, &team);
            if let Some(asked) = heard.filter(|asked| known.is_none_or(|known| *asked > known.asked)) {
                self.learn(store, &team, Answer { is_open: true, asked, is_stored: true }, now);
            } else if heard.is_none() && known.is_some_and(|known| known.is_open && known.is_stored) {
                self.answers.retain(|(other, _)| *other != team);
                self.wanted[place].due = Monotonic(0);
                forgotten.push(GateNews::Answered(team));
            }
        }
        self.news.extend(forgotten);
        self.proceed(now);
    }

    /// Nobody is asked any more, unless by [`ask_unknown`](Self::ask_unknown).
    pub fn rest(&mut self) {
        self.is_resting = true;
    }

    /// Whether this has asked a question.
    #[must_use]
    pub fn has_asked(&self, id: u32) -> bool {
        self.asking.iter().any(|asking| asking.is_asked(id)) || self.late.iter().any(|late| late.id == id)
    }

    /// A server has answered.
    pub fn json_answered(
        &mut self,
        store: &mut impl Store,
        id: u32,
        answer: &JsonAnswer,
        now: GateNow,
        entropy: &mut Entropy,
    ) {
        if let Some(place) = self.late.iter().position(|late| late.id == id) {
            let is_open = match self.late[place].source {
                GateSource::Flag => flag_of(answer),
                _ => host_of(answer),
            };
            return self.answered(store, id, is_open, now, entropy);
        }
        let Some(asking) = self.asking.iter_mut().find(|asking| asking.is_asked(id)) else { return };
        let is_open = match &mut asking.request {
            Some(request) => match request.answered(&self.options.flags, answer, now.monotonic) {
                Some(outcome) => outcome.ok().and_then(|answer| answer.is_on_for_group(TEAM_FLAG)),
                None => return,
            },
            None => host_of(answer),
        };
        let id = asking.id;
        self.answered(store, id, is_open, now, entropy);
    }

    /// What is due is asked; nobody waits any more for who has not answered in time.
    pub fn advance(&mut self, store: &mut impl Store, now: GateNow, entropy: &mut Entropy) {
        while let Some(place) = self.asking.iter().position(|asking| asking.until <= now.monotonic) {
            self.go_on(store, place, now, entropy);
        }
        let mut retried = Vec::new();
        for asking in &mut self.asking {
            let Some(request) = &mut asking.request else { continue };
            if request.retry_at().is_some_and(|at| at <= now.monotonic) {
                self.next_id += 1;
                match request.retry(&self.options.flags, now.is_granted, self.next_id) {
                    Ok(question) => self.questions.push(question),
                    Err(_) => retried.push(asking.id),
                }
            }
        }
        for id in retried {
            self.answered(store, id, None, now, entropy);
        }
        self.proceed(now);
    }

    /// When something is due here.
    #[must_use]
    pub fn wake_at(&self, now: GateNow) -> Option<Monotonic> {
        let mut wake = None;
        for asking in &self.asking {
            wake = earlier(wake, Some(asking.until));
            wake = earlier(wake, asking.request.as_ref().and_then(Request::retry_at));
        }
        if self.may_ask(now) {
            for wanted in &self.wanted {
                if self.constant(&wanted.team).is_none() && !self.is_asking(&wanted.team) {
                    wake = earlier(wake, Some(wanted.due));
                }
            }
        }
        wake
    }

    /// What is to be asked now.
    pub fn take_questions(&mut self) -> Vec<Question> {
        core::mem::take(&mut self.questions)
    }

    /// What is to be told now.
    pub fn take_news(&mut self) -> Vec<GateNews> {
        core::mem::take(&mut self.news)
    }

    fn answer(&self, team: &str) -> Option<Answer> {
        self.answers.iter().find(|(other, _)| other == team).map(|(_, answer)| *answer)
    }

    /// The page's own answer, which speaks for the team of its configuration, or for every team where that names none.
    fn constant(&self, team: &str) -> Option<bool> {
        let own = &self.options.team;
        self.options.constant.filter(|_| own.is_empty() || own == team)
    }

    fn may_ask(&self, now: GateNow) -> bool {
        !self.options.sources.is_empty() && !self.is_resting && now.is_granted
    }

    /// Asks for what is due.
    fn proceed(&mut self, now: GateNow) {
        if !self.may_ask(now) {
            return;
        }
        for place in 0..self.wanted.len() {
            let wanted = &self.wanted[place];
            if wanted.due <= now.monotonic && self.constant(&wanted.team).is_none() {
                let team = wanted.team.clone();
                self.ask(&team, now);
            }
        }
    }

    /// Asks about a team, once at a time.
    fn ask(&mut self, team: &str, now: GateNow) {
        if self.is_asking(team) {
            return;
        }
        let mut asking =
            Asking { team: team.to_owned(), asked: now.wall, place: 0, id: 0, until: now.monotonic, request: None };
        self.ask_source(&mut asking, now);
        self.asking.push(asking);
    }

    /// Asks the source at the place of the asking, which there is.
    fn ask_source(&mut self, asking: &mut Asking, now: GateNow) {
        self.next_id += 1;
        asking.id = self.next_id;
        asking.until = now.monotonic + self.options.timeout_ms;
        asking.request = None;
        let question = match self.options.sources.get(asking.place) {
            Some(GateSource::Url(url)) => Question::Json { id: asking.id, url: url_of(url, &asking.team), body: None },
            Some(GateSource::Flag) => {
                let (request, question) = Request::start(&self.options.flags, &flag_body(&asking.team), asking.id);
                asking.request = Some(request);
                question
            }
            _ => Question::Callback { id: asking.id, team: asking.team.clone() },
        };
        self.questions.push(question);
    }

    /// Takes the answer to the question `id`, in time or late. `None`: the asking failed.
    pub fn answered(
        &mut self,
        store: &mut impl Store,
        id: u32,
        is_open: Option<bool>,
        now: GateNow,
        entropy: &mut Entropy,
    ) {
        if let Some(place) = self.late.iter().position(|late| late.id == id) {
            let Late { team, asked, .. } = self.late.remove(place);
            if let Some(is_open) = is_open {
                self.learn(store, &team, Answer { is_open, asked, is_stored: false }, now);
                // Nobody need be asked any further.
                self.asking.retain(|asking| asking.team != team || asking.asked != asked);
            }
            return;
        }
        let Some(place) = self.asking.iter().position(|asking| asking.id == id) else { return };
        match is_open {
            Some(is_open) => {
                let Asking { team, asked, .. } = self.asking.remove(place);
                self.learn(store, &team, Answer { is_open, asked, is_stored: false }, now);
            }
            None => {
                self.asking[place].id = 0;
                self.go_on(store, place, now, entropy);
            }
        }
        self.proceed(now);
    }

    /// The source that is asked has not answered, or not yet: the next one is asked.
    fn go_on(&mut self, store: &mut impl Store, place: usize, now: GateNow, entropy: &mut Entropy) {
        let mut asking = self.asking.remove(place);
        if let Some(source) = self.options.sources.get(asking.place).filter(|_| asking.id != 0) {
            let too_many = (self.late.len() + 1).saturating_sub(LATE_MAX);
            self.late.drain(..too_many);
            let id = asking.request.as_ref().map_or(asking.id, |request| request.asked().unwrap_or(asking.id));
            self.late.push(Late { id, team: asking.team.clone(), asked: asking.asked, source: source.clone() });
        }
        asking.place += 1;
        if asking.place < self.options.sources.len() && now.is_granted {
            self.ask_source(&mut asking, now);
            self.asking.push(asking);
        } else {
            self.miss(store, &asking.team, now, entropy);
        }
    }

    fn learn(&mut self, store: &mut impl Store, team: &str, answer: Answer, now: GateNow) {
        let known = self.answer(team);
        if known.is_some_and(|known| is_overtaken(answer.asked, known.asked, now.wall)) {
            return;
        }
        self.answers.retain(|(other, _)| other != team);
        let is_stored = self.store(store, team, answer, now);
        self.answers.push((team.to_owned(), Answer { is_stored, ..answer }));
        self.note_wanted(team, now.monotonic + self.options.ttl_ms, 0);
        if known.is_none_or(|known| known.is_open != answer.is_open) {
            let is = if answer.is_open { " is tracked" } else { " is not tracked" };
            self.debug("team ", team, is);
        }
        self.news.push(GateNews::Answered(team.to_owned()));
    }

    fn miss(&mut self, store: &impl Store, team: &str, now: GateNow, entropy: &mut Entropy) {
        let wanted = self.wanted.iter().find(|wanted| wanted.team == team);
        let failures = wanted.map_or(0, |wanted| wanted.failures) + 1;
        if failures == FAILURES_UNSAID && self.state(store, Some(team), now).is_none() {
            self.news.push(GateNews::Unanswered);
        }
        let jitter = entropy.next_u64();
        let is_probe = failures > self.options.max_retries;
        let wait_ms = if is_probe { PROBE_INTERVAL_MS } else { backoff_ms(failures, jitter) };
        self.note_wanted(team, now.monotonic + wait_ms, failures);
        self.debug("nobody could say whether team ", team, " is tracked");
        self.news.push(GateNews::Answered(team.to_owned()));
    }

    fn note_wanted(&mut self, team: &str, due: Monotonic, failures: u32) {
        match self.wanted.iter_mut().find(|wanted| wanted.team == team) {
            Some(wanted) => (wanted.due, wanted.failures) = (due, failures),
            None => self.wanted.push(Wanted { team: team.to_owned(), due, failures }),
        }
    }

    fn debug(&mut self, before: &str, team: &str, behind: &str) {
        self.news.push(GateNews::Debug([before, team, behind].concat()));
    }

    /// Takes over what earlier pages have learned. Nothing is read while the visitor has not agreed.
    fn load(&mut self, store: &impl Store, now: GateNow) {
        if self.is_loaded || self.options.sources.is_empty() || !now.is_granted {
            return;
        }
        self.is_loaded = true;
        for (team, asked) in self.stored(store, now.wall).members() {
            if let (Some(team), Some(asked)) = (team.text(), time_of(asked))
                && self.answer(&team).is_none()
            {
                self.answers.push((team.into_owned(), Answer { is_open: true, asked, is_stored: true }));
            }
        }
    }

    /// What is stored and not too old: times by teams.
    fn stored(&self, store: &impl Store, wall: Wall) -> Object {
        let text = store.get(&self.key).ok().flatten().unwrap_or_default();
        let mut stored = Object::read(&text).unwrap_or_default();
        let is_fresh = |asked: Wall| asked <= wall && wall.0 - asked.0 < GATE_STALE_MAX_MS;
        stored.retain(&mut |_, asked| time_of(asked).is_some_and(is_fresh));
        stored
    }

    /// Stores an answer, if it is news; whether storage has a yes for this team then.
    fn store(&self, store: &mut impl Store, team: &str, answer: Answer, now: GateNow) -> bool {
        let mut stored = self.stored(store, now.wall);
        let earlier = asked_of(&stored, team);
        let is_news = if answer.is_open { Some(answer.asked) != earlier } else { earlier.is_some() };
        let is_overtaken = earlier.is_some_and(|earlier| is_overtaken(answer.asked, earlier, now.wall));
        if !now.is_granted || is_overtaken || !is_news {
            return earlier.is_some();
        }
        if answer.is_open {
            stored.set_integer(team, answer.asked.0 as i64);
        } else {
            stored.remove(team);
        }
        let result = if stored.is_empty() { store.remove(&self.key) } else { store.put(&self.key, stored.text()) };
        answer.is_open && result.is_ok()
    }
}

impl Asking {
    fn is_asked(&self, id: u32) -> bool {
        self.id == id || self.request.as_ref().is_some_and(|request| request.has_asked(id))
    }
}

fn time_of(value: Value<'_>) -> Option<Wall> {
    value.integer().and_then(|ms| u64::try_from(ms).ok()).map(Wall)
}

fn asked_of(stored: &Object, team: &str) -> Option<Wall> {
    stored.get(team).and_then(time_of)
}

/// Whether an answer was asked for before another one, unless the clock was set back since.
fn is_overtaken(asked: Wall, other: Wall, now: Wall) -> bool {
    other > asked && other <= now
}

/// The address at which the host application is asked about a team.
fn url_of(url: &str, team: &str) -> String {
    let at = |mark: u8, of: &str| of.bytes().position(|byte| byte == mark).unwrap_or(of.len());
    let (address, fragment) = url.split_at(at(b'#', url));
    let (path, query) = address.split_at(at(b'?', address));
    let mut out = String::from(path);
    out.push_str("?");
    for parameter in query.split(['?', '&']).filter(|parameter| !parameter.is_empty()) {
        // Whoever reads the first of two would answer for the wrong team.
        if crate::text::cut(parameter, b'=').0 != "teamId" {
            out.push_str(parameter);
            out.push_str("&");
        }
    }
    out.push_str("teamId=");
    crate::text::push_percent_encoded(&mut out, team);
    out.push_str(fragment);
    out
}

fn flag_body(team: &str) -> Object {
    let mut groups = Object::default();
    groups.set_text("team", team);
    let mut body = Object::default();
    body.set_text("distinct_id", TEAM_FLAG_DISTINCT_ID);
    body.set_object("groups", &groups);
    body.set_texts("flag_keys", &[TEAM_FLAG.to_owned()]);
    body.set_boolean("geoip_disable", true);
    body
}

/// What the host application's answer says.
fn host_of(answer: &JsonAnswer) -> Option<bool> {
    let value = Value::read(&answer.text).ok().filter(|_| answer.is_success())?;
    value.boolean().or_else(|| Object::of(value)?.get("enabled")?.boolean())
}

fn flag_of(answer: &JsonAnswer) -> Option<bool> {
    super::FlagsAnswer::read(&answer.text).filter(|_| answer.is_success())?.is_on_for_group(TEAM_FLAG)
}
