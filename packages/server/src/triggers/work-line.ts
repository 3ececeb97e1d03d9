/** Runs jobs one after the other, in the order in which they came. */
export class WorkLine {
  #length = 0;
  #last: Promise<unknown> = Promise.resolve();

  /** Whether a job runs or waits. */
  get isBusy(): boolean {
    return this.#length > 0;
  }

  /** Settles like the job, which begins when all earlier ones have ended. */
  add<Result>(job: () => Promise<Result>): Promise<Result> {
    this.#length++;
    const running = this.#last.then(job).finally(() => {
      this.#length--;
    });
    this.#last = running.catch(() => {});
    return running;
  }

  /** Resolves when every job has ended that was added so far. */
  async idle(): Promise<void> {
    await this.#last;
  }
}
