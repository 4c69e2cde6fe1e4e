import { escaped } from './html.js'

/** What a module needs a look for. */
export interface ModuleLook {
  readonly module: number
  /** Whether nothing came of it: then there is no part of the report to go to. */
  readonly failed: boolean
  readonly reasons: readonly string[]
}

/** Share of bad pixels from which a module is named that has far more of them than most. */
const MUCH_BAD = 0.02
const FAR_MORE = 3
const REASONS_SHOWN = 3

/** Whether a share of bad pixels stands out from what is usual among the modules. */
export function isFarMoreBad(share: number, usual: number): boolean {
  return share > Math.max(MUCH_BAD, FAR_MORE * usual)
}

/** Collects reasons by module. */
export class Looks {
  readonly #reasons = new Map<number, string[]>()

  add(module: number, reason: string): void {
    this.#reasons.set(module, [...(this.#reasons.get(module) ?? []), reason])
  }

  /** @param done modules of which something came. */
  list(done: ReadonlySet<number>): ModuleLook[] {
    return [...this.#reasons]
      .sort(([a], [b]) => a - b)
      .map(([module, reasons]) => ({ module, failed: !done.has(module), reasons }))
  }
}

/** The modules that need a look, with links to theirs; nothing if there are none. */
export function lookList(looks: readonly ModuleLook[]): string {
  if (looks.length === 0) return ''
  const items = looks.map(({ module, failed, reasons }) => {
    const name = failed ? `module ${module}` : `<a href="#module-${module}">module ${module}</a>`
    const more = reasons.length - REASONS_SHOWN
    const text = [...reasons.slice(0, REASONS_SHOWN), ...(more > 0 ? [`${more} more`] : [])].join('; ')
    return `<li${failed ? ' class="alarm"' : ''}>${name}: ${escaped(text)}</li>`
  })
  return `<h2>Modules that need a look</h2>
<ul>${items.join('')}</ul>`
}

/** The first line of a report: what came of it. */
export function verdictLine(text: string, alarm: boolean): string {
  return `<p class="verdict${alarm ? ' alarm' : ''}">${escaped(text)}</p>`
}

/** `None stands out.`, or how many need a look; nothing where all that do have failed. */
export function looksText(looks: readonly ModuleLook[]): string {
  const others = looks.filter(({ failed }) => !failed).length
  if (looks.length === 0) return 'None stands out.'
  return others === 0 ? '' : `${others} ${others === 1 ? 'needs' : 'need'} a look.`
}

/** `1.2 %` */
export function percentText(share: number): string {
  return `${(100 * share).toFixed(1)} %`
}
