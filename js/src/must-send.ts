// Which events are sent at once.

/** Whether an event is must-send: the page is usually left right after it, or money depends on it. */
export const isMustSend = (event: string) => /^(booking_(completed|failed)$|\$identify$|payment_)/.test(event);
