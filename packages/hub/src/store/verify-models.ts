import { findModels } from "../caches/find-models.js";
import type { HubEnvironment } from "../environment/hub-environment.js";
import { HubError } from "../hub-error.js";
import { stampOf, storedModel } from "./list-models.js";
import { findModel } from "./resolve-model.js";
import { readStamps } from "./stamps.js";
import type { StoredModel } from "./stored-model.js";
import { type VerifyFilesOptions, verifyFiles } from "./verify-files.js";

export interface VerifiedModelReport {
  model: StoredModel;
  /** `unknown`: hashed for the first time, with nothing to compare it with. `wrong`: see `error`. */
  result: "right" | "wrong" | "unknown";
  /** `download-damaged`, or `store-unusable` for a file that cannot be read; otherwise null. */
  error: HubError | null;
}

/**
 * Hashes one model again, or all (null), whatever their stamps say, and records the result. A damaged or unreadable
 * model does not end the check of the others. Throws like `resolveModel` for a name without a model, and the signal's
 * reason when it aborts.
 */
export async function verifyModels(
  name: string | null,
  environment: HubEnvironment,
  options: Omit<VerifyFilesOptions, "onNotice"> & {
    onReport?: ((report: VerifiedModelReport) => void) | undefined;
  } = {},
): Promise<{ reports: VerifiedModelReport[]; notices: string[] }> {
  const models = name === null ? (await findModels(environment)).models : [await findModel(name, environment)];
  const { stamps, notices } = await readStamps(environment);
  const allNotices = new Set(notices);
  const reports: VerifiedModelReport[] = [];
  for (const model of models) {
    const stamp = stampOf(model, stamps);
    let report: VerifiedModelReport;
    try {
      const onNotice = (notice: string) => void allNotices.add(notice);
      const verified = await verifyFiles(model, stamp, environment, { ...options, onNotice });
      report = {
        model: storedModel(model, verified.stamp),
        result: verified.isCompared ? "right" : "unknown",
        error: null,
      };
    } catch (error) {
      if (!HubError.isInstance(error)) throw error;
      report = { model: { ...storedModel(model, stamp), verified: false }, result: "wrong", error: error as HubError };
    }
    reports.push(report);
    options.onReport?.(report);
  }
  return { reports, notices: [...allNotices] };
}
