import type { NanoAgentConfig } from "@nanoagent/models";
import { findSession } from "@nanoagent/runtime/node";
import type { CheckedPart, CheckReport } from "./check-report.js";
import { nearestExisting, whyNotWritable } from "./writable-folder.js";

/** Checks that the session's folder can be written, and reports its contents. */
export async function checkSession(report: CheckReport, { session }: NanoAgentConfig): Promise<void> {
  if (session === undefined) return;
  const part = report.part("Session");
  const { dir } = session;
  const existing = await nearestExisting(dir);
  part.summary = existing.path === dir ? dir : `${dir}, created at the first start`;
  const issue = await whyNotWritable(existing);
  if (issue !== null) {
    part.error(["session", "dir"], {
      code: "session-unreadable",
      message: `The session cannot be saved in ${dir}: ${issue}.`,
      hint: "Choose a folder that this user can write to.",
    });
    return;
  }
  if (existing.path === dir) await describeContents(part, dir);
}

async function describeContents(part: CheckedPart, dir: string): Promise<void> {
  try {
    const found = await findSession(dir);
    if (found !== null) part.summary = `${dir}, with ${found.turns} turns`;
  } catch (error) {
    part.reject(["session", "dir"], error);
  }
}
