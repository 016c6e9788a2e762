// UUIDs of version 7 (RFC 9562 §5.7).

const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i;

/** Whether a value is the text of a UUID, of any version. */
export const isUuid = (value: unknown): value is string => typeof value === "string" && UUID.test(value);

/** `t` is a digit of the time, `r` a random one, `v` the variant with two random bits. */
const TEMPLATE = "tttttttt-tttt-7rrr-vrrr-rrrrrrrrrrrr";

/** A new id: 48 bits of milliseconds, version, variant and 74 random bits. */
export function uuidv7(ms: number): string {
  const time = ms.toString(16).padStart(12, "0");
  const random = crypto.getRandomValues(new Uint8Array(TEMPLATE.length));
  return TEMPLATE.replace(/[trv]/g, (kind, place: number) => {
    if (kind === "t") return time[place > 8 ? place - 1 : place] ?? "";
    const bits = random[place] ?? 0;
    return (kind === "v" ? 8 | (bits & 3) : bits & 15).toString(16);
  });
}
