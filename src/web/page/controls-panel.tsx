import { type FormEvent, useState } from 'react'
import type { LiveSettings } from '../../online/live.js'
import { changeSettings, permission, reloadConstants } from './commands.js'
import { Panel } from './panel.js'
import { useStored } from './store.js'

interface ControlsProps {
  readonly known: readonly string[]
  readonly settings: LiveSettings
}

/** Steps, pulses and stride, changed while trains go through. What is edited here is kept until it is applied or dropped. */
export function ControlsPanel({ known, settings }: ControlsProps) {
  const allowed = useStored(permission) === 'granted'
  const [draft, setDraft] = useState<LiveSettings>()
  const [said, setSaid] = useState<{ readonly text: string; readonly bad?: true }>()
  const [working, setWorking] = useState(false)
  const { steps, pulses = '', stride } = draft ?? settings
  const edit = (change: Partial<LiveSettings>): void => setDraft({ ...(draft ?? settings), ...change })

  const tell = async (work: () => Promise<void>, done: string): Promise<void> => {
    setWorking(true)
    setSaid(undefined)
    try {
      await work()
      setSaid({ text: done })
    } catch (error) {
      setSaid({ text: (error as Error).message, bad: true })
    } finally {
      setWorking(false)
    }
  }
  const apply = (event: FormEvent): void => {
    event.preventDefault()
    void tell(async () => {
      await changeSettings({ steps, stride, pulses: pulses.trim() === '' ? ':' : pulses.trim() })
      setDraft(undefined)
    }, 'The settings are in force.')
  }

  return (
    <Panel title="Correction">
      {!allowed && (
        <p className="dim">
          Read only: open the address with the token that the command printed to change this.
        </p>
      )}
      <form onSubmit={apply}>
        <fieldset disabled={!allowed || working}>
          <legend className="hidden">Settings</legend>
          <StepBoxes known={known} chosen={steps} onChoose={steps => edit({ steps })} />
          <label className="field">
            frames of a train, A:B[:S]
            <input
              value={pulses}
              placeholder="all"
              maxLength={100}
              onChange={event => edit({ pulses: event.target.value })}
            />
          </label>
          <label className="field">
            every nth train
            <input
              type="number"
              min={1}
              value={stride}
              onChange={event => edit({ stride: Math.max(1, Math.floor(Number(event.target.value)) || 1) })}
            />
          </label>
          <div className="buttons">
            <button type="submit" disabled={draft === undefined}>
              Apply
            </button>
            <button type="button" disabled={draft === undefined} onClick={() => setDraft(undefined)}>
              Drop changes
            </button>
            <button
              type="button"
              onClick={() => void tell(reloadConstants, 'The constants are loaded anew.')}
            >
              Reload constants
            </button>
          </div>
        </fieldset>
      </form>
      <p role="status" className={said?.bad ? 'bad' : 'good'}>
        {working ? 'Working …' : said?.text}
      </p>
    </Panel>
  )
}

interface StepBoxesProps {
  readonly known: readonly string[]
  readonly chosen: readonly string[]
  readonly onChoose: (steps: readonly string[]) => void
}

function StepBoxes({ known, chosen, onChoose }: StepBoxesProps) {
  return (
    <fieldset className="steps">
      <legend>Steps</legend>
      {known.map(step => (
        <label key={step}>
          <input
            type="checkbox"
            checked={chosen.includes(step)}
            onChange={({ target }) =>
              // In order of execution, whatever the order in which they were ticked.
              onChoose(known.filter(other => (other === step ? target.checked : chosen.includes(other))))
            }
          />
          {step}
        </label>
      ))}
    </fieldset>
  )
}
