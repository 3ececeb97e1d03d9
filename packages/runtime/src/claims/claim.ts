/**
 * A program's claim to the exclusive use of a folder. It is stored in the folder, so that it is visible through every
 * path, mount, container and machine that reaches the folder. Others can see whether its owner still runs.
 */
export interface Claim {
  readonly file: string;
  /** Records that no other claim competes with this one. */
  settle(): Promise<void>;
  release(): Promise<void>;
}

/** Information that a claim's owner gives about itself. */
export interface ClaimOwner {
  /** Name of the owner, for people. */
  name: string;
  pid: number;
  host: string;
  /** Whether it has the folder, or is still checking for other claims. */
  holds: boolean;
}

/** State of another program's claim. `owner` is null if it did not answer. */
export type ClaimState = { state: "gone" } | { state: "held"; owner: ClaimOwner | null };
