export { findUsage } from './find-usage';
export { logUsage } from './tell-usage';
