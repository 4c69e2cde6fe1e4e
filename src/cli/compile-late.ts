import { setFlagsFromString } from 'node:v8'

// Imported first. A command runs for seconds, most of them in kernels and in the system. V8 optimises JavaScript after some 132 KB
// of executed bytecode, in a short run for more time than it saves: a tenth of all processor time. Seven times later what
// is worth it is optimised still. Holds for all threads.
setFlagsFromString('--interrupt-budget=1000000')
