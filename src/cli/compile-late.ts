import { setFlagsFromString } from 'node:v8'

// Imported first. A command runs for seconds, mostly in kernels and in the operating system. V8 optimises JavaScript
// after some 132 KB of executed bytecode, which in a short run takes more time than it saves: a tenth of all processor
// time. Seven times later everything worthwhile is still optimised. This applies to all threads. Only for Node 20:
// later versions have another compiler in between, and other flags, for which V8 prints warnings to stderr.
if (process.versions.v8.startsWith('11.')) setFlagsFromString('--interrupt-budget=1000000')
