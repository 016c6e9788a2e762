//! The drain lock: the Web Lock under which the pages of an origin take turns. `outbox/drain.rs` is the other half.

use std::cell::Cell;

use js_sys::{Array, Function, Object, Promise};
use wasm_bindgen::prelude::*;

use super::Host;
use super::tasks::{Tasks, on_settled};
use super::value::{member, object_with};
use super::web::page;
use crate::outbox::LockAnswer;

#[wasm_bindgen]
extern "C" {
    /// `navigator.locks`, or whatever stands in its place. (web-sys has it behind an unstable switch.)
    type LockManager;

    #[wasm_bindgen(method, catch)]
    fn request(this: &LockManager, name: &str, options: &Object, granted: &Function) -> Result<Promise, JsValue>;

    #[wasm_bindgen(method, catch)]
    fn query(this: &LockManager) -> Result<Promise, JsValue>;
}

/// One page's hold of the lock.
#[derive(Debug)]
pub(super) struct DrainLock {
    tasks: &'static Tasks,
    host: Host,
    name: String,
    /// Held, shared, by every living page: who sees it held once knows that there is no other.
    presence: String,
    is_present: Cell<bool>,
    /// Counts the releases, so that an answer that comes behind one counts for nothing.
    releases: Cell<u32>,
}

fn locks() -> LockManager {
    member(&member(&page(), "navigator"), "locks").unchecked_into()
}

impl DrainLock {
    pub(super) fn new(tasks: &'static Tasks, host: Host, name: String) -> &'static Self {
        let presence = [&name, ":page"].concat();
        Box::leak(Box::new(Self {
            tasks,
            host,
            name,
            presence,
            is_present: Cell::default(),
            releases: Cell::default(),
        }))
    }

    /// The page lives: others see it until it is gone, or until `leave`.
    pub(super) fn live(&'static self) {
        if self.is_present.replace(true) {
            return;
        }
        self.tasks.spawn(Box::pin(async move {
            let request = self.tasks.until(&mut |resumed, rejected| {
                let holder = self.host.holder(&self.presence, resumed);
                let request = locks().request(&self.presence, &object_with(&[("mode", &"shared".into())]), &holder)?;
                on_settled(&request, resumed, rejected)
            });
            drop(request.await);
        }));
    }

    /// The page is left: in the back/forward cache it would keep what it holds.
    pub(super) fn leave(&self) {
        self.is_present.set(false);
        self.host.let_go(&self.presence);
        self.release();
    }

    /// Lets the lock go.
    pub(super) fn release(&self) {
        self.releases.set(self.releases.get() + 1);
        self.host.let_go(&self.name);
    }

    /// Asks without waiting, because a waiter that is queued when the holder goes into the back/forward cache is stuck for good. Gives
    /// what came of it, and, where this page holds the lock, what ends when that is taken away.
    pub(super) async fn ask(&'static self) -> (LockAnswer, Option<Promise>) {
        let releases = self.releases.get();
        let mut request = None;
        let granted = self.tasks.until(&mut |resumed, rejected| {
            let holder = self.host.holder(&self.name, resumed);
            let options = object_with(&[("ifAvailable", &JsValue::TRUE)]);
            let promise = locks().request(&self.name, &options, &holder)?;
            on_settled(&promise, resumed, rejected)?;
            request = Some(promise);
            Ok(())
        });
        match granted.await {
            // No locks in an insecure context, or an origin that may have none.
            Err(_) => return (LockAnswer::Missing, None),
            Ok(lock) if lock.is_null() => return (LockAnswer::Refused, None),
            Ok(_) => {}
        }
        let is_alone = self.is_alone().await;
        // The page may have been left meanwhile, and the lock let go.
        if releases != self.releases.get() {
            return (LockAnswer::Refused, None);
        }
        (if is_alone { LockAnswer::Granted } else { LockAnswer::GrantedBeside }, request)
    }

    /// Whether no other page shows that it lives; one that cannot be told is taken to live.
    async fn is_alone(&'static self) -> bool {
        let Ok(snapshot) = self.tasks.settled(locks().query()).await else { return false };
        let held = member(&snapshot, "held");
        Array::is_array(&held)
            && Array::from(&held).iter().filter(|lock| member(lock, "name") == self.presence.as_str()).count() < 2
    }
}
