-- The part of Cal.com's schema that the team gate reads, for trying it out and for the tests. A Cal.com database has all of
-- it, with many more columns: run nothing of this there.

CREATE TYPE "FeatureType" AS ENUM ('RELEASE', 'EXPERIMENT', 'OPERATIONAL', 'KILL_SWITCH', 'PERMISSION');

CREATE TABLE "Team" (
  id         serial PRIMARY KEY,
  name       text NOT NULL,
  slug       text,
  -- The organisation or team that this one belongs to. Nothing in the database keeps these from going in a circle.
  "parentId" integer REFERENCES "Team" (id) ON DELETE CASCADE ON UPDATE CASCADE
);

CREATE TABLE "Feature" (
  slug         text PRIMARY KEY,
  -- For everybody. The gate of a team does not ask for it.
  enabled      boolean NOT NULL DEFAULT false,
  description  text,
  type         "FeatureType" DEFAULT 'RELEASE',
  stale        boolean DEFAULT false,
  "lastUsedAt" timestamp(3),
  "createdAt"  timestamp(3) DEFAULT CURRENT_TIMESTAMP,
  "updatedAt"  timestamp(3) DEFAULT CURRENT_TIMESTAMP,
  "updatedBy"  integer
);

CREATE TABLE "TeamFeatures" (
  "teamId"     integer NOT NULL REFERENCES "Team" (id) ON DELETE CASCADE ON UPDATE CASCADE,
  "featureId"  text NOT NULL REFERENCES "Feature" (slug) ON DELETE CASCADE ON UPDATE CASCADE,
  -- Older versions of Cal.com have no such column: there, a row is a yes.
  enabled      boolean NOT NULL,
  "assignedAt" timestamp(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  "assignedBy" text NOT NULL,
  "updatedAt"  timestamp(3) NOT NULL,
  PRIMARY KEY ("teamId", "featureId")
);
