// PostgreSQL with Cal.com's tables: the real one, compiled to WebAssembly, in a folder of its own, so that it can go down and
// come up again with what it holds.

import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const { PGlite } = createRequire(fileURLToPath(new URL("../../js/package.json", import.meta.url)))(
  "@electric-sql/pglite",
);

const recipe = (name) => readFile(new URL(`../../examples/calcom-team-gate/${name}`, import.meta.url), "utf8");

/** Starts a database that holds the tables and no team. */
export async function startDatabase() {
  const folder = await mkdtemp(join(tmpdir(), "calcom-"));
  let database = await PGlite.create(folder);
  const [schema, enableTeam] = await Promise.all([recipe("schema.sql"), recipe("enable-team.sql")]);
  await database.exec(schema);
  return {
    /** As a pool of `pg` has it; rejects while the database is down. */
    query: (sql, parameters) => database.query(sql, parameters),
    /** Makes teams, each with the team above it or `null`, by their ids. */
    async addTeams(parents) {
      // Parents may go in a circle, so that they are all made first.
      for (const id of Object.keys(parents)) {
        await database.query(`INSERT INTO "Team" (id, name) VALUES ($1, 'a team')`, [id]);
      }
      for (const [id, parent] of Object.entries(parents)) {
        await database.query(`UPDATE "Team" SET "parentId" = $2 WHERE id = $1`, [id, parent]);
      }
    },
    /** Runs `enable-team.sql`, with the team where psql puts its variable. */
    enable: (team) => database.exec(enableTeam.replaceAll(":team", String(team))),
    /** What an administrator does who switches a team off. */
    disable: (team) => database.query(`UPDATE "TeamFeatures" SET enabled = false WHERE "teamId" = $1`, [team]),
    forgetTeams: () => database.exec(`TRUNCATE "Team", "Feature" CASCADE`),
    async goDown() {
      if (!database.closed) await database.close();
    },
    async comeUp() {
      if (database.closed) database = await PGlite.create(folder);
    },
    async close() {
      await this.goDown();
      await rm(folder, { recursive: true });
    },
  };
}
