/**
 * Calls a function of the application's (a logger, a listener, a handler) whose failure must change nothing here: not an
 * answer, not a timer, not the process. A throw and a rejection are both caught.
 *
 * @param call Calls the function.
 * @param onError Told of the failure; what it throws is dropped.
 */
export function callSafely(call: () => unknown, onError: (error: unknown) => void = () => undefined): void {
  const tell = (error: unknown): void => {
    try {
      onError(error);
    } catch {
      // The report of the failure has failed too, which leaves no one to report it to.
    }
  };
  try {
    const result = call();
    // Resolving adopts any thenable, also one whose `then` throws.
    if (typeof result === 'object' && result !== null) Promise.resolve(result).catch(tell);
  } catch (error) {
    tell(error);
  }
}
