// All that it needs is to begin.
console.log(`began-${process.env.CANARY}`);
