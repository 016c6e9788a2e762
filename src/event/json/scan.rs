//! The scanner: walks over one JSON value and finds its end, or its flaw. It does not call itself, so no nesting of brackets takes
//! more of the stack than any other.

use super::{DEPTH_MAX, Flaw, escape};

/// A place in a JSON text.
#[derive(Debug, Clone)]
pub(super) struct Scanner<'a> {
    bytes: &'a [u8],
    pub(super) at: usize,
}

impl<'a> Scanner<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { bytes: text.as_bytes(), at: 0 }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    /// Steps over this byte; whether it was there.
    pub(super) fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, byte: u8) -> Result<(), Flaw> {
        if self.take(byte) { Ok(()) } else { Err(Flaw::Malformed) }
    }

    pub(super) fn white_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    /// Nothing but white space may be left.
    pub(super) fn end(&mut self) -> Result<(), Flaw> {
        self.white_space();
        if self.at == self.bytes.len() { Ok(()) } else { Err(Flaw::Malformed) }
    }

    /// Steps over a value.
    pub(super) fn value(&mut self) -> Result<(), Flaw> {
        // The brackets that close what is open.
        let mut open = [0; DEPTH_MAX];
        let mut depth = 0;
        loop {
            if let Some(bracket @ (b'{' | b'[')) = self.peek() {
                // In ASCII a bracket and the one that closes it are two apart.
                let close = bracket + 2;
                *open.get_mut(depth).ok_or(Flaw::TooDeep)? = close;
                self.at += 1;
                self.white_space();
                if !self.take(close) {
                    depth += 1;
                    self.member_name(close)?;
                    continue;
                }
            } else {
                self.scalar()?;
            }
            // A value is over, and perhaps what it is in.
            loop {
                let Some(close) = depth.checked_sub(1).map(|top: usize| open[top]) else { return Ok(()) };
                self.white_space();
                if self.take(b',') {
                    self.white_space();
                    self.member_name(close)?;
                    break;
                }
                self.expect(close)?;
                depth -= 1;
            }
        }
    }

    /// Steps over the name of a member, where this bracket closes what it is in.
    fn member_name(&mut self, close: u8) -> Result<(), Flaw> {
        if close == b'}' {
            self.text()?;
            self.colon()?;
        }
        Ok(())
    }

    pub(super) fn colon(&mut self) -> Result<(), Flaw> {
        self.white_space();
        self.expect(b':')?;
        self.white_space();
        Ok(())
    }

    fn scalar(&mut self) -> Result<(), Flaw> {
        match self.peek() {
            Some(b'"') => self.text(),
            Some(b't') => self.word(b"true"),
            Some(b'f') => self.word(b"false"),
            Some(b'n') => self.word(b"null"),
            _ => self.number(),
        }
    }

    fn word(&mut self, word: &[u8]) -> Result<(), Flaw> {
        word.iter().try_for_each(|byte| self.expect(*byte))
    }

    pub(super) fn text(&mut self) -> Result<(), Flaw> {
        self.expect(b'"')?;
        loop {
            self.at += match self.peek() {
                None | Some(0..=0x1f) => return Err(Flaw::Malformed),
                Some(b'\\') => escape::read(&self.bytes[self.at..]).ok_or(Flaw::Malformed)?.length,
                Some(b'"') => break,
                Some(_) => 1,
            };
        }
        self.at += 1;
        Ok(())
    }

    fn number(&mut self) -> Result<(), Flaw> {
        self.take(b'-');
        let start = self.at;
        self.digits()?;
        let whole = self.at - start;
        if whole > 1 && self.bytes[start] == b'0' {
            return Err(Flaw::Malformed);
        }
        if self.take(b'.') {
            self.digits()?;
        }
        let mantissa = &self.bytes[start..self.at];
        let mut exponent = 0_isize;
        if self.take(b'e') || self.take(b'E') {
            let is_negative = self.take(b'-');
            if !is_negative {
                self.take(b'+');
            }
            for digit in self.digits()? {
                exponent = exponent.saturating_mul(10).saturating_add((digit - b'0').into());
            }
            if is_negative {
                exponent = -exponent;
            }
        }
        if is_double(mantissa, exponent.saturating_add(whole as isize)) { Ok(()) } else { Err(Flaw::Malformed) }
    }

    fn digits(&mut self) -> Result<&'a [u8], Flaw> {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        if self.at == start { Err(Flaw::Malformed) } else { Ok(&self.bytes[start..self.at]) }
    }
}

/// The significant digits of the largest double, 1.7976931348623157e308.
const LARGEST_DOUBLE: &[u8] = b"17976931348623157";

/// How many digits it has before the point.
const LARGEST_WHOLE: isize = 309;

/// Whether a double can hold a number: the digits of `mantissa`, among which there may be a point, but of which `whole` are
/// before it when the exponent has moved it.
fn is_double(mantissa: &[u8], whole: isize) -> bool {
    let digits = || mantissa.iter().filter(|byte| **byte != b'.');
    let Some(zeros) = digits().position(|digit| *digit != b'0') else { return true };
    let whole = whole.saturating_sub(zeros as isize);
    let largest = LARGEST_DOUBLE.iter().chain(std::iter::repeat(&b'0'));
    whole < LARGEST_WHOLE || whole == LARGEST_WHOLE && digits().skip(zeros).le(largest)
}
