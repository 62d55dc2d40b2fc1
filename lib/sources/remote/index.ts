export { RemoteSource } from './remote-source';
