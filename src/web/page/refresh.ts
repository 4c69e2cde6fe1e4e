import { useThree } from '@react-three/fiber'
import { useLayoutEffect } from 'react'
import type { Mesh, ShaderMaterial } from 'three'
import type { Picture } from './decode.js'

/**
 * Draws the widget's array again after its values have changed. A new array a picture would be a new texture, of some
 * megabytes ten times a second, which stays until the garbage collector finds it.
 */
export function Refresh({ of }: { readonly of: Picture }) {
  const scene = useThree(({ scene }) => scene)
  const invalidate = useThree(({ invalidate }) => invalidate)
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new picture is what it is for.
  useLayoutEffect(() => {
    scene.traverse(object => {
      const material = (object as Mesh).material as ShaderMaterial | undefined
      const texture = material?.uniforms?.['data']?.value
      if (texture) texture.needsUpdate = true
    })
    invalidate()
  }, [of, scene, invalidate])
  return null
}
