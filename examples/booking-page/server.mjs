// @ts-check
/**
 * The booking page's server: static pages, the tracker's files and a booking
 * API that keeps nothing. Node's standard library only.
 */
import { randomBytes, randomInt } from "node:crypto";
import { realpathSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, resolve, sep } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";

import { eventTypeById, TEAM } from "./public/event-types.js";

const PUBLIC_DIR = fileURLToPath(new URL("./public/", import.meta.url));
const LARGEST_REQUEST_BYTES = 64 * 1024;
const BASE58 = "123456789abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ";

/** @type {Record<string, string>} */
const MEDIA_TYPES = {
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".mjs": "text/javascript; charset=utf-8",
  ".cjs": "text/javascript; charset=utf-8",
  ".json": "application/json; charset=utf-8",
  ".map": "application/json; charset=utf-8",
  ".svg": "image/svg+xml",
  ".wasm": "application/wasm",
};

/** Addresses that do not look like the file they serve. @type {Record<string, string>} */
const PAGES = { "/": "/index.html", "/success": "/success.html" };

/**
 * What the server can be told to say of the team: nothing, that it is tracked, or that it is not.
 * @typedef {"unknown" | "open" | "shut"} GateAnswer
 */

/** @type {readonly unknown[]} */
const GATE_ANSWERS = ["unknown", "open", "shut"];

/** An answer other than 200. */
class Refusal extends Error {
  /**
   * @param {number} status
   * @param {string} message
   * @param {string} [errorCode]
   */
  constructor(status, message, errorCode) {
    super(message);
    this.status = status;
    this.errorCode = errorCode;
  }
}

/**
 * Starts the page on 127.0.0.1.
 *
 * @param {object} options
 * @param {number} [options.port] 0 picks a free one
 * @param {string} options.packageDir the tracker's package; its `dist` is served under /tracker/
 * @param {string} options.posthogHost where the tracker delivers
 * @param {string} [options.posthogKey]
 * @param {string} [options.inspector] where pages report what their trackers hold and drop
 * @returns {Promise<{ url: string, close: () => Promise<void> }>}
 */
export async function startBookingPage({
  port = 0,
  packageDir,
  posthogHost,
  posthogKey = "phc_booking_demo",
  inspector = "",
}) {
  const trackerDir = resolve(packageDir, "dist");
  const facts = { posthogHost, posthogKey, inspector };
  const config = `window.BOOKING_PAGE = ${JSON.stringify(facts)};\n`;
  /** @type {GateAnswer} */
  let gateAnswer = "open";
  const pageHeaders = {
    "Cache-Control": "no-cache",
    "Content-Security-Policy": contentSecurityPolicy(posthogHost, inspector),
    "X-Content-Type-Options": "nosniff",
  };

  const server = createServer(async (request, response) => {
    /** @type {(status: number, mediaType: string, body: string | Buffer) => void} */
    const answer = (status, mediaType, body) => {
      response.writeHead(status, {
        ...pageHeaders,
        "Content-Type": mediaType,
        "Content-Length": Buffer.byteLength(body),
      });
      response.end(request.method === "HEAD" ? undefined : body);
    };

    try {
      const path = requestedPath(request.url ?? "/");
      if (path === "/api/team-gate") {
        const isOrder = request.method === "POST";
        if (isOrder) gateAnswer = readGateAnswer(await readJson(request));
        const body = isOrder ? { answer: gateAnswer } : teamGate(request.url ?? "", gateAnswer);
        answer(200, MEDIA_TYPES[".json"], JSON.stringify(body));
        return;
      }
      if (path === "/api/book") {
        if (request.method !== "POST") throw new Refusal(405, "POST only");
        const booking = book(await readJson(request));
        answer(200, MEDIA_TYPES[".json"], JSON.stringify(booking));
        return;
      }
      if (request.method !== "GET" && request.method !== "HEAD") {
        throw new Refusal(405, "GET only");
      }
      if (path === "/config.js") {
        answer(200, MEDIA_TYPES[".js"], config);
        return;
      }
      const file = path.startsWith("/tracker/")
        ? fileInside(trackerDir, path.slice("/tracker/".length))
        : fileInside(PUBLIC_DIR, (PAGES[path] ?? path).slice(1));
      const mediaType = MEDIA_TYPES[extname(file)] ?? "application/octet-stream";
      answer(200, mediaType, await contentOf(file));
    } catch (error) {
      const refusal = error instanceof Refusal ? error : new Refusal(500, "internal error");
      if (refusal !== error) console.error(error);
      const { message, errorCode, status } = refusal;
      answer(status, MEDIA_TYPES[".json"], JSON.stringify({ message, errorCode }));
    }
  });

  await new Promise((started, failed) => {
    server.once("error", failed);
    server.listen(port, "127.0.0.1", () => started(undefined));
  });
  const address = /** @type {import("node:net").AddressInfo} */ (server.address());

  return {
    url: `http://127.0.0.1:${address.port}`,
    close: () =>
      new Promise((closed) => {
        server.close(() => closed());
        server.closeAllConnections();
      }),
  };
}

