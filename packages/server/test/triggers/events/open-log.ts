import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { onTestFinished } from "vitest";
import { MemoryDisk } from "../../../../runtime/test/session/journal/memory-disk.js";
import type { AddRule } from "../../../src/triggers/events/add-rule.js";
import { EventLog, type EventLogOptions } from "../../../src/triggers/events/event-log.js";
import { type LoggedEvent, readEventLog } from "../../../src/triggers/events/read-event-log.js";
import type { NewEvent } from "../../../src/triggers/trigger-event.js";

export const folder = "/agent/events";
export const start = Date.UTC(2026, 10, 30);

export const rule: AddRule = { maxEvents: 1000, whenFull: "refuse", repeats: null };

export function newEvent(payload: unknown, parts: Partial<NewEvent> = {}): NewEvent {
  return { trigger: "bed", at: start, payload, ...parts };
}

/** Opens a log on a disk in memory, which no other program can claim. */
export function openOn(disk: MemoryDisk, options: EventLogOptions = {}): Promise<EventLog> {
  const claim = async () => ({ isHeld: async () => true, release: async () => {} });
  return EventLog.open(folder, { files: disk, claim, now: () => start, ...options });
}

export function temporaryFolder(): string {
  const made = mkdtempSync(path.join(os.tmpdir(), "na-"));
  onTestFinished(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

/** Adds an event and returns its id. */
export async function keep(log: EventLog, payload: unknown, parts: Partial<NewEvent> = {}): Promise<string> {
  const acceptance = await log.add(newEvent(payload, parts), rule);
  if (acceptance.status !== "kept") throw new Error(`not kept: ${JSON.stringify(acceptance)}`);
  return acceptance.id;
}

export function end(log: EventLog, event: string): Promise<void> {
  return log.append({ type: "end", event, outcome: "done", tries: 1, result: "ok", at: start });
}

export async function readAll(where: string, files?: MemoryDisk): Promise<LoggedEvent[]> {
  const all: LoggedEvent[] = [];
  for await (const logged of readEventLog(where, files)) all.push(logged);
  return all;
}

export { MemoryDisk };
