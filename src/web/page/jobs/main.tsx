import { createRoot } from 'react-dom/client'
import { askPermission, keepToken } from '../commands.js'
import { followQueue, serviceLink } from './connection.js'
import { JobsPage } from './jobs-page.js'

keepToken()
// A service that was started anew has a new token.
serviceLink.follow(() => {
  if (serviceLink.get() === 'open') void askPermission()
})
// An address with a token that is opened in this tab does not load the page again.
addEventListener('hashchange', () => {
  keepToken()
  void askPermission()
})
followQueue()

const root = document.getElementById('root')
if (root) createRoot(root).render(<JobsPage />)
