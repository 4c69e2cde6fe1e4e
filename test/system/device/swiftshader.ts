/**
 * The device that CI has: SwiftShader, the software Vulkan of Debian's Chromium, under Debian's loader. Vulkan looks at the
 * process's environment when WebGPU starts: put this into it.
 */
export const SOFTWARE_DEVICE = {
  VK_ICD_FILENAMES: '/usr/lib/chromium/vk_swiftshader_icd.json',
  DETCAL_SOFTWARE_GPU: '1',
}
