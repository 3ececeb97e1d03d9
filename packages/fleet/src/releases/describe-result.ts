import { cutText, type NanoAgentError } from "@nanoagent/models";
import type { ApplyResult } from "./release-host.js";
import { MAX_REASON_CHARACTERS } from "./release-state.js";
import { sentencesOf } from "./releases-errors.js";

/** Name, version and identity of a bundle or a release. */
interface DescribedBundle {
  readonly name: string;
  readonly version: string;
  readonly sequence: number;
  readonly manifest_sha256: string;
}

/** Describes the end of a change. Without a bundle its fields are empty, and its sequence is 0. */
export function describeResult(
  bundle: DescribedBundle | undefined,
  state: ApplyResult["state"],
  current: number | null,
  error: NanoAgentError | null = null,
): ApplyResult {
  return {
    state,
    name: bundle?.name ?? "",
    version: bundle?.version ?? "",
    sequence: bundle?.sequence ?? 0,
    manifest_sha256: bundle?.manifest_sha256 ?? "",
    current,
    reason: error === null ? null : cutText(sentencesOf(error), MAX_REASON_CHARACTERS),
    code: error?.code ?? null,
  };
}
