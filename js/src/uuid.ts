// UUIDs of version 7 (RFC 9562 §5.7).

const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i;

/** Whether a value is the text of a UUID, of any version. */
export const isUuid = (value: unknown): value is string => typeof value === "string" && UUID.test(value);

/** A new id: 48 bits of milliseconds, the version, the variant, and 72 random bits. */
export function uuidv7(ms: number): string {
  const random = [...crypto.getRandomValues(new Uint8Array(9))].map((byte) => (byte + 256).toString(16).slice(1));
  const digits = ms.toString(16).padStart(12, "0") + random.join("");
  return digits.replace(/(.{8})(....)(...)(...)/, "$1-$2-7$3-8$4-");
}
