export { callSafely } from './call-safely';
export { detached } from './detached';
export { isThenable } from './is-thenable';
export { limited, type LimitedWaitOptions } from './limited';
export { oneLine } from './one-line';
export { WAITS, type WaitName } from './waits';
export { wallClockMs } from './wall-clock';
