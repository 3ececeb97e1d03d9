import type { PageError } from "./page-events.js";
import { isTurnId } from "./turn-id.js";

/** Version of the file's format. */
const FORMAT = 1;
/** Longest title that is read. */
const MAX_TITLE_CHARACTERS = 200;
/** Longest message that is read: the page sends at most 256 KB. */
const MAX_MESSAGE_CHARACTERS = 262_144;
/** Longest text of an error that is read or written. */
export const MAX_ERROR_CHARACTERS = 2000;
const ID = /^page-[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** An entry of the list of conversations. */
export interface IndexEntry {
  readonly id: string;
  readonly title: string;
  /** ISO 8601. */
  readonly updatedAt: string;
}

/** The end of a turn that is not complete. */
export interface TurnEnd {
  readonly state: "failed" | "stopped";
  readonly error: PageError | null;
}

/** A turn that a page began: its id, and the end that a journal does not tell. */
export interface NamedTurn {
  readonly conversation: string;
  readonly turn: string;
  /** Time of the turn's first message in the journal, if it is in one. ISO 8601. */
  readonly at: string;
  /** Null for a turn that is complete. */
  readonly end: TurnEnd | null;
}

/** A turn that no journal has. Its end is null while it runs or waits, and after a program that ended in the meantime. */
export interface UnfinishedTurn extends NamedTurn {
  readonly message: string;
}

export interface IndexContent {
  readonly entries: readonly IndexEntry[];
  readonly unfinished: readonly UnfinishedTurn[];
  readonly named: readonly NamedTurn[];
}

export const emptyContent: IndexContent = Object.freeze({ entries: [], unfinished: [], named: [] });

/** Returns an id for a new conversation. It is also the name of its folder. */
export function newConversationId(): string {
  return `page-${crypto.randomUUID()}`;
}

export function isConversationId(id: unknown): id is string {
  return typeof id === "string" && ID.test(id);
}

/** Returns the text of the file. */
export function writeContent({ entries, unfinished, named }: IndexContent): string {
  const content = {
    format: FORMAT,
    conversations: entries.map(({ id, title, updatedAt }) => ({ id, title, updated_at: updatedAt })),
    ...(unfinished.length > 0 && { unfinished: unfinished.map(withEndFields) }),
    ...(named.length > 0 && { turns: named.map(withEndFields) }),
  };
  return `${JSON.stringify(content)}\n`;
}

/** Returns the valid entries of a file, each id once, `newer` for a later format, and `damaged` for anything else. */
export function readContent(text: string): IndexContent | "newer" | "damaged" {
  const content = parse(text);
  if (typeof content?.format === "number" && content.format > FORMAT) return "newer";
  if (content?.format !== FORMAT || !Array.isArray(content.conversations)) return "damaged";
  const unfinished = firstOfEach(listOf(content.unfinished).flatMap(toUnfinished), ({ turn }) => turn);
  const ids = new Set(unfinished.map(({ turn }) => turn));
  const named = firstOfEach(listOf(content.turns).flatMap(toNamed), ({ turn }) => turn);
  return {
    entries: firstOfEach(content.conversations.flatMap(toEntry), ({ id }) => id),
    unfinished,
    // Only the other list has its message.
    named: named.filter(({ turn }) => !ids.has(turn)),
  };
}

/** Returns the list without entries whose id an earlier one has. */
function firstOfEach<Entry>(list: readonly Entry[], idOf: (entry: Entry) => string): Entry[] {
  const seen = new Set<string>();
  return list.filter((entry) => seen.size < seen.add(idOf(entry)).size);
}

function withEndFields({ end, ...turn }: NamedTurn): object {
  if (end === null) return turn;
  return { ...turn, state: end.state, ...(end.error !== null && { error: end.error.message }) };
}

type Fields = Readonly<Record<string, unknown>>;

function parse(text: string): Fields | null {
  try {
    const content: unknown = JSON.parse(text);
    return typeof content === "object" ? (content as Fields | null) : null;
  } catch {
    return null;
  }
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function toEntry(entry: unknown): IndexEntry[] {
  const { id, title, updated_at } = (entry ?? {}) as Fields;
  const isValid = isConversationId(id) && typeof title === "string" && title.length <= MAX_TITLE_CHARACTERS;
  return isValid && isTime(updated_at) ? [{ id, title, updatedAt: canonicalTime(updated_at) }] : [];
}

function toUnfinished(entry: unknown): UnfinishedTurn[] {
  const { message } = (entry ?? {}) as Fields;
  if (typeof message !== "string" || message.length > MAX_MESSAGE_CHARACTERS) return [];
  return toNamed(entry).map((named) => ({ ...named, message }));
}

function toNamed(entry: unknown): NamedTurn[] {
  const { conversation, turn, at, state, error } = (entry ?? {}) as Fields;
  if (!isConversationId(conversation) || !isTurnId(turn) || !isTime(at)) return [];
  const named = { conversation, turn, at: canonicalTime(at) };
  if (state !== "failed" && state !== "stopped") return [{ ...named, end: null }];
  const hasError = typeof error === "string" && error.length <= MAX_ERROR_CHARACTERS;
  return [{ ...named, end: { state, error: hasError ? { message: error } : null } }];
}

function isTime(value: unknown): value is string {
  return typeof value === "string" && !Number.isNaN(Date.parse(value));
}

function canonicalTime(time: string): string {
  return new Date(time).toISOString();
}
