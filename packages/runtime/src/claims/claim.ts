/**
 * A program's sign in a folder that it uses the folder alone. The sign lies in the folder, so that it reaches exactly as
 * far as the folder does: through every path, mount, container and machine. Others see whether its owner still runs.
 */
export interface Claim {
  readonly file: string;
  /** Notes that no other claim stands against this one. */
  settle(): Promise<void>;
  release(): Promise<void>;
}

/** Facts that a claim's owner states about itself. */
export interface ClaimOwner {
  /** Its name, for a person. */
  name: string;
  pid: number;
  host: string;
  /** Whether it has the folder, or is about to see whether it can have it. */
  holds: boolean;
}

/** Answer about a claim of somebody else. `owner` is null where it did not answer. */
export type ClaimState = { state: "gone" } | { state: "held"; owner: ClaimOwner | null };
