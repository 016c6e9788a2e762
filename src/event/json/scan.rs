//! The scanner: walks over one JSON value and finds its end, or its flaw. It does not call itself, so no nesting of brackets takes
//! more of the stack than any other.

use core::cmp::Ordering;

use super::{DEPTH_MAX, Flaw, escape};

/// A place in a JSON text.
#[derive(Debug, Clone)]
pub(super) struct Scanner<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Scanner<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { bytes: text.as_bytes(), at: 0 }
    }

    /// The byte at this place; 0, which JSON never has, at the end.
    fn peek(&self) -> u8 {
        self.bytes.get(self.at).copied().unwrap_or_default()
    }

    /// The place of what comes behind white space.
    pub(super) fn place(&mut self) -> usize {
        while matches!(self.peek(), b' ' | b'\t' | b'\n' | b'\r') {
            self.at += 1;
        }
        self.at
    }

    /// Steps over white space, and this byte behind it; whether it was there.
    pub(super) fn take(&mut self, byte: u8) -> bool {
        self.place();
        self.step(byte)
    }

    /// Steps over this byte; whether it was there.
    fn step(&mut self, byte: u8) -> bool {
        let found = self.peek() == byte;
        self.at += usize::from(found);
        found
    }

    pub(super) fn expect(&mut self, byte: u8) -> Result<(), Flaw> {
        if self.take(byte) { Ok(()) } else { Err(Flaw::Malformed) }
    }

    /// Steps over a value; gives the place behind it.
    pub(super) fn value(&mut self) -> Result<usize, Flaw> {
        // The brackets that close what is open.
        let mut open = [0; DEPTH_MAX];
        let mut depth = 0;
        loop {
            self.place();
            let bracket = self.peek();
            if matches!(bracket, b'{' | b'[') {
                // In ASCII a bracket and the one that closes it are two apart.
                *open.get_mut(depth).ok_or(Flaw::TooDeep)? = bracket + 2;
                depth += 1;
                self.at += 1;
                if !self.take(bracket + 2) {
                    self.member_name(bracket + 2)?;
                    continue;
                }
                depth -= 1;
            } else {
                self.scalar()?;
            }
            // A value is over, and perhaps what it is in.
            loop {
                let Some(close) = depth.checked_sub(1).and_then(|top| open.get(top)) else { return Ok(self.at) };
                if self.take(b',') {
                    self.member_name(*close)?;
                    break;
                }
                self.expect(*close)?;
                depth -= 1;
            }
        }
    }

    /// Steps over the name of a member, where this bracket closes what it is in.
    fn member_name(&mut self, close: u8) -> Result<(), Flaw> {
        if close == b'}' {
            self.text()?;
            self.expect(b':')?;
        }
        Ok(())
    }

    fn scalar(&mut self) -> Result<(), Flaw> {
        let word = match self.peek() {
            b'"' => return self.text().map(|_| ()),
            b't' => "true",
            b'f' => "false",
            b'n' => "null",
            _ => return self.number(),
        };
        if word.bytes().all(|byte| self.step(byte)) { Ok(()) } else { Err(Flaw::Malformed) }
    }

    /// Steps over a text; gives the place behind it.
    pub(super) fn text(&mut self) -> Result<usize, Flaw> {
        self.expect(b'"')?;
        loop {
            // Most of what is read is text without an escape, so that is looked for in one go.
            let rest = &self.bytes[self.at..];
            self.at += rest.iter().position(|byte| matches!(byte, 0..=0x1f | b'"' | b'\\')).unwrap_or(rest.len());
            self.at += match self.peek() {
                b'"' => {
                    self.at += 1;
                    return Ok(self.at);
                }
                b'\\' => escape::read(&self.bytes[self.at..]).ok_or(Flaw::Malformed)?.length,
                _ => return Err(Flaw::Malformed),
            };
        }
    }

    fn number(&mut self) -> Result<(), Flaw> {
        self.step(b'-');
        let start = self.at;
        let starts_with_zero = self.step(b'0');
        if !starts_with_zero {
            self.digits()?;
        }
        if self.step(b'.') {
            self.digits()?;
        }
        let mantissa = &self.bytes[start..self.at];
        let mut exponent = 0;
        if self.step(b'e') || self.step(b'E') {
            let is_negative = self.step(b'-');
            if !is_negative {
                self.step(b'+');
            }
            for digit in self.digits()? {
                exponent = EXPONENT_MAX.min(exponent * 10 + i32::from(digit - b'0'));
            }
            if is_negative {
                exponent = -exponent;
            }
        }
        if is_double(mantissa, exponent) { Ok(()) } else { Err(Flaw::Malformed) }
    }

    fn digits(&mut self) -> Result<&'a [u8], Flaw> {
        let start = self.at;
        while self.peek().is_ascii_digit() {
            self.at += 1;
        }
        if self.at == start { Err(Flaw::Malformed) } else { Ok(&self.bytes[start..self.at]) }
    }
}

/// No mantissa has as many digits as to make up for a larger exponent.
const EXPONENT_MAX: i32 = 100_000_000;

/// The significant digits of the largest double, 1.7976931348623157e308.
const LARGEST_DOUBLE: &[u8] = b"17976931348623157";

/// How many digits it has before the point.
const LARGEST_WHOLE: i32 = 309;

/// Whether a double can hold a number: these digits, among which there may be a point, times ten to this power.
fn is_double(mantissa: &[u8], exponent: i32) -> bool {
    // How many digits there are before the point when the exponent has moved it.
    let mut whole = exponent;
    let mut is_whole = true;
    let mut significant = 0;
    let mut order = Ordering::Equal;
    for byte in mantissa {
        let counts = significant > 0 || *byte != b'0';
        if *byte == b'.' {
            is_whole = false;
        } else {
            if counts {
                order = order.then(byte.cmp(LARGEST_DOUBLE.get(significant).unwrap_or(&b'0')));
                significant += 1;
            }
            if counts == is_whole {
                whole += if is_whole { 1 } else { -1 };
            }
        }
    }
    significant == 0 || whole < LARGEST_WHOLE || whole == LARGEST_WHOLE && order.is_le()
}
