export { PollingSource } from './polling-source';
