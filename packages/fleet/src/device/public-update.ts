import { homedir } from "node:os";
import path from "node:path";
import type { UpdateMessage } from "../offers/bundle-offer.js";

/**
 * Returns the state of an update as others may read it at the broker: without the paths of this device. `root`: folder of the
 * releases, or null. Reasons still name files of the bundle, and addresses of its config.
 */
export function publicUpdate(message: UpdateMessage, root: string | null, home = homedir()): UpdateMessage {
  const { reason } = message;
  if (reason === null) return message;
  let text = reason;
  if (root !== null) {
    const release = /^[/\\](?:next|current|releases[/\\]\d+)[/\\]/;
    text = replacePath(text, root, (rest) => (release.test(rest) ? rest.replace(release, "") : `ROOT${rest}`));
  }
  // A home folder that is the root of the disk names nothing.
  if (path.dirname(home) !== home) text = replacePath(text, home, (rest) => `~${rest}`);
  return { ...message, reason: text };
}

/** Replaces a path, and those below it. `rest`: text behind the path, up to the next space. */
function replacePath(text: string, folder: string, replace: (rest: string) => string): string {
  return text
    .split(folder)
    .map((piece, index) => {
      if (index === 0) return piece;
      // Another folder whose name begins alike keeps its name, without the folders above it.
      const rest = /^\S*/.exec(piece)?.[0] ?? "";
      return replace(rest) + piece.slice(rest.length);
    })
    .join("");
}
