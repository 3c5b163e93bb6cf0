import { chooseRuntime } from '../../src/sandbox/index.ts';
import { profileContract } from '../../src/sandbox/oci/profile-contract.fixture.ts';

const chosen = chooseRuntime({ floor: 'microvm' });
if (!chosen.ok) throw new Error(`${chosen.error.why}: ${chosen.error.fix}`);

profileContract([{ name: chosen.value.name, runtime: chosen.value }]);
