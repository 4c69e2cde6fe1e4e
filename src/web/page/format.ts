// Numbers as people read them; what is not known yet is a dash.

const DASH = '–'
const WHOLE = new Intl.NumberFormat('en', { maximumFractionDigits: 0 })

/** `12,345` */
export function whole(value: number): string {
  return Number.isFinite(value) ? WHOLE.format(value) : DASH
}

/** Three significant digits. */
export function short(value: number): string {
  return Number.isFinite(value) ? String(Number(value.toPrecision(3))) : DASH
}

/** All that a 32-bit number has. */
export function exact(value: number): string {
  return Number.isFinite(value) ? String(Number(value.toPrecision(9))) : 'NaN'
}

/** `12.3 ms` */
export function milliseconds(value: number): string {
  return Number.isFinite(value) ? `${value < 100 ? value.toFixed(1) : WHOLE.format(value)} ms` : DASH
}

/** `99.8 %`; never 100 % unless it is. */
export function shareText(share: number): string {
  return Number.isFinite(share) ? `${(Math.floor(share * 1000) / 10).toFixed(1)} %` : DASH
}

/** `3.4 MB` */
export function bytes(value: number): string {
  if (!Number.isFinite(value)) return DASH
  const unit = ['B', 'kB', 'MB', 'GB', 'TB'][Math.min(4, Math.floor(Math.log10(Math.max(1, value)) / 3))]
  const scale = 1000 ** Math.min(4, Math.floor(Math.log10(Math.max(1, value)) / 3))
  return `${short(value / scale)} ${unit}`
}

/** `03:12:44`, of the machine on which the page is. */
export function clock(ms: number): string {
  return Number.isFinite(ms) ? new Date(ms).toLocaleTimeString('en-GB') : DASH
}

/** `30 Nov, 03:12` */
export function date(ms: number): string {
  const day = { day: 'numeric', month: 'short' } as const
  return new Date(ms).toLocaleString('en-GB', { ...day, hour: '2-digit', minute: '2-digit' })
}

/** `12 s`, `3 min`, `2 h` */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000))
  if (seconds < 120) return `${seconds} s`
  return seconds < 7200 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3600)} h`
}
