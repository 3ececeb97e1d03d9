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
  const names = numbersOf(saved);
  const label = (name: string): string => {
    const number = names.get(name);
    return number === undefined ? UNKNOWN : `conversation ${number}`;
  };
  const folder = saved === null ? null : path.basename(saved.folder);
  return (saved === null ? text : replaceBelow(text, saved.folder, names, label))
    .replace(FOLDERS, (all, slash: string, name: string) =>
      name === folder || OWN_FOLDERS.has(name) ? all : slash + label(name),
    )
    .replace(MADE_NAMES, label)
    .replace(WORDS, (word) => (names.has(word) && isName(word) ? label(word) : word));
}

/** Replaces the first part of each path below the session's folder, if it is the name of a conversation. */
function replaceBelow(
  text: string,
  folder: string,
  names: ReadonlyMap<string, number>,
  label: (name: string) => string,
): string {
  const [first = "", ...others] = text.split(folder);
  const parts = others.map((part) =>
    part.replace(/^([\\/]+)([^\\/\s"',;)]+)/, (all, slash: string, given: string) => {
      const name = given.replace(/[.:]+$/, "");
      return names.has(name) ? slash + label(name) + given.slice(name.length) : all;
    }),
  );
  return [first, ...parts].join(folder);
}

/** Whether a word that is the name of a folder can hardly be an ordinary word. */
function isName(word: string): boolean {
  return word.length >= MIN_WORD_CHARACTERS && /[\d_-]/.test(word);
}

const known = new WeakMap<SavedConversations, ReadonlyMap<string, number>>();

function numbersOf(saved: SavedConversations | null): ReadonlyMap<string, number> {
  if (saved === null) return new Map();
  const numbers = known.get(saved) ?? new Map(saved.names.map((name, index) => [name, index + 1]));
  known.set(saved, numbers);
  return numbers;
}