/**
 * As strict as a page with a WebAssembly tracker can be.
 * @param {string} posthogHost
 * @param {string} inspector
 */
function contentSecurityPolicy(posthogHost, inspector) {
  const hosts = [posthogHost, inspector].filter(Boolean).map((host) => new URL(host).origin);
  return [
    "default-src 'none'",
    "script-src 'self' 'wasm-unsafe-eval'",
    "worker-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    `connect-src 'self' ${hosts.join(" ")}`,
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join("; ");
}

/** @param {string} target */
function requestedPath(target) {
  try {
    return decodeURIComponent(target.split(/[?#]/, 1)[0]);
  } catch {
    throw new Refusal(400, "malformed address");
  }
}

/**
 * The file a decoded address names, refused when it lies outside the folder.
 * @param {string} folder
 * @param {string} name
 */
function fileInside(folder, name) {
  const root = resolve(folder) + sep;
  const file = resolve(root, join(".", name));
  if (name.includes("\0") || !file.startsWith(root)) throw new Refusal(404, "not found");
  return file;
}

/** @param {string} file */
async function contentOf(file) {
  try {
    return await readFile(file);
  } catch (error) {
    const { code } = /** @type {NodeJS.ErrnoException} */ (error);
    if (code === "ENOENT" || code === "EISDIR" || code === "ENOTDIR") {
      throw new Refusal(404, "not found");
    }
    throw error;
  }
}

/** @param {import("node:http").IncomingMessage} request */
async function readJson(request) {
  /** @type {Buffer[]} */
  const chunks = [];
  let bytes = 0;
  for await (const chunk of request) {
    bytes += chunk.length;
    if (bytes > LARGEST_REQUEST_BYTES) throw new Refusal(413, "the body is too large");
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString("utf8"));
  } catch {
    throw new Refusal(400, "the body is not JSON", "invalid_booking");
  }
}

/**
 * What the tracker's `teamGateUrl` is answered. Not to know is a status, never a `false`: that would
 * have the tracker drop what it holds.
 * @param {string} target
 * @param {GateAnswer} answer
 */
function teamGate(target, answer) {
  const [, query] = target.split("?", 2);
  const isOurs = new URLSearchParams(query).get("teamId") === String(TEAM.id);
  if (isOurs && answer === "unknown") throw new Refusal(503, "nobody knows", "gate_unknown");
  return { enabled: isOurs && answer === "open" };
}

/**
 * @param {any} order what the switch on the page posted
 * @returns {GateAnswer}
 */
function readGateAnswer(order) {
  if (!GATE_ANSWERS.includes(order?.answer)) {
    throw new Refusal(400, "the gate is unknown, open or shut", "invalid_gate");
  }
  return order.answer;
}

/** @param {any} wish what the page posted */
function book(wish) {
  const eventType = eventTypeById(wish?.eventTypeId);
  const isComplete =
    typeof wish?.name === "string" &&
    typeof wish?.email === "string" &&
    wish.email.includes("@") &&
    !Number.isNaN(Date.parse(wish?.startTime));
  if (!eventType || !isComplete) {
    throw new Refusal(400, "the booking is incomplete", "invalid_booking");
  }
  if (eventType.isTeamEvent) {
    throw new Refusal(
      409,
      "no_available_users_found_error: no host is free at this time, ask ada@example.com",
      "no_available_users_found_error",
    );
  }
  const booking = { bookingId: randomInt(100_000, 10_000_000), bookingUid: shortUid() };
  return eventType.paymentRequired ? { ...booking, paymentRequired: true } : booking;
}

/** 128 random bits in base 58, always 22 characters. */
function shortUid() {
  let bits = BigInt(`0x${randomBytes(16).toString("hex")}`);
  let uid = "";
  for (; bits > 0n; bits /= 58n) uid = BASE58[Number(bits % 58n)] + uid;
  return uid.padStart(22, BASE58[0]);
}

async function runFromCommandLine() {
  const { values } = parseArgs({
    options: {
      port: { type: "string", default: "0" },
      package: { type: "string" },
      "posthog-host": { type: "string" },
      "posthog-key": { type: "string" },
      inspector: { type: "string" },
    },
  });
  if (!values.package || !values["posthog-host"]) {
    console.error(
      "usage: node server.mjs --package DIR --posthog-host URL [--port N] [--posthog-key KEY]\n" +
        "                       [--inspector URL]",
    );
    process.exitCode = 2;
    return;
  }
  const page = await startBookingPage({
    port: Number(values.port),
    packageDir: values.package,
    posthogHost: values["posthog-host"],
    posthogKey: values["posthog-key"],
    inspector: values.inspector,
  });
  console.log(page.url);
  for (const signal of /** @type {const} */ (["SIGINT", "SIGTERM"])) {
    process.once(signal, () => void page.close());
  }
}

const startedAs = process.argv[1];
if (startedAs && import.meta.url === pathToFileURL(realpathSync(startedAs)).href) {
  await runFromCommandLine();
}
