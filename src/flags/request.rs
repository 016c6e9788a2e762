//! Requests to PostHog's `/flags` endpoint: repeated only where no answer came or a gateway failed (502, 504), as PostHog's SDK
//! specification wants it (http-client).

use super::{FlagsAnswer, JsonAnswer, Question};
use crate::event::json::{Object, push_integer};
use crate::outbox::Monotonic;

/// The path of the endpoint, behind the host; the second version of its answers.
const FLAGS_PATH: &str = "/flags/?v=2";

/// The wait before a request is repeated; it doubles. PostHog's SDK specification, http-client.
pub const FLAGS_RETRY_MS: u64 = 300;

/// Where a project's flags are asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FlagsProject {
    /// Without a slash at its end.
    pub host: String,
    /// The project's key.
    pub api_key: String,
    /// How often a request that fails on the way is repeated.
    pub retries: u32,
}

/// One request, with its repetitions.
#[derive(Debug)]
pub(super) struct Request {
    body: String,
    attempt: u32,
    /// The question that is under way.
    id: Option<u32>,
    /// When it is repeated, and what has failed.
    retry: Option<(Monotonic, String)>,
}

/// What an answer, or the lack of one, means: the flags, or what has failed, as PostHog names it.
pub(super) type Outcome = Result<FlagsAnswer, String>;

impl Request {
    /// Asks for the flags of what `body` says.
    pub(super) fn start(project: &FlagsProject, body: &Object, id: u32) -> (Self, Question) {
        let mut whole = Object::default();
        whole.set_text("token", &project.api_key);
        whole.merge(body);
        let mut request = Self { body: whole.text().to_owned(), attempt: 0, id: None, retry: None };
        let question = request.ask(project, id);
        (request, question)
    }

    fn ask(&mut self, project: &FlagsProject, id: u32) -> Question {
        self.id = Some(id);
        self.retry = None;
        let mut url = project.host.clone();
        url.push_str(FLAGS_PATH);
        Question::Json { id, url, body: Some(self.body.clone()) }
    }

    /// The question that is under way.
    pub(super) fn asked(&self) -> Option<u32> {
        self.id
    }

    /// Whether it has asked this question.
    pub(super) fn has_asked(&self, id: u32) -> bool {
        self.id == Some(id)
    }

    /// Takes an answer; gives what came of the request, unless it is repeated.
    pub(super) fn answered(&mut self, project: &FlagsProject, answer: &JsonAnswer, now: Monotonic) -> Option<Outcome> {
        self.id = None;
        let outcome = read(answer);
        if !matches!(answer.status, 0 | 502 | 504) || self.attempt >= project.retries {
            return Some(outcome);
        }
        let wait_ms = FLAGS_RETRY_MS << self.attempt.min(16);
        self.attempt += 1;
        // Whoever wakes the tracker adds a millisecond.
        self.retry = Some((now + (wait_ms - 1), outcome.err().unwrap_or_default()));
        None
    }

    /// When it is repeated.
    pub(super) fn retry_at(&self) -> Option<Monotonic> {
        self.retry.as_ref().map(|(at, _)| *at)
    }

    /// Repeats it, where that is due; or gives what came of it, where nothing may be asked any more.
    pub(super) fn retry(&mut self, project: &FlagsProject, is_allowed: bool, id: u32) -> Result<Question, Outcome> {
        if is_allowed {
            return Ok(self.ask(project, id));
        }
        let error = self.retry.take().map(|(_, error)| error).unwrap_or_default();
        Err(Err(error))
    }
}

fn read(answer: &JsonAnswer) -> Outcome {
    if answer.status == 0 {
        return Err(if answer.is_late { "timeout" } else { "connection_error" }.to_owned());
    }
    if !answer.is_success() {
        return Err(format_status(answer.status));
    }
    FlagsAnswer::read(&answer.text).ok_or_else(|| "unknown_error".to_owned())
}

fn format_status(status: u16) -> String {
    let mut error = String::from("api_error_");
    push_integer(&mut error, status.into());
    error
}
