/**
 * Calls a function of the application's (a logger, a listener, a handler), whose failure must not affect an evaluation,
 * a timer or the process. Catches both a throw and a rejection.
 *
 * @param call Calls the function.
 * @param onError Receives the error. What it throws is dropped.
 */
export function callSafely(call: () => unknown, onError: (error: unknown) => void = () => undefined): void {
  const report = (error: unknown): void => {
    try {
      onError(error);
    } catch {
      // Reporting the failure failed as well, so there is no way left to report it.
    }
  };
  try {
    const result = call();
    // `Promise.resolve` also handles a thenable whose `then` throws.
    if (typeof result === 'object' && result !== null) Promise.resolve(result).catch(report);
  } catch (error) {
    report(error);
  }
}
