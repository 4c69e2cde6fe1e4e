import type { Socket } from 'zeromq'

/** ms after which a socket that waits looks again by itself. */
export const LOOK_AGAIN = 1000

/**
 * Waits for a socket that gives up after {@link LOOK_AGAIN}, again and again. Under load, while garbage was collected, one in some
 * thousand waits was never told that its message had come: looking finds it.
 * @throws what the attempt throws for another reason, or once the socket is closed.
 */
export async function patiently<T>(socket: Socket, attempt: () => Promise<T>): Promise<T> {
  for (;;)
    try {
      return await attempt()
    } catch (error) {
      if (socket.closed || (error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error
    }
}
