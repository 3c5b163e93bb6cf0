export { hostName } from '../config/index.ts';
