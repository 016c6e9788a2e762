//! Consent: what the visitor does not agree to does not leave, however the page ends, and no failure is counted for it.

use posthog_booking_tracker::outbox::Input;

use crate::page::Page;

#[test]
fn what_waits_leaves_when_the_visitor_agrees_and_not_before() {
    let mut page = Page::fresh();
    page.input(Input::ConsentChanged { is_granted: false });
    page.capture("booking_completed");
    page.sends_nothing();
    for input in [Input::Hidden, Input::Returned, Input::FlushRequested, Input::Online, Input::Leaving, Input::Returned]
    {
        page.input(input);
        page.sends_nothing();
    }
    page.input(Input::ConsentChanged { is_granted: true });
    let send = page.sent();
    assert_eq!(
        send.body.names(),
        ["booking_completed"],
        "at once: nothing has failed that would have to be waited for"
    );
    page.confirm(&send);
    page.ends();
}
