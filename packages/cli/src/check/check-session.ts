import { access, constants, stat } from "node:fs/promises";
import path from "node:path";
import type { NanoAgentConfig } from "@nanoagent/models";
import { findSession } from "@nanoagent/runtime/node";
import type { CheckedPart, CheckReport } from "./check-report.js";

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

/** Returns the folder itself, or its nearest parent that exists. */
async function nearestExisting(file: string): Promise<{ path: string; isFolder: boolean }> {
  for (let at = file; ; at = path.dirname(at)) {
    try {
      return { path: at, isFolder: (await stat(at)).isDirectory() };
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if ((code !== "ENOENT" && code !== "ENOTDIR") || path.dirname(at) === at) return { path: at, isFolder: true };
    }
  }
}

async function whyNotWritable(existing: { path: string; isFolder: boolean }): Promise<string | null> {
  if (!existing.isFolder) return `${existing.path} is not a folder`;
  try {
    await access(existing.path, constants.W_OK | constants.X_OK);
    return null;
  } catch (error) {
    const isReadOnly = (error as NodeJS.ErrnoException).code === "EROFS";
    return `${existing.path} ${isReadOnly ? "is on a read-only file system" : "is not writable for this user"}`;
  }
}
