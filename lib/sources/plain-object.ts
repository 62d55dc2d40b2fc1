export { isPlainObject } from '../types';
