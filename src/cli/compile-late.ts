import { setFlagsFromString } from 'node:v8'

// Imported first. A command runs for seconds, most of them in kernels and in the system. V8 optimises JavaScript after some 132 KB
// of executed bytecode, in a short run for more time than it saves: a tenth of all processor time. Seven times later what
// is worth it is optimised still. Holds for all threads. Node 20 alone: later ones have another compiler in between, and
// other flags, which V8 complains of on stderr.
if (process.versions.v8.startsWith('11.')) setFlagsFromString('--interrupt-budget=1000000')
