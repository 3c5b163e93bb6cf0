import { sandboxContract } from '../sandbox-contract.fixture.ts';
import { RUNTIMES_HERE } from './runtimes.fixture.ts';

sandboxContract(RUNTIMES_HERE);
