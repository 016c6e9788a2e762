//! The project token rule, shared by ingestion and flags.

use crate::refusal::Refusal;

const LONGEST: usize = 64;

/// The token without surrounding white space, if PostHog would take it.
pub(crate) fn accept(token: &str) -> Result<String, Refusal> {
    let token = token.trim();
    let fault = if token.is_empty() {
        "empty"
    } else if token.chars().count() > LONGEST {
        "too long"
    } else if !token.is_ascii() {
        "not ASCII"
    } else if token.starts_with("phx_") {
        "a personal API key"
    } else if token.contains('\0') {
        "holds a null byte"
    } else {
        return Ok(token.to_owned());
    };
    Err(Refusal::InvalidToken(fault))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_project_tokens() {
        assert_eq!(accept(" phc_abc "), Ok("phc_abc".to_owned()));
        assert!(accept(&"a".repeat(64)).is_ok());
    }

    #[test]
    fn refuses_everything_else() {
        for token in ["", "  ", "phx_secret", "ключ", "phc_\0", &"a".repeat(65)] {
            assert!(matches!(accept(token), Err(Refusal::InvalidToken(_))), "{token:?}");
        }
    }
}
