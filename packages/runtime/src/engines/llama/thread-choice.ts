/** Measured cost of evaluating a batch. */
export interface BatchCost {
  tokens: number;
  milliseconds: number;
  /** Processor time of all threads of the process. */
  processorMilliseconds: number;
  /** Whether weights were read from disk meanwhile, so that the time does not reflect the threads. */
  readsDisk: boolean;
}

export interface ThreadChoiceOptions {
  /** Usually the best number of threads on an idle machine. */
  goal: number;
  /** Most threads allowed: the cores available to this process. */
  most: number;
  /** Range of batch sizes to compare. Outside it, a token's cost differs. */
  comparedTokens: { least: number; most: number };
  /**
   * Whether fewer threads may be faster even if each has a core, because threads that wait for memory slow each other
   * down. Default: true.
   */
  triesFewer?: boolean;
  /** Cores that nothing else on the machine uses now, or null while they are being measured. */
  freeCores: () => number | null;
}

/** Times kept per number of threads. Their median counts, so that single outliers do not matter. */
const KEPT_TIMES = 5;
/** Length of a trial, in batches or milliseconds. */
const TRIED_BATCHES = 3;
const TRIED_MILLISECONDS = 150;
/** Smallest gain that justifies more threads, because other processes need the cores as well. */
const MIN_GAIN = 1.03;
/** A batch that takes this many times as long as with fewer threads ends their use at once. */
const COLLAPSE = 2;
/**
 * Share of processor time in the threads' time below which they wait for a core. llama.cpp's threads never sleep while
 * computing.
 */
const MIN_PROCESSOR_SHARE = 0.85;
/** A core that is idle for this share of time can take another thread. */
const FREE_ENOUGH = 0.8;
/** Pause between two trials. It grows with each failed trial. */
const FIRST_PAUSE_MILLISECONDS = 500;
const LONGEST_PAUSE_MILLISECONDS = 60_000;
/** Time that failed trials may take, and beyond it their largest share of the total time. */
const FREE_TRIAL_MILLISECONDS = 250;
const TRIAL_SHARE = 0.05;

/** A trial of another number of threads. */
interface Trial {
  /** Number of threads to return to if the trial fails. */
  from: number;
  batches: number;
  milliseconds: number;
}

/**
 * Chooses the number of threads for one kind of work while the work goes on. llama.cpp's threads wait for each other by
 * spinning: one thread more than there are free cores makes it up to three hundred times slower, and one fewer costs
 * little. So work starts with one thread until the number of free cores is known, adds threads when medians show a
 * gain, and removes them within two batches once they wait for cores.
 */
export class ThreadChoice {
  readonly #options: ThreadChoiceOptions;
  readonly #times = new Map<number, number[]>();
  #threads: number;
  /** Whether the number of free cores is still unknown. One thread is always safe. */
  #isUnsure = true;
  #trial: Trial | null = null;
  #waitingBatches = 0;
  #triesFewer = false;
  /** Failed trials since the last successful one. */
  #failedTrials = 0;
  /** Milliseconds of work so far, milliseconds of failed trials, and the earliest start of the next trial. */
  #worked = 0;
  #spent = 0;
  #pausedUntil = 0;
  #pause = FIRST_PAUSE_MILLISECONDS;

  constructor(options: ThreadChoiceOptions) {
    this.#options = options;
    this.#threads = options.goal;
  }

  /** Number of threads for the next batch. */
  get threads(): number {
    return this.#isUnsure ? 1 : this.#threads;
  }

  /** Whether the number of free cores is still being measured, during which one thread is used. */
  get isUnsure(): boolean {
    return this.#isUnsure;
  }

