import { cutText } from "@nanoagent/models";
import type { EngineError } from "../engine-error.js";
import { findUnreadable, inspectPackage } from "./native-library/inspect-package.js";
import { type FaultyPackage, libraryIssueError } from "./native-library/library-issue-error.js";

/** Longest message from importing a package that an error shows, in characters. */
const MAX_MESSAGE_CHARACTERS = 500;

/**
 * Returns the error for an installed package that could not be imported from `file`, because this user cannot read it
 * or because it is damaged. Returns null if it is not installed.
 */
export async function explainPackage(
  installed: FaultyPackage,
  file: string,
  cause: unknown,
): Promise<EngineError | null> {
  const state = await inspectPackage(installed.name, file);
  const reason = cutText(cause instanceof Error ? cause.message : String(cause), MAX_MESSAGE_CHARACTERS);
  if (state.status === "hidden") {
    return libraryIssueError({ kind: "no-permission", file: state.folder, folder: state.folder }, installed, { cause });
  }
  if (state.status === "absent" && isNotFound(cause)) return null;
  const unreadable = state.status === "present" ? await findUnreadable(state.folder) : null;
  if (state.status === "present" && unreadable !== null) {
    return libraryIssueError({ kind: "no-permission", file: unreadable, folder: state.folder }, installed, { cause });
  }
  return libraryIssueError({ kind: "damaged-file", file: "its entry", reason: "cannot be loaded" }, installed, {
    reason,
    cause,
  });
}

function isNotFound(cause: unknown): boolean {
  const code = (cause as { code?: unknown } | null)?.code;
  return code === "ERR_MODULE_NOT_FOUND" || code === "MODULE_NOT_FOUND";
}
