export { runTask as default } from '../src/sources/simulator/tasks.js'
