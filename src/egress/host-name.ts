export { addressLiteral, hostName } from '../config/index.ts';
