import { chooseRuntime } from '../../src/sandbox/index.ts';
import { sandboxContract } from '../../src/sandbox/sandbox-contract.fixture.ts';

const chosen = chooseRuntime({ floor: 'microvm' });
if (!chosen.ok) throw new Error(`${chosen.error.why}: ${chosen.error.fix}`);

sandboxContract([{ name: chosen.value.name, runtime: chosen.value, ownKernel: false, overNinep: true }]);
