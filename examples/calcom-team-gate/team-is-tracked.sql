-- Whether the team $1 is tracked: one row, one boolean, never null.
--
-- The team's own row decides, also where it says no. Where the team has none, any team above it that has it enabled is enough:
-- a team in between that has it disabled speaks for itself alone. `Feature.enabled`, which is for everybody, is not asked for.
--
-- A team that does not exist is not tracked, and that is a definite answer: it was deleted, and its id is never given out
-- again, or somebody has made it up. A tracker that was told "not known" instead would store events of nobody for a day, ask
-- again and again, and drop them all the same. Should the team come to exist, pages learn of it after their `gateTtl`.

WITH RECURSIVE lineage (id) AS (
  SELECT $1::integer
  -- Not UNION ALL: a team that was met before is not met again, so that parents which go in a circle come to an end.
  UNION
  SELECT team."parentId"
  FROM lineage
  JOIN "Team" AS team ON team.id = lineage.id
  WHERE team."parentId" IS NOT NULL
)
SELECT coalesce(
  (
    SELECT own.enabled
    FROM "TeamFeatures" AS own
    WHERE own."teamId" = $1::integer AND own."featureId" = 'posthog-booking-tracking'
  ),
  EXISTS (
    SELECT
    FROM lineage
    JOIN "TeamFeatures" AS inherited ON inherited."teamId" = lineage.id
    WHERE inherited."featureId" = 'posthog-booking-tracking' AND inherited.enabled
  )
) AS tracked
