// E-mail addresses that hide in error messages and addresses.

// The local part is bounded as RFC 5321 bounds it, or a long word would be searched from each of its letters.
const EMAIL = /[\w.%+\-\u0080-\uffff]{1,64}(?:@|%40)(?:[a-z\d\-\u0080-\uffff]{1,63}\.)+[a-z\u0080-\uffff]{2,}/gi;

/**
 * Replaces every e-mail address, also percent-encoded ones, by `[email]`. An address has a domain of at least two labels
 * of which the last starts with two letters, so that a version such as `pkg@1.2.3` is left alone.
 */
export const replaceEmails = (text: string): string => (/@|%40/.test(text) ? text.replace(EMAIL, "[email]") : text);
