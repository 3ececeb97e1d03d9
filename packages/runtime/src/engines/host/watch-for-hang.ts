import { readProcessWork } from "./read-process-work.js";
import { type Hang, type Patience, SignsOfLife } from "./signs-of-life.js";

const LOOK_MILLISECONDS = 1000;

/** A watch over a process that is expected to work. */
export interface HangWatch {
  readonly patience: Patience;
  /** Records a sign of life. */
  see(): void;
  /** Records that the main thread runs. */
  seeMainThread(): void;
  stop(): void;
}

/** Checks a process once a second until it hangs, and then calls `onHang` once. */
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
