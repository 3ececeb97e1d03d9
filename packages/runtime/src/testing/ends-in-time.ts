import { ABORT_GRACE_MILLISECONDS, type EngineEvent } from "../engines/engine.js";

/** Attempts at ending in time. A busy machine can cause a single delay; a slow engine is always slow. */
const ABORT_ATTEMPTS = 3;
/** Longest wait for an aborted reply to end, and for a close. */
const HANG_MILLISECONDS = 10_000;

interface Aborted {
  abortedAt: number;
  /** Resolves to the events when the reply has ended. */
  ended: Promise<EngineEvent[]>;
}

/**
 * Checks that a reply ends within {@link ABORT_GRACE_MILLISECONDS} of its abort, and returns its events. The limit is
 * extended by the lateness of the machine's timers, measured just before and after.
 */
export async function endsInTime(abortReply: () => Promise<Aborted>): Promise<EngineEvent[]> {
  for (let attempt = 1; ; attempt++) {
    const latenessBefore = await measureLateness();
    const { abortedAt, ended } = await abortReply();
    const events = await withoutHang(ended);
    const milliseconds = Math.round(performance.now() - abortedAt);
    const limit = Math.ceil(ABORT_GRACE_MILLISECONDS + latenessBefore + (await measureLateness()));
    if (milliseconds <= limit) return events;
    if (attempt >= ABORT_ATTEMPTS) {
      throw new Error(`the reply ended ${milliseconds} ms after its abort; the limit is ${limit} ms`);
    }
  }
}

/** Returns the largest current delay of timers, in milliseconds. */
async function measureLateness(): Promise<number> {
  let most = 0;
  for (let timers = 0; timers < 5; timers++) {
    const began = performance.now();
    await sleep(2);
    most = Math.max(most, performance.now() - began - 2);
  }
  return most;
}

export async function withoutHang<Value>(ended: Promise<Value>): Promise<Value> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not done after ${HANG_MILLISECONDS} ms`)), HANG_MILLISECONDS);
  });
  try {
    return await Promise.race([ended, late]);
  } finally {
    clearTimeout(timer);
  }
}

export function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
