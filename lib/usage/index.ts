export { findUsage } from './find-usage';
export { logUsage } from './log-usage';
