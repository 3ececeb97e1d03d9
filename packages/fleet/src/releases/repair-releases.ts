import { findPrevious, keptReleases } from "./kept-releases.js";
import type { ReleaseFolder } from "./release-folder.js";
import type { ReleaseRecord } from "./release-record.js";
import {
  interruptTrial,
  isUnproven,
  type ReleaseState,
  releaseBelow,
  settleRollback,
  settleTrial,
} from "./release-state.js";

export interface RepairedReleases {
  readonly state: ReleaseState;
  /** Sentences about the interrupted update, and the release that is in use now; or null. */
  readonly repaired: string | null;
  /** Whether an interrupted rollback had changed `current` already, and is finished now. */
  readonly hasRolledBack: boolean;
}

/**
 * Finishes or takes back what an ended program has begun (the table at {@link ReleaseState} says which), and removes what it
 * left behind. `current` is changed before the state: if this is interrupted too, the next program finds the same case again.
 */
export async function repairReleases(folder: ReleaseFolder): Promise<RepairedReleases> {
  const records = await folder.readRecords();
  const found = await folder.readCurrent();
  const before = await folder.readState(records, found);
  let current = found;
  if (isUnproven(before, found) && canGoBack(before, records)) {
    current = before.trial?.previous ?? null;
    await folder.setCurrent(current);
  }
  const ended = endChange(before, records, current);
  const state = { ...ended, previous: findPrevious(records, ended, current) };
  // First, since the state may need the space.
  await folder.clean(keptReleases(records, state, current));
  if (!(await folder.hasState(state))) await folder.writeState(state);
  const hasRolledBack = before.rollback !== null && before.rollback.sequence === current;
  return { state, repaired: describeRepair(before, state, current), hasRolledBack };
}

/** Without the old release, one that is not proven is better than none. */
function canGoBack({ trial }: ReleaseState, records: readonly ReleaseRecord[]): boolean {
  const previous = trial?.previous ?? null;
  return previous === null || records.some((record) => record.sequence === previous);
}

function endChange(state: ReleaseState, records: readonly ReleaseRecord[], current: number | null): ReleaseState {
  const { trial, rollback } = state;
  if (rollback !== null && rollback.sequence === current) {
    const failed = [...state.failed, { ...rollback.from, reason: "", at: "" }];
    return settleRollback(state, releaseBelow(records, current, { failed }), new Date().toISOString());
  }
  const stays = trial !== null && trial.sequence === current;
  return { ...(stays ? settleTrial(state) : interruptTrial(state)), rollback: null };
}

function describeRepair(before: ReleaseState, after: ReleaseState, current: number | null): string | null {
  const { trial, rollback } = before;
  const inUse = current === null ? "No release is in use." : `Release ${current} is in use.`;
  if (rollback !== null) return `The rollback to release ${rollback.sequence} was interrupted. ${inUse}`;
  if (trial === null || after.sequence === trial.sequence) return null;
  return `The update to release ${trial.sequence} was interrupted. ${inUse}`;
}
