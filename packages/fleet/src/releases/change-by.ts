import type { ChangeSteps, ReleaseHost } from "./release-host.js";

/** Steps that remember the first error of their own, to tell it from an error of the agent that the host starts. */
export class ObservedSteps implements ChangeSteps {
  readonly #steps: ChangeSteps;
  failure: unknown = null;

  constructor(steps: ChangeSteps) {
    this.#steps = steps;
  }

  // Fields, so that a host may take them apart.
  readonly prove = (): Promise<void> => this.#observe(() => this.#steps.prove());
  readonly moveOn = (): Promise<void> => this.#observe(() => this.#steps.moveOn());
  readonly moveBack = (): Promise<void> => this.#observe(() => this.#steps.moveBack());

  async #observe(step: () => Promise<void>): Promise<void> {
    try {
      await step();
    } catch (error) {
      this.failure ??= error;
      throw error;
    }
  }
}

/** Lets the host change its agent. Without an agent that runs, the new release is proven before it is in use. */
export async function changeBy(steps: ChangeSteps, host: ReleaseHost, signal: AbortSignal): Promise<void> {
  if (host.change !== undefined) return host.change(steps, signal);
  await steps.prove();
  await steps.moveOn();
}
