import { readFileSync, statSync, writeFileSync } from 'node:fs'
import * as v from 'valibot'
import { curveKeyPair } from 'zeromq'
import { OutputError, UsageError } from '../model/errors.js'
import { shaped } from '../model/shape.js'

const KEY = v.pipe(
  v.string(),
  v.regex(/^[0-9a-zA-Z.:+=^!/*?&<>()[\]{}@%$#-]{40}$/, 'it is not a key: 40 characters of Z85'),
)

const KEYS = v.strictObject({
  /** Of this program. */
  publicKey: KEY,
  secretKey: KEY,
  /** Public keys of bridges that are read, by endpoint; `*`: of all others. */
  servers: v.optional(v.record(v.string(), KEY), {}),
  /** Public keys of those who may read what is published. */
  clients: v.optional(v.array(KEY), []),
})

/** CurveZMQ keys of a program: its own, of the bridges that it reads, and of those that may read from it. */
export type CurveKeys = v.InferOutput<typeof KEYS>

/**
 * Reads a file of keys.
 * @throws UsageError naming file and field; for a file that others than its owner may read, too.
 */
export async function readCurveKeys(file: string): Promise<CurveKeys> {
  const refuse = (message: string, hint = 'Make one with detcal keys new'): Error =>
    new UsageError(message, { place: { file }, hint })
  let text: string
  try {
    if ((statSync(file).mode & 0o077) !== 0)
      throw refuse('others than its owner may read or change this secret', `Use chmod 600 ${file}`)
    text = readFileSync(file, 'utf8')
  } catch (error) {
    if (error instanceof UsageError) throw error
    throw refuse(`cannot be read: ${(error as Error).message}`)
  }
  const { parse } = await import('yaml')
  let table: unknown
  try {
    table = parse(text)
  } catch {
    // What the parser says would show a part of the secret.
    throw refuse('is not YAML')
  }
  return shaped(KEYS, table, message => refuse(message.split(' but received ')[0] ?? ''))
}

/** Writes a file of new keys, which only its owner may read; gives the public one. @throws OutputError if there is a file. */
export function writeCurveKeys(file: string): string {
  const { publicKey, secretKey } = curveKeyPair()
  const text = [
    '# CurveZMQ keys of a detcal program. The secret key stays on this machine; its peers are given the public key.',
    `publicKey: ${JSON.stringify(publicKey)}`,
    `secretKey: ${JSON.stringify(secretKey)}`,
    '# Public keys of the bridges that it reads, by --source: "tcp://10.0.0.1:4601": "KEY"; "*" stands for all others.',
    '# What has no key here is read in the clear, and nobody knows who sent it.',
    'servers: {}',
    '# Public keys of those who may read what it publishes: ["KEY"]. Nobody else can.',
    'clients: []',
    '',
  ].join('\n')
  try {
    writeFileSync(file, text, { mode: 0o600, flag: 'wx' })
  } catch (error) {
    throw new OutputError(`cannot be written: ${(error as Error).message}`, {
      ...{ place: { file }, cause: error, hint: 'Name a file that is not there yet' },
    })
  }
  return publicKey
}

/** The key of a bridge that is read; undefined: it is read in the clear. */
export function serverKeyOf({ servers }: CurveKeys, endpoint: string): string | undefined {
  return (Object.hasOwn(servers, endpoint) ? servers[endpoint] : undefined) ?? servers['*']
}
