export { findUsage } from './find-usage';
export { tellUsage } from './tell-usage';
