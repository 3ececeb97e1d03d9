import type { SessionSettings } from "@nanoagent/models";
import { Journal, type JournalOptions } from "./journal.js";

const DAY_MILLISECONDS = 24 * 60 * 60 * 1000;

/** Opens the journal of a config. Throws the errors of {@link Journal.open}. */
export function openSession(settings: SessionSettings, options: JournalOptions = {}): Promise<Journal> {
  const { dir, fsync, on_write_error: onWriteError, retention } = settings;
  return Journal.open(dir, {
    fsync,
    onWriteError,
    retention: retention && {
      maxBytes: retention.max_mb === undefined ? undefined : retention.max_mb * 2 ** 20,
      maxAgeMilliseconds: retention.max_days === undefined ? undefined : retention.max_days * DAY_MILLISECONDS,
    },
    ...options,
  });
}
