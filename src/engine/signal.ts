/** Waking a waiter: set from anywhere, waited for by one. */

export class Signal {
  #isSet = false;
  #resolve: (() => void) | undefined;

  set(): void {
    this.#isSet = true;
    this.#resolve?.();
    this.#resolve = undefined;
  }

  clear(): void {
    this.#isSet = false;
  }

  /** Resolves at once when it is set already. */
  wait(): Promise<void> {
    if (this.#isSet) return Promise.resolve();
    return new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }
}
