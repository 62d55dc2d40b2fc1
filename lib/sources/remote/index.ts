export { isTextOrAbsent } from './evaluation-response';
export { RemoteSource } from './remote-source';
