import { Box, useVisCanvasContext } from '@h5web/lib'
import { useThree } from '@react-three/fiber'
import { type MutableRefObject, useEffect } from 'react'
import { Vector3 } from 'three'

/** Moves the picture by a step. */
export type MoveView = (how: 'in' | 'out' | 'home' | 'left' | 'right' | 'up' | 'down') => void

interface CameraProps {
  /** Is given the function by which keys and buttons move the picture. */
  readonly move: MutableRefObject<MoveView | undefined>
  /** Told what is in the middle after each move, in the units of the axes. */
  readonly onCentre: (place: readonly [x: number, y: number]) => void
}

const ZOOM = 1.5
/** Share of what is seen by which an arrow key moves. */
const STEP = 0.1
const STEPS = { left: [-1, 0], right: [1, 0], up: [0, 1], down: [0, -1] } as const

/** Lets keys and buttons do what the mouse does. */
export function Camera({ move, onCentre }: CameraProps) {
  const camera = useThree(({ camera }) => camera)
  const invalidate = useThree(({ invalidate }) => invalidate)
  const { visSize, canvasSize, getFovBox, worldToData } = useVisCanvasContext()
  useEffect(() => {
    move.current = how => {
      const centre = camera.position.clone()
      if (how === 'home') {
        camera.scale.set(1, 1, 1)
        centre.set(0, 0, centre.z)
      } else if (how === 'in') camera.scale.multiplyScalar(1 / ZOOM).setZ(1)
      else if (how === 'out')
        camera.scale
          .multiplyScalar(ZOOM)
          .min(new Vector3(1, 1, 1))
          .setZ(1)
      else {
        const [x, y] = STEPS[how]
        centre.x += x * STEP * canvasSize.width * camera.scale.x
        centre.y += y * STEP * canvasSize.height * camera.scale.y
      }
      // What is seen stays within the picture.
      const seen = getFovBox(camera, centre).keepWithin(Box.fromSize(visSize))
      camera.position.copy(seen.center.setZ(camera.position.z))
      camera.updateMatrixWorld()
      const { x, y } = worldToData(camera.position)
      onCentre([x, y])
      invalidate()
    }
    return () => {
      move.current = undefined
    }
  }, [move, onCentre, camera, invalidate, visSize, canvasSize, getFovBox, worldToData])
  return null
}
