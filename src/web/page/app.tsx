import { useState } from 'react'
import type { PictureOf } from '../protocol.js'
import { status } from './connection.js'
import { ConstantsPanel } from './constants-panel.js'
import { ControlsPanel } from './controls-panel.js'
import { FiguresPanel } from './figures-panel.js'
import { FlowsPanel } from './flows-panel.js'
import { Header } from './header.js'
import { ImagePanel } from './image-panel.js'
import { IncidentsPanel } from './incidents-panel.js'
import { ModulesPanel } from './modules-panel.js'
import { Notices } from './notices.js'
import { useStored } from './store.js'
import { TrendsPanel } from './trends-panel.js'

/** The page: the picture, and beside it what the service is doing. */
export function App() {
  const now = useStored(status)
  const [module, setModule] = useState<PictureOf>('all')
  return (
    <>
      <Header status={now} />
      <Notices status={now} />
      <main>
        <ImagePanel module={module} onModule={setModule} />
        {now && (
          <>
            <div className="column">
              <FiguresPanel status={now} />
              <ModulesPanel modules={now.modules} shown={module} onShow={setModule} />
              <TrendsPanel recent={now.recent} />
            </div>
            <div className="column">
              <ControlsPanel known={now.knownSteps} settings={now.settings} />
              <FlowsPanel status={now} />
              <IncidentsPanel incidents={now.incidents} />
              <ConstantsPanel constants={now.constants} />
            </div>
          </>
        )}
      </main>
    </>
  )
}
