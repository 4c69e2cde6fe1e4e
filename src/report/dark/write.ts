import { writeFileSync } from 'node:fs'
import type { DarkOutcome } from '../../engine/dark/outcome.js'
import type { DarkPlan } from '../../engine/dark/plan.js'

export function writeDarkReport(path: string, plan: DarkPlan, outcome: DarkOutcome, software: string): void {
  writeFileSync(path, JSON.stringify({ software, plan: plan.rawData, modules: outcome.modules.length }))
}
