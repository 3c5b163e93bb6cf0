export { seLinuxCheck, seLinuxHere, threadContexts } from './kernel.ts';
