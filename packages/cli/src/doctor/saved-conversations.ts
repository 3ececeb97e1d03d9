import path from "node:path";

/** Folders of saved conversations. */
export interface SavedConversations {
  /** Folder that has them. */
  folder: string;
  /** Names of the folders in it, in the order of their numbers. The first is conversation 1. */
  names: readonly string[];
}

/** Names of a service's folders for conversations: the changed id of a client, or a random name. */
const MADE_NAMES =
  /(?<![A-Za-z0-9_-])(?!journal-)[a-z0-9][a-z0-9_-]{0,63}-[0-9a-f]{16}(?:[0-9a-f]{16})?(?![A-Za-z0-9_-])/g;
/** The folder of a journal or an engine's state in any path. */
const FOLDERS =
  /([\\/])(?!quarantine[\\/])([^\\/\s"']{1,255})(?=[\\/]+(?:quarantine[\\/]+)?(?:journal-\d{8,}|engine-state\.(?:kv|json|tried)))/g;
/** Words as in names of folders. */
const WORDS = /[A-Za-z0-9][\w-]{0,254}/g;
/** Shortest name that is replaced as a word, and not only in a path. Shorter ones are also words of sentences. */
const MIN_WORD_CHARACTERS = 8;
/** Folders that have one session, as far as their names tell. */
const OWN_FOLDERS: ReadonlySet<string> = new Set(["nanoagent", "session", "sessions", "state", "conversations"]);
const UNKNOWN = "[conversation]";

/**
 * Replaces the names of conversations in a text: by the number that they have among the saved ones, or by a label if the
 * folder is not there, as after its removal or in the session's folder of another agent.
 */
export function replaceConversations(text: string, saved: SavedConversations | null): string {
  const names = saved === null ? NONE : numbersOf(saved);
  const label = (name: string): string => {
    const number = names.get(name);
    return number === undefined ? UNKNOWN : `conversation ${number}`;
  };
  const folder = saved === null ? null : path.basename(saved.folder);
  const known = saved === null ? text : replaceKnown(text, saved.folder, names, label);
  return known
    .replace(FOLDERS, (all, slash: string, name: string) =>
      name === folder || OWN_FOLDERS.has(name) ? all : slash + label(name),
    )
    .replace(MADE_NAMES, label);
}

/** Replaces names of conversations below their folder, also where it is reached by another path, and as words. */
function replaceKnown(
  text: string,
  folder: string,
  names: ReadonlyMap<string, number>,
  label: (name: string) => string,
): string {
  const isFolderOf = (name: string, isPart: boolean) =>
    names.has(name) || (isPart && name !== "quarantine" && !/\s/.test(name));
  return replaceBelow(replaceBelow(text, folder, label, isFolderOf), path.basename(folder), label, (name) =>
    names.has(name),
  ).replace(WORDS, (word) => (names.has(word) && isName(word) ? label(word) : word));
}

/** Replaces the first part of each path below a folder if it is one of a conversation. `isPart`: more of a path follows. */
function replaceBelow(
  text: string,
  folder: string,
  label: (name: string) => string,
  isConversation: (name: string, isPart: boolean) => boolean,
): string {
  if (folder === "") return text;
  const [first = "", ...others] = text.split(folder);
  const parts = others.map((part) => {
    const [all = "", slash = "", whole = ""] = /^([\\/]+)([^\\/\n"']{1,255})/.exec(part) ?? [];
    const isPart = /^[\\/]/.test(part.slice(all.length));
    // Names of folders may have spaces and marks, and sentences go on behind them: the longest one counts.
    const ends = [...whole.matchAll(/[\s,;:.)]/g)].map(({ index }) => whole.slice(0, index)).reverse();
    const ways = [whole, ...ends].filter((way) => way !== "");
    const name = ways.find((way) => isConversation(way, isPart && way === whole));
    return name === undefined ? part : slash + label(name) + part.slice(slash.length + name.length);
  });
  return [first, ...parts].join(folder);
}

/** Whether a word that is the name of a folder can hardly be an ordinary word. */
function isName(word: string): boolean {
  return word.length >= MIN_WORD_CHARACTERS && /[\d_-]/.test(word);
}

const NONE: ReadonlyMap<string, number> = new Map();
const numbers = new WeakMap<SavedConversations, ReadonlyMap<string, number>>();

function numbersOf(saved: SavedConversations): ReadonlyMap<string, number> {
  const found = numbers.get(saved) ?? new Map(saved.names.map((name, index) => [name, index + 1]));
  numbers.set(saved, found);
  return found;
}
