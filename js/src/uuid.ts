// UUIDs of version 7 (RFC 9562 §5.7).

const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i;

/** Whether a value is the text of a UUID, of any version. */
export const isUuid = (value: unknown): value is string => typeof value === "string" && UUID.test(value);

/** A new id: 48 bits of milliseconds, the version, and 72 random bits with the variant among them. */
export function uuidv7(ms: number): string {
  const time = ms.toString(16).padStart(12, "0");
  // Eight digits each, of which the first is 8, 9, a or b, as the variant wants it.
  const random = [...crypto.getRandomValues(new Uint32Array(3))].map((bits) =>
    ((bits & 0x3fffffff) + 2 ** 31).toString(16),
  );
  const [a = "", b = "", c = ""] = random;
  return `${time.slice(0, 8)}-${time.slice(8)}-7${a.slice(5)}-${b.slice(0, 4)}-${b.slice(4)}${c}`;
}
