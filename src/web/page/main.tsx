import { createRoot } from 'react-dom/client'
import { App } from './app.js'
import { askPermission, keepToken } from './commands.js'
import { connect, connection } from './connection.js'

keepToken()
// A service that was started anew has a new token.
connection.follow(() => {
  if (connection.get().state === 'open') void askPermission()
})
// An address with a token that is opened in this tab does not load the page again.
addEventListener('hashchange', () => {
  keepToken()
  void askPermission()
})
connect()

const root = document.getElementById('root')
if (root) createRoot(root).render(<App />)
