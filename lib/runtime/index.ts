export { callSafely } from './call-safely';
export { detached } from './detached';
export { isThenable } from './is-thenable';
export { limited, type LimitedWaitOptions } from './limited';
export { readSafely } from './read-safely';
export { WAITS, type WaitName } from './waits';
export { wallClockMs } from './wall-clock';
