/** A GPU played by the CPU, so that what computes on GPUs is tested where there is none. */
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { findWebGpu, type WebGpu } from '../webgpu/open.ts';

/** Manifests of SwiftShader as packages of Chromium carry it. llvmpipe of Debian 12 is too old for Dawn. */
const drivers = [
  '/usr/lib/chromium/vk_swiftshader_icd.json',
  '/usr/lib/chromium-browser/vk_swiftshader_icd.json',
  '/usr/lib64/chromium-browser/vk_swiftshader_icd.json',
];

const INSTALL = 'apt-get install --no-install-recommends libvulkan1 chromium-common';

/**
 * Makes SwiftShader the only GPU of this process. A text says why there is none, and the line that installs it.
 * Before anything else that asks for a GPU: the loader of Vulkan reads its environment once.
 */
export async function useSoftwareGpu(): Promise<Extract<WebGpu, { kind: 'found' }> | string> {
  const driver = drivers.find((path) => existsSync(path));
  if (driver === undefined) return `no SwiftShader here: ${INSTALL}`;
  process.env['VK_ICD_FILENAMES'] = driver;
  process.env['VK_DRIVER_FILES'] = driver;
  process.env['XDG_RUNTIME_DIR'] ??= tmpdir();
  const found = await findWebGpu();
  return found.kind === 'found' ? found : `${found.reason}: ${INSTALL}`;
}
