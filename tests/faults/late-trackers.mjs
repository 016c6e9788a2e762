// The faults of pages whose tracker comes late or not at all: a policy that forbids WebAssembly, a chunk that is held, a chunk that is
// blocked for that visit. Each with the entries that load something then; left in the tick of the first call, and staying open.

import { setTimeout as sleep } from "node:timers/promises";

const HELD_MS = 5_000;

/** Long enough for the chunk to have been asked for, and for the loading to have failed. */
const BLOCKED_MS = 3_000;

/** The entries: the page that carries one, with and without WebAssembly, and the chunk that it loads then. */
const ENTRIES = {
  script: { file: "script.js", path: "/page?csp", chunk: "no-wasm.js" },
  "no-wasm": { file: "no-wasm.js", path: "/no-wasm?csp" },
  lazy: { file: "lazy.js", path: "/lazy", chunk: "index.js" },
};

/** Captures in the tick that makes the tracker, on a page that stays or is left in that tick as well. */
async function captureAtOnce(scene, isLeft) {
  const page = await scene.openUnstarted();
  const how = { booking: true, startWith: scene.configuration() };
  if (isLeft) await scene.captureAndLeave(page, `${scene.site.url}/plain`, how);
  else await scene.capture(page, how);
  return page;
}

/**
 * The fault has to have met what it is for, and nothing can have been sent. A page that is left in the tick of its first call may be gone
 * before the browser asks for the chunk.
 */
async function chunkIsMissed(scene, isLeft) {
  if (!isLeft && scene.site.asked() === 0) throw new Error("the chunk was not asked for");
  await scene.nothingYet();
}

const leaving = { copiesMax: 2, how: "left in the same tick" };

/** A policy that forbids WebAssembly. */
function forbidden(name) {
  const { file } = ENTRIES[name];
  const path = `${ENTRIES[name].path.split("?")[0]}?csp`;
  const title = (how) => `no WebAssembly, ${file}: ${how}`;
  return [
    {
      name: `forbidden-${name}`,
      title: title(leaving.how),
      path,
      copiesMax: leaving.copiesMax,
      play: async (scene) => void (await captureAtOnce(scene, true)),
    },
    {
      name: `forbidden-${name}-open`,
      title: title("page stays open"),
      path,
      play: (scene) => captureAtOnce(scene, false),
    },
  ];
}

/** The chunk comes after 5 s. */
function held(name) {
  const { file, path, chunk } = ENTRIES[name];
  const title = (how) => `${chunk} held for 5 s, ${file}: ${how}`;
  const play = (isLeft) => async (scene) => {
    scene.site.hold(chunk);
    const page = await captureAtOnce(scene, isLeft);
    await sleep(HELD_MS);
    await chunkIsMissed(scene, isLeft);
    return isLeft ? undefined : page;
  };
  return [
    { name: `held-${name}`, title: title(leaving.how), path, copiesMax: leaving.copiesMax, play: play(true) },
    { name: `held-${name}-open`, title: title("page stays open"), path, play: play(false) },
  ];
}

/** The chunk cannot be had before the visitor comes back. */
function blocked(name) {
  const { file, path, chunk } = ENTRIES[name];
  const title = (how) => `${chunk} blocked, ${file}: ${how}`;
  return [
    {
      name: `blocked-${name}`,
      title: title(leaving.how),
      path,
      copiesMax: leaving.copiesMax,
      async play(scene) {
        scene.site.block(chunk);
        await captureAtOnce(scene, true);
        await scene.nothingYet();
      },
    },
    {
      name: `blocked-${name}-closed`,
      title: title("page closed after 3 s"),
      path,
      copiesMax: leaving.copiesMax,
      async play(scene) {
        scene.site.block(chunk);
        const page = await captureAtOnce(scene, false);
        await sleep(BLOCKED_MS);
        await chunkIsMissed(scene, false);
        await scene.nothingThrown(page);
        await page.close();
      },
    },
  ];
}

/** All of them, in the order of the table. */
export const LATE_TRACKERS = [
  ...["script", "no-wasm", "lazy"].flatMap(forbidden),
  ...["script", "lazy"].flatMap(held),
  ...["script", "lazy"].flatMap(blocked),
];
