import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

/** A host of its own: a network namespace with one interface, on a bridge that all hosts of a network share. */
export interface Host {
  readonly name: string
  readonly address: string
  /** Starts a program there. */
  start(program: string, args: readonly string[]): Program
  /** Unplugs its cable, or plugs it in again. */
  link(state: 'up' | 'down'): void
}

export interface Program {
  readonly child: ChildProcess
  /** Lines of stdout and stderr so far. */
  readonly lines: string[]
  readonly ended: Promise<void>
}

const ip = (...args: readonly string[]): void =>
  void execFileSync('ip', args, { stdio: ['ignore', 'ignore', 'pipe'] })

/** Hosts on one switch, 10.87.3.1 and on; `close` ends their programs and removes them. */
export function makeNetwork(count: number): { readonly hosts: readonly Host[]; close(): void } {
  // Names of interfaces have 15 characters at most; that of this process tells its own from others'.
  const prefix = `dc${process.pid}`
  const hub = `${prefix}hub`
  const programs: ChildProcess[] = []
  const names: string[] = []
  const close = (): void => {
    for (const child of programs) child.kill('SIGKILL')
    for (const name of names) ip('netns', 'del', name)
  }
  const inside = (name: string, ...args: readonly string[]): void => ip('-n', name, ...args)
  try {
    // The switch has a namespace of its own: nothing is added to the machine's network.
    ip('netns', 'add', hub)
    names.push(hub)
    inside(hub, 'link', 'add', 'switch', 'type', 'bridge')
    inside(hub, 'link', 'set', 'switch', 'up')
    const hosts = Array.from({ length: count }, (_, i): Host => {
      const name = `${prefix}h${i}`
      const address = `10.87.3.${i + 1}`
      ip('netns', 'add', name)
      names.push(name)
      inside(name, 'link', 'add', 'eth0', 'type', 'veth', 'peer', 'name', `port${i}`, 'netns', hub)
      inside(hub, 'link', 'set', `port${i}`, 'master', 'switch', 'up')
      inside(name, 'addr', 'add', `${address}/24`, 'dev', 'eth0')
      inside(name, 'link', 'set', 'lo', 'up')
      inside(name, 'link', 'set', 'eth0', 'up')
      return {
        ...{ name, address },
        link: state => inside(hub, 'link', 'set', `port${i}`, state),
        start: (program, args) => {
          const child = spawn('ip', ['netns', 'exec', name, program, ...args], {
            stdio: ['pipe', 'pipe', 'pipe'],
          })
          programs.push(child)
          const lines: string[] = []
          for (const stream of [child.stdout, child.stderr])
            createInterface({ input: stream }).on('line', line => lines.push(line))
          return { child, lines, ended: new Promise(resolve => child.on('close', () => resolve())) }
        },
      }
    })
    return { hosts, close }
  } catch (error) {
    close()
    throw error
  }
}
