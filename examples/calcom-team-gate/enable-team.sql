-- Has a team tracked, whatever was said of it before:
--
--   psql "$DATABASE_URL" -v ON_ERROR_STOP=1 -v team=42 -f enable-team.sql
--
-- `assignedBy` and `updatedAt` have no default in the database, so they are given here. Cal.com keeps its times in UTC.

BEGIN;

-- The feature first, because the team's row refers to it. That it is off for everybody changes nothing for the team.
INSERT INTO "Feature" (slug, enabled, description, type)
VALUES ('posthog-booking-tracking', false, 'Tracks bookings in PostHog', 'OPERATIONAL')
ON CONFLICT (slug) DO NOTHING;

INSERT INTO "TeamFeatures" ("teamId", "featureId", enabled, "assignedAt", "assignedBy", "updatedAt")
VALUES (
  :team,
  'posthog-booking-tracking',
  true,
  now() AT TIME ZONE 'UTC',
  'enable-team.sql',
  now() AT TIME ZONE 'UTC'
)
ON CONFLICT ("teamId", "featureId") DO UPDATE
SET enabled = true, "assignedBy" = excluded."assignedBy", "updatedAt" = excluded."updatedAt";

COMMIT;
