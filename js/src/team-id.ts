// The id of a team, as it is stored and asked for.

/** A team's id as text: empty for none, `undefined` for what names no team. */
export function teamOf(id: unknown): string | undefined {
  if (id === undefined || id === null) return "";
  return /^(string|number|bigint)$/.test(typeof id) ? String(id) : undefined;
}
