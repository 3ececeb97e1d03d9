/** Topic of one piece of a bundle, retained. Pieces are named after the manifest, and all agents read the same ones. */
export function pieceTopic(prefix: string, manifestSha256: string, index: number): string {
  return `${prefix}/bundle/${manifestSha256}/${index}`;
}

/** Topic that says that somebody uploads a bundle, retained. */
export function claimTopic(prefix: string, manifestSha256: string): string {
  return `${prefix}/bundle/${manifestSha256}/claim`;
}
