export { FlagshipServerProvider } from './provider';
