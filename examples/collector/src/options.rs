//! The command line: which ports to bind and where the rows are kept.

use std::path::PathBuf;

pub(crate) const USAGE: &str = "usage: collector [--port N] [--control-port N] [--db FILE]
  --port N          port of the ingestion side on 127.0.0.1 (default 0: any free port)
  --control-port N  port of the control side on 127.0.0.1 (default 0: any free port)
  --db FILE         keep the rows in this SQLite file (default: in memory)";

#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Options {
    pub(crate) port: u16,
    pub(crate) control_port: u16,
    pub(crate) db: Option<PathBuf>,
}

impl Options {
    /// Reads the arguments after the program's name. The error is the text to show to the user.
    pub(crate) fn parse(arguments: impl IntoIterator<Item = String>) -> Result<Self, String> {
        let mut options = Self::default();
        let mut arguments = arguments.into_iter();
        while let Some(name) = arguments.next() {
            if !matches!(name.as_str(), "--port" | "--control-port" | "--db") {
                return Err(format!("collector: unknown argument {name}\n{USAGE}"));
            }
            let value = arguments.next().ok_or_else(|| format!("collector: {name} needs a value\n{USAGE}"))?;
            match name.as_str() {
                "--port" => options.port = port(&name, &value)?,
                "--control-port" => options.control_port = port(&name, &value)?,
                _ => options.db = Some(PathBuf::from(value)),
            }
        }
        Ok(options)
    }
}

fn port(name: &str, value: &str) -> Result<u16, String> {
    value.parse().map_err(|_| format!("collector: {name} wants a number from 0 to 65535, not {value}\n{USAGE}"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failing test may panic")]

    use super::*;

    fn parse(arguments: &[&str]) -> Result<Options, String> {
        Options::parse(arguments.iter().map(ToString::to_string))
    }

    #[test]
    fn defaults_are_free_ports_and_memory() {
        assert_eq!(parse(&[]).unwrap(), Options::default());
    }

    #[test]
    fn reads_every_option() {
        let options = parse(&["--port", "8001", "--control-port", "8002", "--db", "rows.db"]).unwrap();
        assert_eq!(options, Options { port: 8001, control_port: 8002, db: Some(PathBuf::from("rows.db")) });
    }

    #[test]
    fn refuses_what_it_does_not_know() {
        assert!(parse(&["--host", "0.0.0.0"]).unwrap_err().contains("--host"));
        assert!(parse(&["--port"]).unwrap_err().contains("needs a value"));
        assert!(parse(&["--port", "70000"]).unwrap_err().contains("70000"));
    }
}
