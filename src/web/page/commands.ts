import type { LiveSettings } from '../../online/live.js'
import { createStore } from './store.js'

/** Whether this page may change settings: `unknown` until the service was asked. */
export type Permission = 'unknown' | 'granted' | 'refused'

export const permission = createStore<Permission>('unknown')

const KEY = 'detcal-token'

/** The token comes with the page's address, behind `#`, which no server sees; it is kept for this tab, and taken off the address. */
export function keepToken(): void {
  const token = new URLSearchParams(location.hash.slice(1)).get('token')
  if (token === null) return
  sessionStorage.setItem(KEY, token)
  history.replaceState(null, '', location.pathname)
}

/** Asks whether the token is the service's: one that was started anew has another. */
export async function askPermission(): Promise<void> {
  if (sessionStorage.getItem(KEY) === null) return permission.set('refused')
  try {
    const { ok } = await fetch('/api/token', { headers: headers() })
    permission.set(ok ? 'granted' : 'refused')
  } catch {
    permission.set('unknown')
  }
}

/** @throws Error with what the service says against it. */
export function changeSettings(settings: Partial<LiveSettings>): Promise<void> {
  return post('/api/settings', settings)
}

/** @throws Error with what the service says against it. */
export function reloadConstants(): Promise<void> {
  return post('/api/reload', {})
}

/** @throws Error with what the service says against it. */
export async function post(path: string, body: object): Promise<void> {
  const response = await fetch(path, { method: 'POST', headers: headers(), body: JSON.stringify(body) })
  if (response.ok) return
  if (response.status === 401) permission.set('refused')
  const said = (await response.json().catch(() => ({}))) as { readonly error?: string }
  throw new Error(said.error ?? `the service answered ${response.status}`)
}

function headers(): Record<string, string> {
  return {
    authorization: `Bearer ${sessionStorage.getItem(KEY) ?? ''}`,
    'content-type': 'application/json',
  }
}
