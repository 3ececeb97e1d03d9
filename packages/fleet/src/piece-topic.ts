/** Level of the pieces of bundles, which all agents read. No agent can have it as its ID. */
export const PIECES_LEVEL = "bundle";

/** Topic of one piece of a bundle, retained. Pieces are named after the manifest, and all agents read the same ones. */
export function pieceTopic(prefix: string, manifestSha256: string, index: number): string {
  return `${prefix}/${PIECES_LEVEL}/${manifestSha256}/${index}`;
}

/** Topic that says that somebody uploads a bundle, retained. */
export function claimTopic(prefix: string, manifestSha256: string): string {
  return `${prefix}/${PIECES_LEVEL}/${manifestSha256}/claim`;
}
