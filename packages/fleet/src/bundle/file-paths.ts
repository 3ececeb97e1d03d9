import { shown, UNPRINTABLE } from "./check-fields.js";
import { malformed } from "./malformed.js";

/** Longest path, in bytes: the shortest limit of the usual systems. */
const MAX_PATH_BYTES = 1024;
/** Longest name of a file or folder on the usual file systems, in bytes. */
const MAX_SEGMENT_BYTES = 255;
/** Most folders in a path, and the file. It bounds the work on hostile manifests. */
const MAX_SEGMENTS = 32;
/** Names that Windows reserves for devices, with any ending. */
const DEVICE_NAME = /^(?:con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])\s*(?:\.|$)/i;
/** Characters that nobody sees, or that change the order in which the others are shown: a path could look like another one. */
const INVISIBLE = /[\u200B-\u200F\u202A-\u202E\u2066-\u2069\uFEFF]/;
/** Characters that file systems of Windows do not accept. The colon is also that of drives. */
const WINDOWS_CHARACTERS = /[<>:"|?*]/;

/** Returns the reason why a path cannot be in a bundle, as a part of a sentence, or null. */
export function problemOfPath(path: string): string | null {
  if (path === "") return "is empty";
  if (UNPRINTABLE.test(path)) return "contains control characters";
  if (INVISIBLE.test(path)) return "contains invisible or bidirectional control characters";
  if (path.includes("\\")) return "contains a backslash";
  if (path.startsWith("/")) return "is absolute";
  if (Buffer.byteLength(path) > MAX_PATH_BYTES) return `has more than ${MAX_PATH_BYTES} bytes`;
  const segments = path.split("/");
  if (segments.length > MAX_SEGMENTS) return `has more than ${MAX_SEGMENTS} segments`;
  for (const segment of segments) {
    const problem = problemOfSegment(segment);
    if (problem !== null) return problem;
  }
  return null;
}

function problemOfSegment(segment: string): string | null {
  if (segment === "") return "has an empty segment";
  if (segment === "." || segment === "..") return `has the segment "${segment}"`;
  if (/^[a-z]:/i.test(segment)) return "names a drive";
  if (WINDOWS_CHARACTERS.test(segment)) return "has a character that Windows does not accept";
  if (/[. ]$/.test(segment)) return "has a segment that ends in a dot or a space";
  if (DEVICE_NAME.test(segment)) return `has a name that Windows reserves, "${segment}"`;
  if (Buffer.byteLength(segment) > MAX_SEGMENT_BYTES) return `has a segment of more than ${MAX_SEGMENT_BYTES} bytes`;
  return null;
}

/**
 * Collects the paths of a bundle. Throws `FleetError` (`bundle-malformed`) for two that are the same file on a file system that
 * ignores case or the normal form of Unicode, and for one that is a file and a folder.
 */
export class PathSet {
  /** Each file and folder by its folded path. */
  readonly #places = new Map<string, { path: string; isFolder: boolean }>();

  add(path: string): void {
    let end = path.indexOf("/");
    const names = path.split("/");
    let folded = "";
    for (const [index, name] of names.entries()) {
      const isFolder = index < names.length - 1;
      folded += `/${fold(name)}`;
      this.#addPlace(folded, { path: isFolder ? path.slice(0, end) : path, isFolder });
      end = path.indexOf("/", end + 1);
    }
  }

  #addPlace(folded: string, place: { path: string; isFolder: boolean }): void {
    const known = this.#places.get(folded);
    if (known === undefined) this.#places.set(folded, place);
    else if (known.path !== place.path) {
      throw malformed(`The paths ${shown(known.path)} and ${shown(place.path)} are the same on some file systems.`);
    } else if (!known.isFolder && !place.isFolder) throw malformed(`The file ${shown(place.path)} is in it twice.`);
    else if (known.isFolder !== place.isFolder) throw malformed(`${shown(place.path)} is both a file and a folder.`);
  }
}

/** Two names that a file system may take for the same have the same folded form. */
function fold(name: string): string {
  return name.normalize("NFD").toUpperCase().toLowerCase().normalize("NFD");
}
