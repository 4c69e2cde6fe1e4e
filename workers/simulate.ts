export { runTask as default } from '../src/simulator/tasks.js'
