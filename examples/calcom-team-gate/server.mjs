// The endpoint that a tracker's `teamGateUrl` names: says from Cal.com's own tables whether a team is tracked.
//
//   DATABASE_URL=postgres://… [PORT=3001] [HOST=127.0.0.1] node server.mjs
//
//   GET /api/posthog-booking-tracking?teamId=42   →   {"enabled":true}
//
// Only what the database has really said is an answer. Whatever goes wrong gets a status that a tracker takes for "not known
// yet": it holds the events and asks again.

import { readFileSync, realpathSync } from "node:fs";
import { createServer } from "node:http";
import { pathToFileURL } from "node:url";

export const PATH = "/api/posthog-booking-tracking";

const TEAM_IS_TRACKED = readFileSync(new URL("team-is-tracked.sql", import.meta.url), "utf8");

/** The largest id that a column of PostgreSQL's type `integer` holds. */
const TEAM_ID_MAX = 2 ** 31 - 1;

/** A database that says nothing for so long counts as one that is down. Trackers wait 10 s for an answer. */
const DATABASE_PATIENCE_MS = 5_000;

const HEADERS = {
  "content-type": "application/json",
  // Booking pages may be of another origin. They send no credentials, and what they learn is no secret.
  "access-control-allow-origin": "*",
  // A team that is switched off has to be off at the next question; how often that comes is the tracker's `gateTtl`.
  "cache-control": "no-store",
};

/**
 * Makes a listener for requests to `node:http`. `query(sql, parameters)` asks PostgreSQL and promises `{ rows }`, as `query` of
 * a pool of `pg` does; what it rejects with goes to `report`.
 */
export function teamGate(query, report = console.error) {
  return async (request, response) => {
    const [path, search] = request.url.split("?", 2);
    const [status, answer] = await answerTo(path, new URLSearchParams(search));
    response.writeHead(status, HEADERS).end(JSON.stringify(answer));
  };

  async function answerTo(path, parameters) {
    if (path !== PATH) return [404, { error: `there is only ${PATH}` }];
    const teamId = teamIdOf(parameters.getAll("teamId"));
    if (teamId === undefined) return [400, { error: "teamId must be the number of one team" }];
    try {
      const { rows } = await query(TEAM_IS_TRACKED, [teamId]);
      return [200, { enabled: rows[0].tracked }];
    } catch (error) {
      // Never `false`: the tracker that Cal.com once tried logged an error of the database and took it for a team that is not
      // tracked. A tracker that is told so drops what it holds: a moment's outage would cost every event of that moment.
      report("the database could not say whether a team is tracked:", error);
      return [503, { error: "the database could not say" }];
    }
  }
}

/** A team's id as PostgreSQL knows it; nothing, where the query names none, several, or something else. */
function teamIdOf([text = "", ...others]) {
  const isOne = others.length === 0 && /^[1-9]\d{0,9}$/.test(text) && Number(text) <= TEAM_ID_MAX;
  return isOne ? Number(text) : undefined;
}

async function runFromCommandLine() {
  const { DATABASE_URL, PORT = "3001", HOST = "127.0.0.1" } = process.env;
  if (!DATABASE_URL) {
    console.error("usage: DATABASE_URL=postgres://… [PORT=3001] [HOST=127.0.0.1] node server.mjs");
    process.exitCode = 2;
    return;
  }
  const { default: pg } = await import("pg");
  const pool = new pg.Pool({
    connectionString: DATABASE_URL,
    connectionTimeoutMillis: DATABASE_PATIENCE_MS,
    query_timeout: DATABASE_PATIENCE_MS,
  });
  // A connection that breaks while nobody uses it. Without a listener this would end the process.
  pool.on("error", (error) => console.error("a connection to the database broke:", error.message));
  const server = createServer(teamGate((sql, parameters) => pool.query(sql, parameters)));
  server.listen(Number(PORT), HOST, () => console.log(`http://${HOST}:${server.address().port}${PATH}`));
}

const startedAs = process.argv[1];
if (startedAs && import.meta.url === pathToFileURL(realpathSync(startedAs)).href) await runFromCommandLine();
