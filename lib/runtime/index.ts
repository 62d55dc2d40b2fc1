export { callSafely } from './call-safely';
export { detached } from './detached';
export { isThenable } from './is-thenable';
export { PendingWork } from './pending-work';
export { droppedAfterMs, withTimeLimit, type LimitedWaitOptions } from './with-time-limit';
export { readSafely } from './read-safely';
export { WAIT_LABELS, type WaitName } from './waits';
export { wallClockMs } from './wall-clock';
