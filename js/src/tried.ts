// Doing something that may throw.

/** What `run` gives; `instead`, where it throws. */
export function tried<Value>(run: () => Value, instead: Value): Value;
/** What `run` gives; nothing, where it throws. */
export function tried<Value>(run: () => Value): Value | undefined;
export function tried<Value>(run: () => Value, instead?: Value): Value | undefined {
  try {
    return run();
  } catch {
    return instead;
  }
}