  /** Checks the machine before the first batch of a task, since the load may have changed. */
  begin(): void {
    this.#isUnsure = true;
    this.#look();
    if (this.#threads < this.#options.goal) this.#pausedUntil = Math.min(this.#pausedUntil, this.#worked);
  }

  /** Records a batch and chooses the threads for the next one. */
  add(cost: BatchCost): void {
    this.#worked += cost.milliseconds;
    if (cost.readsDisk) return;
    const { least, most } = this.#options.comparedTokens;
    const isCompared = cost.tokens >= least && cost.tokens <= most;
    const time = isCompared ? cost.milliseconds / cost.tokens : null;
    if (!this.#givesBack(cost, time) && time !== null) {
      this.#keep(time);
      if (this.#trial !== null) this.#judge(this.#trial, time, cost.milliseconds);
      else if (this.#mayTry) this.#tryOther();
    }
    if (this.#isUnsure) this.#look();
  }

  get #mayTry(): boolean {
    const isKnown = (this.#times.get(this.#threads)?.length ?? 0) >= TRIED_BATCHES;
    const canAfford = this.#spent <= FREE_TRIAL_MILLISECONDS + this.#worked * TRIAL_SHARE;
    return isKnown && canAfford && !this.#isUnsure && this.#worked >= this.#pausedUntil;
  }

  #look(): void {
    const cores = this.#coresForThreads();
    if (cores === null) return;
    this.#isUnsure = false;
    if (cores >= this.#threads) return;
    this.#threads = cores;
    this.#trial = null;
  }

  /** Removes threads if they waited for cores, and fewer were faster or were never measured. */
  #givesBack({ milliseconds, processorMilliseconds }: BatchCost, time: number | null): boolean {
    const cores = processorMilliseconds / milliseconds;
    const fewer = this.#bestOfFewer();
    const waits = this.threads > 1 && cores < this.threads * MIN_PROCESSOR_SHARE;
    if (!waits || (time !== null && fewer !== null && time < fewer)) {
      this.#waitingBatches = 0;
      return false;
    }
    this.#waitingBatches += 1;
    const isCollapse = time !== null && fewer !== null && time > fewer * COLLAPSE;
    if (!isCollapse && this.#waitingBatches < 2) return true;
    this.#waitingBatches = 0;
    // Earlier times with this many threads no longer apply.
    this.#times.delete(this.#threads);
    this.#threads = Math.max(1, Math.min(this.#threads - 1, Math.floor(cores + 1 - MIN_PROCESSOR_SHARE)));
    if (this.#trial === null) this.#pausedUntil = this.#worked + FIRST_PAUSE_MILLISECONDS;
    else this.#rest(this.#trial.milliseconds + milliseconds);
    return true;
  }

  /** Starts a trial with one thread more, if there is a core for it, or with one fewer, alternating. */
  #tryOther(): void {
    const cores = this.#coresForThreads();
    if (cores === null) return;
    const canTakeMore = this.#threads < cores;
    const mayTryFewer = this.#threads > 1 && this.#options.triesFewer !== false;
    const tried = canTakeMore && !(this.#triesFewer && mayTryFewer) ? this.#threads + 1 : this.#threads - 1;
    if (tried < this.#threads && !mayTryFewer) {
      this.#pausedUntil = this.#worked + FIRST_PAUSE_MILLISECONDS;
      return;
    }
    this.#triesFewer = tried > this.#threads;
    this.#trial = { from: this.#threads, batches: 0, milliseconds: 0 };
    this.#times.delete(tried);
    this.#threads = tried;
  }

  #judge(trial: Trial, time: number, milliseconds: number): void {
    trial.batches += 1;
    trial.milliseconds += milliseconds;
    const before = this.#median(trial.from) ?? Number.POSITIVE_INFINITY;
    const isHopeless = time > before * COLLAPSE;
    if (!isHopeless && trial.batches < TRIED_BATCHES && trial.milliseconds < TRIED_MILLISECONDS) return;
    const now = this.#median(this.#threads) ?? Number.POSITIVE_INFINITY;
    const pays = this.#threads > trial.from ? now * MIN_GAIN < before : now < before * MIN_GAIN;
    if (pays) {
      this.#trial = null;
      this.#failedTrials = 0;
      this.#pause = FIRST_PAUSE_MILLISECONDS;
      // Try a successful direction again.
      this.#triesFewer = !this.#triesFewer;
    } else {
      this.#threads = trial.from;
      this.#rest(trial.milliseconds);
    }
  }

  /** Ends a failed trial. If both directions failed, the next trial is delayed, longer each time. */
  #rest(spentMilliseconds: number): void {
    this.#trial = null;
    this.#spent += spentMilliseconds;
    this.#failedTrials += 1;
    if (this.#failedTrials % 2 === 1) return;
    this.#pausedUntil = this.#worked + this.#pause;
    this.#pause = Math.min(this.#pause * 2, LONGEST_PAUSE_MILLISECONDS);
  }

  #keep(time: number): void {
    const times = this.#times.get(this.threads) ?? [];
    times.push(time);
    if (times.length > KEPT_TIMES) times.shift();
    this.#times.set(this.threads, times);
  }

  /** Cores that can each run one thread, at least one. Null while they are being measured. */
  #coresForThreads(): number | null {
    const free = this.#options.freeCores();
    return free === null ? null : Math.max(1, Math.min(this.#options.most, Math.floor(free + 1 - FREE_ENOUGH)));
  }

  #median(threads: number): number | null {
    const times = [...(this.#times.get(threads) ?? [])].sort((one, other) => one - other);
    return times[Math.floor((times.length - 1) / 2)] ?? null;
  }

  /** Shortest median among smaller numbers of threads. */
  #bestOfFewer(): number | null {
    const medians = [...this.#times.keys()].flatMap((threads) =>
      threads < this.threads ? (this.#median(threads) ?? []) : [],
    );
    return medians.length === 0 ? null : Math.min(...medians);
  }
}
