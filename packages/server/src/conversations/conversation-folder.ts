import crypto from "node:crypto";

/** Longest name of a folder that an id gives. */
const MAX_NAME_CHARACTERS = 64;
/** Hexadecimal digits of the hash that makes a changed name unique. */
const HASH_DIGITS = 16;
/** Ids that are their own names: no path, no hidden file, and the same on systems that ignore case. */
const SAFE_ID = /^[a-z0-9](?:[a-z0-9_-]*[a-z0-9])?$/;
/** Names that Windows reserves for devices. */
const DEVICE_NAME = /^(?:con|prn|aux|nul|com\d|lpt\d)$/;
/** Names that the session directly in the folder uses. */
const USED_NAME = /^(?:quarantine|engine-state.*)$/;
/** Names that end like a changed one, so that no id can have the name of another. */
const CHANGED_NAME = new RegExp(`-[0-9a-f]{${HASH_DIGITS},}$`);

/**
 * Returns the name of the folder for a conversation's id: the id itself if it is a safe name, otherwise its safe
 * characters and a hash. Different ids have different names, and none is a path.
 */
export function folderNameOf(id: string): string {
  const isSafe = SAFE_ID.test(id) && id.length <= MAX_NAME_CHARACTERS;
  if (isSafe && !DEVICE_NAME.test(id) && !USED_NAME.test(id) && !CHANGED_NAME.test(id)) return id;
  const hash = crypto.createHash("sha256").update(id).digest("hex").slice(0, HASH_DIGITS);
  const room = MAX_NAME_CHARACTERS - HASH_DIGITS - 1;
  const readable = id
    .slice(0, 2 * room)
    .toLowerCase()
    .replaceAll(/[^a-z0-9_-]+/g, "-")
    .slice(0, room)
    .replaceAll(/^[_-]+|[_-]+$/g, "");
  return `${readable || "conversation"}-${hash}`;
}

/** Returns a random name for the folder of a conversation without an id. No id has such a name. */
export function randomFolderName(): string {
  return `conversation-${crypto.randomBytes(HASH_DIGITS).toString("hex")}`;
}
