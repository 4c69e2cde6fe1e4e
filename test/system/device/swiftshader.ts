/**
 * The device that CI has: SwiftShader, the software Vulkan of Debian's Chromium, under Debian's loader. Vulkan looks at the
 * process's environment when WebGPU starts: put this into it. With `DETCAL_TEST_GPU` set it is the machine's own GPU.
 */
export const SOFTWARE_DEVICE: Readonly<Record<string, string>> =
  process.env['DETCAL_TEST_GPU'] === undefined
    ? { VK_ICD_FILENAMES: '/usr/lib/chromium/vk_swiftshader_icd.json', DETCAL_SOFTWARE_GPU: '1' }
    : {}
