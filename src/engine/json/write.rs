//! The writer: members of an object, escaped strings and whole numbers, appended to a string.

/// Writes one JSON object, member by member, to the end of a string.
///
/// # Example
/// ```
/// use posthog_booking_tracker::engine::json::ObjectWriter;
/// let mut out = String::new();
/// let mut object = ObjectWriter::begin(&mut out);
/// object.string("event", "booking_started");
/// object.raw("properties", r#"{"n":1}"#);
/// object.end();
/// assert_eq!(out, r#"{"event":"booking_started","properties":{"n":1}}"#);
/// ```
#[derive(Debug)]
pub struct ObjectWriter<'a> {
    out: &'a mut String,
    empty: bool,
}

impl<'a> ObjectWriter<'a> {
    /// Opens the object.
    pub fn begin(out: &'a mut String) -> Self {
        out.push('{');
        Self { out, empty: true }
    }

    /// Writes a name and gives the string to append the value to; for values that are written piece by piece.
    pub fn value(&mut self, name: &str) -> &mut String {
        if !self.empty {
            self.out.push(',');
        }
        self.empty = false;
        push_string(self.out, name);
        self.out.push(':');
        self.out
    }

    /// Writes a string member.
    pub fn string(&mut self, name: &str, value: &str) {
        push_string(self.value(name), value);
    }

    /// Writes a string member, or nothing where there is no value.
    pub fn optional_string(&mut self, name: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.string(name, value);
        }
    }

    /// Writes a member whose value is JSON text already.
    pub fn raw(&mut self, name: &str, json: &str) {
        self.value(name).push_str(json);
    }

    /// Writes a boolean member.
    pub fn boolean(&mut self, name: &str, value: bool) {
        self.raw(name, if value { "true" } else { "false" });
    }

    /// Closes the object.
    pub fn end(self) {
        self.out.push('}');
    }
}

/// Appends `text` as a JSON string: quotes, backslashes and control characters escaped, everything else as it is.
///
/// # Example
/// ```
/// let mut out = String::new();
/// posthog_booking_tracker::engine::json::push_string(&mut out, "a \"b\"\n");
/// assert_eq!(out, r#""a \"b\"\n""#);
/// ```
pub fn push_string(out: &mut String, text: &str) {
    out.push('"');
    let mut copied = 0;
    for (index, byte) in text.bytes().enumerate() {
        let short = match byte {
            b'"' => '"',
            b'\\' => '\\',
            b'\n' => 'n',
            b'\r' => 'r',
            b'\t' => 't',
            0..=0x1f => 'u',
            _ => continue,
        };
        out.push_str(&text[copied..index]);
        copied = index + 1;
        out.push('\\');
        out.push(short);
        if short == 'u' {
            out.push_str("00");
            out.push(char::from(b'0' + (byte >> 4)));
            out.push(char::from(b"0123456789abcdef"[usize::from(byte & 0xf)]));
        }
    }
    out.push_str(&text[copied..]);
    out.push('"');
}

/// Appends a whole number in decimal.
///
/// # Example
/// ```
/// let mut out = String::new();
/// posthog_booking_tracker::engine::json::push_decimal(&mut out, 1_700);
/// assert_eq!(out, "1700");
/// ```
pub fn push_decimal(out: &mut String, number: u64) {
    push_radix(out, number, 10);
}

/// Appends a whole number in base 36 (digits, then small letters), as JavaScript's `toString(36)` writes it.
///
/// # Example
/// ```
/// let mut out = String::new();
/// posthog_booking_tracker::engine::json::push_base36(&mut out, 35);
/// assert_eq!(out, "z");
/// ```
pub fn push_base36(out: &mut String, number: u64) {
    push_radix(out, number, 36);
}

fn push_radix(out: &mut String, mut number: u64, radix: u64) {
    let mut digits = [0_u8; 20];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b"0123456789abcdefghijklmnopqrstuvwxyz"[(number % radix) as usize];
        number /= radix;
        if number == 0 {
            break;
        }
    }
    out.extend(digits[at..].iter().map(|digit| char::from(*digit)));
}
