import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { detcal } from '../helpers/command.js'

const DEPLOY = resolve(import.meta.dirname, '../../deploy')

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'detcal-deploy-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

/** Options of a line of a service's settings. */
function optionsIn(text: string): string[][] {
  return [...text.matchAll(/^(?:# )?DETCAL_COMMAND=(\w+)\n(?:# )?DETCAL_OPTIONS=(.*)$/gm)].map(
    ([, command = '', options = '']) => [command, ...options.split(' ')],
  )
}

describe('what is shipped for facilities', () => {
  it('systemd finds nothing wrong with the unit', () => {
    const { status, stdout, stderr } = spawnSync(
      'systemd-analyze',
      ['verify', join(DEPLOY, 'detcal-serve@.service')],
      { encoding: 'utf8' },
    )
    expect(`${stdout}${stderr}`).toBe('')
    expect(status).toBe(0)
  })

  it('its example of settings has options that there are', () => {
    const found = optionsIn(readFileSync(join(DEPLOY, 'detcal-serve.env.example'), 'utf8'))
    expect(found.map(([command]) => command)).toEqual(['serve', 'combine'])
    for (const args of found) {
      // All options are known; then the file of keys is not there.
      const { status, stderr } = detcal(...args)
      expect(stderr).toContain('/etc/detcal/keys.yml: cannot be read')
      expect(status).toBe(2)
    }
  })

  it('the Slurm script gives each node its modules, and joins them on the first', () => {
    const programs: Record<string, string> = {
      scontrol: 'printf "node%d\\n" 1 2 3 4',
      getent: 'echo "10.0.0.$(tr -dc 0-9 <<< "$2") STREAM x"',
      detcal: 'echo "$SLURMD_NODENAME: $*" >> "$TOLD"',
      // Runs its command once a node, as the real one does.
      srun: [
        'only=',
        'while [[ $1 == --* ]]; do [[ $1 == --nodelist=* ]] && only=$(cut -d= -f2 <<< "$1"); shift; done',
        'for id in 0 1 2 3; do node=node$((id + 1))',
        '[[ -z $only || $only == "$node" ]] && SLURM_NODEID=$id SLURMD_NODENAME=$node "$@"; done; true',
      ].join('\n'),
    }
    for (const [name, script] of Object.entries(programs))
      writeFileSync(join(folder, name), `#!/bin/bash\n${script}\n`, { mode: 0o755 })
    const told = join(folder, 'told')
    const run = (env: NodeJS.ProcessEnv) =>
      spawnSync('bash', [join(DEPLOY, 'detcal-online.slurm')], {
        encoding: 'utf8',
        env: {
          PATH: `${folder}:${process.env['PATH']}`,
          TOLD: told,
          SLURM_JOB_NODELIST: 'node[1-4]',
          ...env,
        },
      })
    const { status, stderr } = run({ SOURCE: 'tcp://10.0.0.9:4545', CATALOGUE: '/catalogue' })
    expect(stderr).toBe('')
    expect(status).toBe(0)
    const lines = readFileSync(told, 'utf8').trim().split('\n').sort()
    const common = 'serve --source tcp://10.0.0.9:4545 --source-socket SUB --catalogue /catalogue'
    const sources = [1, 2, 3, 4].map(node => `--source tcp://node${node}:4601`).join(' ')
    expect(lines).toEqual([
      `node1: combine ${sources} --modules 0-15 --publish tcp://127.0.0.1:4600 --http off`,
      ...[0, 4, 8, 12].map(
        (first, i) =>
          `node${i + 1}: ${common} --modules ${first}-${first + 3} --output modules --publish tcp://10.0.0.${i + 1}:4601 --http off`,
      ),
    ])
    expect(run({ SOURCE: 'tcp://10.0.0.9:4545', CATALOGUE: '/catalogue', MODULES: '15' })).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('15 modules do not go into 4 nodes'),
    })
    expect(run({ CATALOGUE: '/catalogue' }).stderr).toContain('SOURCE')
  })
})
