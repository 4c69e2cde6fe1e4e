import { Hono, type MiddlewareHandler } from 'hono'
import { bearerAuth } from 'hono/bearer-auth'
import { bodyLimit } from 'hono/body-limit'
import { secureHeaders } from 'hono/secure-headers'
import type { Logger } from 'pino'
import { type DetcalError, isDetcalError } from '../model/errors.js'
import { sameSite } from './guard.js'

/** What every page's server is told. */
export interface BaseParts {
  readonly token: string
  /** Names under which the machine is asked, beside its addresses, its host name and localhost. */
  readonly names: readonly string[]
  readonly log: Logger
  /** Another content security policy for some paths. */
  readonly policies?: readonly { readonly path: string; readonly policy: string }[]
}

/** A server that says nothing yet, and what guards its requests. */
export interface BaseApp {
  readonly app: Hono
  /** Lets requests through that have the token: whatever changes state needs it. */
  readonly authorised: MiddlewareHandler
  /** Refuses bodies that are longer than anything that is said here. */
  readonly limited: MiddlewareHandler
}

const MAX_BODY = 16 * 1024
const SELF = ["'self'"]
const NONE = ["'none'"]

/** Whose fault it is, in HTTP's words. */
const STATUS = { usage: 422, constants: 409, busy: 409, data: 409, output: 409 } as const

/** What all pages have in common: headers, whose page may ask, the token, and how errors are told. */
export function baseApp({ token, names, log, policies = [] }: BaseParts): BaseApp {
  const app = new Hono()
  // Around the headers of all, so that it has the last word.
  for (const { path, policy } of policies)
    app.use(path, async (context, next) => {
      await next()
      context.header('content-security-policy', policy)
    })
  app.use(
    secureHeaders({
      contentSecurityPolicy: {
        ...{
          defaultSrc: NONE,
          scriptSrc: SELF,
          styleSrc: SELF,
          connectSrc: SELF,
          imgSrc: [...SELF, 'data:'],
        },
        ...{ baseUri: NONE, formAction: NONE, frameAncestors: NONE },
      },
      xFrameOptions: 'DENY',
      // The page is served without encryption: whoever needs it puts a proxy before it, which then says so.
      strictTransportSecurity: false,
    }),
  )
  app.use(sameSite(names))
  // A page can ask whether its own token is still the right one.
  const authorised = bearerAuth({ token })
  app.get('/api/token', authorised, context => context.body(null, 204))
  app.onError((error, context) => {
    if (isDetcalError(error)) {
      log.warn({ path: context.req.path }, error.line)
      return context.json({ error: error.line }, STATUS[(error as DetcalError).tag])
    }
    // Refusals of the library's own: no token, a body too large.
    if ('getResponse' in error && typeof error.getResponse === 'function')
      return error.getResponse() as Response
    log.error({ err: error, path: context.req.path }, 'a request failed')
    return context.json({ error: 'internal error: the service has logged it' }, 500)
  })
  return { app, authorised, limited: bodyLimit({ maxSize: MAX_BODY }) }
}
