import { readdir, stat } from "node:fs/promises";
import path from "node:path";
import type { NanoAgentConfig } from "@nanoagent/models";
import { findNewerFormat, findSession } from "@nanoagent/runtime/node";
import type { CheckedPart, CheckReport } from "./check-report.js";
import { nearestExisting, whyNotWritable } from "./writable-folder.js";

/** Number of conversations whose format is read: the newest ones are those that clients continue. */
const MAX_READ_CONVERSATIONS = 16;

/** Checks that the session's folder can be written and its conversations can be read, and reports its contents. */
export async function checkSession(report: CheckReport, { session, serve }: NanoAgentConfig): Promise<void> {
  if (session === undefined) return;
  const part = report.part("Session");
  const { dir } = session;
  const existing = await nearestExisting(dir);
  part.summary = existing.path === dir ? dir : `${dir}, created at the first start`;
  await warnOfRelease(part, dir, report.file);
  const issue = await whyNotWritable(existing);
  if (issue !== null) {
    part.error(["session", "dir"], {
      code: "session-unreadable",
      message: `The session cannot be saved in ${dir}: ${issue}.`,
      hint: "Choose a folder that this user can write to.",
    });
    return;
  }
  if (existing.path !== dir) return;
  await describeContents(part, dir);
  await checkOwnFormat(part, dir, serve !== undefined);
  await checkConversations(part, dir);
}

/** Every update of an agent replaces its release, with everything that is in it. */
async function warnOfRelease(part: CheckedPart, dir: string, file: string): Promise<void> {
  const folder = path.dirname(path.resolve(file));
  if (path.basename(folder) !== "current") return;
  const root = path.dirname(folder);
  const isInside = [folder, path.join(root, "releases")].some((release) =>
    `${dir}${path.sep}`.startsWith(release + path.sep),
  );
  if (!isInside || (await stat(path.join(root, "releases")).catch(() => null)) === null) return;
  part.warn(["session", "dir"], {
    code: "session-in-release",
    message: `The session in ${dir} belongs to this release only.`,
    reason: "Every update would begin with an empty session.",
    hint: "Set session.dir to ../session.",
  });
}

async function describeContents(part: CheckedPart, dir: string): Promise<void> {
  try {
    const found = await findSession(dir);
    if (found !== null) part.summary = `${dir}, with ${found.turns} turns`;
  } catch (error) {
    part.reject(["session", "dir"], error);
  }
}

/** A service does not use the session directly in the folder, but `nanoagent run` refuses to start with a newer one. */
async function checkOwnFormat(part: CheckedPart, dir: string, isServed: boolean): Promise<void> {
  if ((await findNewerFormat(dir).catch(() => null)) === null) return;
  const issue = {
    code: "session-format-unknown",
    message: `A newer version of nanoagent wrote the session in ${dir}. nanoagent run does not start with it.`,
    hint: "Use that version, or set another session.dir.",
  };
  if (isServed) part.warn(["session", "dir"], issue);
  else part.error(["session", "dir"], issue);
}

/** Warns of conversations of a service that a newer version wrote: messages to them fail. */
async function checkConversations(part: CheckedPart, dir: string): Promise<void> {
  const newest = await newestFolders(dir);
  const formats = await Promise.all(newest.map((folder) => findNewerFormat(folder).catch(() => null)));
  const { length: count } = formats.filter((format) => format !== null);
  if (count === 0) return;
  const number = newest.length === 1 ? "the conversation" : `${count} of the newest ${newest.length} conversations`;
  part.warn(["session", "dir"], {
    code: "session-format-unknown",
    message: `A newer version of nanoagent wrote ${number} in ${dir}. A service answers no messages to them.`,
    hint: "Use that version, or set another session.dir.",
  });
}

/** Returns the folders below a folder that were changed last, at most {@link MAX_READ_CONVERSATIONS}. */
async function newestFolders(dir: string): Promise<string[]> {
  const entries = await readdir(dir, { withFileTypes: true }).catch(() => []);
  const folders = entries
    .filter((entry) => entry.isDirectory() && entry.name !== "quarantine")
    .map(({ name }) => path.join(dir, name));
  const found = folders.map(async (folder) => ({ folder, at: (await stat(folder).catch(() => null))?.mtimeMs ?? 0 }));
  const newestFirst = (await Promise.all(found)).toSorted((one, other) => other.at - one.at);
  return newestFirst.slice(0, MAX_READ_CONVERSATIONS).map(({ folder }) => folder);
}
