// Processes as the kernel has them: a browser's whole tree, killed at one stroke, as a power cut or `kill -9` would.

import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

/** How often a killed process is looked for before its death is taken for granted. */
const LOOKS_MAX = 200;

/** State, parent and command line of a process; `undefined` where it is gone. */
export function processOf(pid) {
  try {
    // The name stands in brackets and may hold anything, so what follows is counted from the last one.
    const status = readFileSync(`/proc/${pid}/stat`, "utf8");
    const [state, parent] = status.slice(status.lastIndexOf(")") + 2).split(" ");
    const command = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").slice(0, -1);
    return { pid, state, parent: Number(parent), command };
  } catch {
    return undefined;
  }
}

/** A process and all that descend from it, parents before children. */
export function treeOf(root) {
  const all = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  const processes = all.map((name) => processOf(Number(name))).filter(Boolean);
  const tree = processes.filter(({ pid }) => pid === root);
  for (const member of tree) tree.push(...processes.filter(({ parent }) => parent === member.pid));
  return tree;
}

const isAlive = (pid) => !["Z", "X", undefined].includes(processOf(pid)?.state);

/** Kills these processes by signal 9 and waits until none of them runs any more. */
export async function killAll(pids) {
  for (const pid of pids) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // It has ended by itself, for instance because its parent did.
    }
  }
  for (let looks = 0; looks < LOOKS_MAX && pids.some(isAlive); looks++) await sleep(10);
}

/** Kills a process with all that descend from it. */
export const killTree = (root) => killAll(treeOf(root).map(({ pid }) => pid));
