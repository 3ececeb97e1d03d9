import type { ReleaseHost } from "../releases/release-host.js";
import type { UpdaterHost } from "./updater-host.js";

/** One update that runs. It can be abandoned until its release gets in use; after that, it ends by itself or with the program. */
export class UpdateWork {
  /** Hash of the manifest of an offered bundle, or null for other work. */
  readonly manifestSha256: string | null;
  readonly #stop = new AbortController();
  /** Whether `current` may lead to the release. */
  #isMoving = false;

  constructor(manifestSha256: string | null) {
    this.manifestSha256 = manifestSha256;
  }

  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  /** Ends the work, unless its release may be in use. A proof that hangs ends with it, and the old agent comes back. */
  abandon(reason: Error): void {
    if (!this.#isMoving) this.#stop.abort(reason);
  }

  /** Ends the work in any case, because the program ends. */
  stop(reason: Error): void {
    this.#stop.abort(reason);
  }

  /** The host, as this work uses it. `onBegin` is called when the old agent is about to end. */
  hostFor(host: UpdaterHost, onBegin: () => void = () => {}): ReleaseHost {
    const isOffered = this.manifestSha256 !== null;
    return {
      version: host.version,
      models: host.models,
      check: async (config, signal) => {
        const errors = await host.check(config, signal);
        return errors.length > 0 || !isOffered ? errors : host.checkReach(config, signal);
      },
      prove: (release, signal) => host.prove(release, signal),
      change: async (steps, signal) => {
        signal.throwIfAborted();
        onBegin();
        const moveOn = () => {
          this.#isMoving = true;
          return steps.moveOn();
        };
        await host.change({ ...steps, moveOn }, signal);
      },
    };
  }
}
