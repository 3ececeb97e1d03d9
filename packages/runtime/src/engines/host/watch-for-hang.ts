import { readProcessWork } from "./read-process-work.js";
import { type Hang, type Patience, SignsOfLife } from "./signs-of-life.js";

const LOOK_MILLISECONDS = 1000;

/** A watch over a process that something is expected of. */
export interface HangWatch {
  readonly patience: Patience;
  /** Takes in a sign of life. */
  see(): void;
  /** Takes in a sign of the main thread alone. */
  seeMainThread(): void;
  stop(): void;
}

/** Looks at a process once a second until it hangs: then calls `onHang`, once. */
export function watchForHang(
  processId: number | undefined,
  patience: Patience,
  onHang: (hang: Hang) => void,
): HangWatch {
  const read = () => (processId === undefined ? null : readProcessWork(processId));
  const signs = new SignsOfLife(patience, read, performance.now());
  const timer = setInterval(() => {
    const hang = signs.findHang(performance.now());
    if (hang === null) return;
    clearInterval(timer);
    onHang(hang);
  }, LOOK_MILLISECONDS);
  return {
    patience,
    see: () => signs.see(performance.now()),
    seeMainThread: () => signs.seeMainThread(),
    stop: () => clearInterval(timer),
  };
}
