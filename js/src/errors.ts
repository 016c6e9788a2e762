// The one error that ever leaves the tracker.

/** What is wrong with a configuration. */
export type ConfigurationErrorCode =
  | "api_key_missing"
  | "api_key_personal"
  | "api_key_invalid"
  | "host_invalid"
  | "option_out_of_range"
  | "option_invalid";

/** Thrown by the constructor, and only there, with a sentence that says how to mend the configuration. */
export class ConfigurationError extends Error {
  override readonly name = "ConfigurationError";

  constructor(
    readonly code: ConfigurationErrorCode,
    message: string,
  ) {
    super(message);
  }
}
