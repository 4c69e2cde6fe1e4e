import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SOFTWARE_DEVICE } from './device/swiftshader.js'

const PYTHON = 'import extra_data, h5py, numpy, yaml; import extra_data.tests.make_examples'

/** Refuses to start without what these tests need: a test that is skipped proves nothing. */
export default function requirePrerequisites(): void {
  const missing = [
    ...(works('/usr/bin/python3', '-c', PYTHON)
      ? []
      : ['extra_data, h5py, numpy and yaml in /usr/bin/python3']),
    ...[
      'extra-data-validate',
      'extra-data-make-virtual-cxi',
      'karabo-bridge-serve-files',
      'h5dump',
      'h5stat',
      'h5repack',
      'h5diff',
      'gcc',
      'chromium',
      '/usr/bin/time',
      'systemd-analyze',
      'slurmctld',
      'slurmd',
      'sbatch',
      'munged',
    ].filter(program => spawnSync(program, ['--help']).error !== undefined),
    ...(hasSoftwareDevice() ? [] : ['a Vulkan loader and SwiftShader of Chromium']),
    ...(canMount() ? [] : ['the right to mount a tmpfs (root)']),
    ...(canMakeHosts() ? [] : ['ip, or the right to make network namespaces (root)']),
  ]
  if (missing.length > 0)
    throw new Error(`the system tests lack ${missing.join('; ')}. Run bash .ci/install as root`)
}

function hasSoftwareDevice(): boolean {
  return (
    existsSync(SOFTWARE_DEVICE['VK_ICD_FILENAMES'] ?? '') &&
    works('sh', '-c', 'ldconfig -p | grep -q libvulkan.so.1')
  )
}

function works(program: string, ...args: string[]): boolean {
  return spawnSync(program, args).status === 0
}

function canMakeHosts(): boolean {
  const name = `detcal-${process.pid}`
  const made = works('ip', 'netns', 'add', name)
  if (made) spawnSync('ip', ['netns', 'del', name])
  return made
}

function canMount(): boolean {
  const folder = mkdtempSync(join(tmpdir(), 'detcal-mount-'))
  const mounted = works('mount', '-t', 'tmpfs', '-o', 'size=1M', 'tmpfs', folder)
  if (mounted) spawnSync('umount', [folder])
  rmSync(folder, { recursive: true })
  return mounted
}
