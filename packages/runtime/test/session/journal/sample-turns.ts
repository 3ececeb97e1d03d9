import type { AgentMessage } from "@nanoagent/models";
import { Journal, type JournalOptions } from "../../../src/session/journal/journal.js";
import type { JournalMessage } from "../../../src/session/journal/journal-record.js";
import type { MemoryDisk } from "./memory-disk.js";

export const folder = "/session";
const timestamp = "2026-01-31T12:00:00.000Z";

export function message(role: AgentMessage["role"], content: string): AgentMessage {
  return { role, content, timestamp };
}

/** Returns a question and its answer. */
export function turn(text: string): AgentMessage[] {
  return [message("user", text), message("assistant", `You said ${text}`)];
}

export function openOn(disk: MemoryDisk, options: JournalOptions = {}): Promise<Journal> {
  return Journal.open(folder, {
    files: disk,
    lock: async () => ({ isHeld: async () => true, release: async () => {} }),
    ...options,
  });
}

/** Returns the user's text of each turn in the journal. */
export async function questions(journal: Journal, from = 1): Promise<string[]> {
  const texts: string[] = [];
  for await (const { messages } of journal.turns(from)) texts.push(messages[0]?.content ?? "");
  return texts;
}

export async function allMessages(journal: Journal): Promise<JournalMessage[]> {
  const all: JournalMessage[] = [];
  for await (const { messages } of journal.turns()) all.push(...messages);
  return all;
}
