// The sources of the team gate, behind one small interface: the page's callback, a URL of the host application, and PostHog's
// flags. What the page says at its start, its own answer or that of the server which renders it, stands in `team-gate.ts`.

import { isQuotaLimited, requestFlags } from "./flags-request.js";
import type { CheckedOptions } from "./options.js";
import { ask } from "./transport.js";

/** Says whether a team is tracked. Anything but a boolean, and any failure, means that nobody could say. */
export type GateSource = (team: string) => unknown;

/** The feature flag by which a team is tracked. */
const TEAM_FLAG = "posthog-booking-tracking";

/** Who the flag is asked for: nobody, the team alone decides. */
const TEAM_FLAG_DISTINCT_ID = "posthog-booking-tracker";

/** The sources that can be asked again and again, in the order in which they are asked. */
export function gateSources(options: CheckedOptions, mayGoOn: () => boolean): GateSource[] {
  const { isTeamEnabled, teamGateUrl, teamFlag } = options;
  const sources: (GateSource | false)[] = [
    typeof isTeamEnabled === "function" && isTeamEnabled,
    teamGateUrl !== "" && ((team) => askHost(options, team)),
    teamFlag && ((team) => askFlag(options, team, mayGoOn)),
  ];
  return sources.filter((source) => source !== false);
}

/** The host application answers with a boolean, or with an object whose `enabled` is one. */
async function askHost({ teamGateUrl, requestTimeout }: CheckedOptions, team: string): Promise<unknown> {
  const url = new URL(teamGateUrl);
  url.searchParams.set("teamId", team);
  const { status, value } = await ask(url.href, undefined, requestTimeout);
  if (status < 200 || status > 299) return undefined;
  return typeof value === "boolean" ? value : (value as { enabled?: unknown } | undefined)?.enabled;
}

/**
 * Only a flag that was really computed for this group answers. PostHog's flag server also says `enabled: false` where it
 * did not look the group up (reason `no_group_type`, or a description that names groups). That says nothing, and nor does
 * a flag that is absent or has failed, or an answer that was cut by the quota.
 */
async function askFlag(options: CheckedOptions, team: string, mayGoOn: () => boolean): Promise<boolean | undefined> {
  const answer = await requestFlags(
    options,
    {
      distinct_id: TEAM_FLAG_DISTINCT_ID,
      groups: { team },
      flag_keys: [TEAM_FLAG],
      geoip_disable: true,
    },
    mayGoOn,
  );
  const isWhole = typeof answer === "object" && !answer.errorsWhileComputingFlags && !isQuotaLimited(answer);
  if (!isWhole) return undefined;
  const { [TEAM_FLAG]: flag } = answer.flags;
  if (!flag || flag.failed) return undefined;
  if (flag.enabled === true) return true;
  const { code = "", description = "" } = flag.reason ?? {};
  const isLookedUp = !/^(no_group_type|missing_dependency)$/.test(code) && !/group/i.test(description);
  return isLookedUp ? flag.enabled : undefined;
}
