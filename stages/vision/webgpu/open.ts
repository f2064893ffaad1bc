/**
 * TensorFlow.js on a GPU through WebGPU: Dawn, Chromium's implementation, as the npm package `webgpu`.
 * It speaks Vulkan, Metal or Direct3D 12, so it needs the driver that any GPU comes with and no CUDA.
 */
import { readdirSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs-core';

/** What an adapter says of itself, in Dawn's words: `nvidia-h100-80gb-hbm3`, `apple-m1-max`. */
interface AdapterInfo {
  readonly vendor: string;
  readonly architecture: string;
  readonly device: string;
  readonly description: string;
  /** A CPU that plays a GPU: SwiftShader, llvmpipe, WARP. */
  readonly isFallbackAdapter: boolean;
}

interface Adapter {
  readonly info: AdapterInfo;
  readonly features: ReadonlySet<string>;
  readonly limits: Readonly<Record<string, number>>;
  requestDevice(wanted: {
    readonly requiredFeatures: readonly string[];
    readonly requiredLimits: Readonly<Record<string, number>>;
  }): Promise<Device>;
}

interface Device {
  readonly lost: Promise<{ readonly reason: string; readonly message: string }>;
  addEventListener(
    type: 'uncapturederror',
    listener: (event: { readonly error: { readonly message: string } }) => void,
  ): void;
}

interface Gpu {
  requestAdapter(wanted: { readonly powerPreference: 'high-performance' }): Promise<Adapter | null>;
}

/** The two packages, as far as they are used. */
interface Packages {
  readonly create: (options: readonly string[]) => Gpu;
  readonly globals: object;
  readonly WebGPUBackend: new (device: Device, info: AdapterInfo) => tf.KernelBackend;
}

export type WebGpu =
  | {
      readonly kind: 'found';
      /** The adapter by name, for people. */
      readonly adapter: string;
      /** A CPU computes: right, but slower than any other backend. */
      readonly software: boolean;
      /** Registers the backend `webgpu`; it is not yet the active one. Throws GpuError. */
      readonly register: () => Promise<void>;
    }
  | { readonly kind: 'absent'; readonly reason: string; readonly hint: string };

/** The GPU refused, failed or went away; the results since are worthless. */
class GpuError extends Error {
  override readonly name = 'GpuError';
  readonly hint =
    'give `train.batch_size` a smaller number, or train without it: train.backend=wasm';
}

/**
 * Limits that the kernels of TensorFlow.js make use of; a device otherwise has the least that WebGPU promises,
 * such as 128 MiB for a tensor.
 */
const LIMITS = [
  'maxBufferSize',
  'maxStorageBufferBindingSize',
  'maxComputeWorkgroupStorageSize',
  'maxComputeWorkgroupsPerDimension',
  'maxComputeWorkgroupSizeX',
  'maxComputeInvocationsPerWorkgroup',
] as const;

/**
 * Kernels handed to the driver at once. With the 15 of TensorFlow.js a step of the default model spent two thirds of
 * its time handing over (1.5 ms each on an H100); what is freed in between is only then used again.
 */
const KERNELS_AT_ONCE = 128;

const FEATURES = ['timestamp-query', 'bgra8unorm-storage'] as const;

// Dawn's threads work for an adapter and a device only as long as somebody holds what made them; a collected one
// ends the process in the middle of a call. Held here it lets the process end by itself.
let held: Gpu | undefined;

/** Looks for a GPU. Prints nothing unless a driver is broken; costs a tenth of a second, and a few MB of memory. */
export async function findWebGpu(): Promise<WebGpu> {
  const packages = await loadPackages();
  if (packages === undefined) {
    return {
      kind: 'absent',
      reason: 'the packages `webgpu` and `@tensorflow/tfjs-backend-webgpu` are not installed',
      hint: 'run `npm ci` where optional packages are not left out',
    };
  }
  held ??= packages.create([]);
  const gpu = held;
  const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
  if (adapter === null) {
    return {
      kind: 'absent',
      reason: 'no GPU answers by way of WebGPU',
      hint: 'install the driver of the GPU, and on Linux the loader of Vulkan (apt-get install libvulkan1)',
    };
  }
  return {
    kind: 'found',
    adapter: nameOf(adapter.info),
    software: isSoftware(adapter.info),
    register: async () => register(packages, gpu, await openDevice(adapter), adapter.info),
  };
}

/** Whether the kernel of this machine shows a GPU at all: looking closer loads 20 MB and lets Dawn complain. */
export function mayHaveGpu(
  platform: NodeJS.Platform = process.platform,
  list: (folder: string) => readonly string[] = listFolder,
): boolean {
  if (platform !== 'linux') return true;
  const devices = [...list('/dev'), ...list('/dev/dri')];
  return devices.some((name) =>
    /^(nvidia\d+|renderD\d+|dxg|mali\d+|kgsl-.*|nvhost-gpu)$/.test(name),
  );
}

function listFolder(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** Also by name, since drivers have been seen that call themselves a GPU. */
export function isSoftware(info: AdapterInfo): boolean {
  const words = [info.vendor, info.architecture, info.device, info.description].join(' ');
  return info.isFallbackAdapter || /swiftshader|llvmpipe|lavapipe|basic render/i.test(words);
}

function nameOf({ device, description, architecture, vendor }: AdapterInfo): string {
  // A name on one line in the log and in lineage, whatever a driver calls itself.
  const name = [device, description, architecture, vendor].find((text) => text !== '') ?? 'a GPU';
  return name.replace(/\s+/g, ' ').trim().slice(0, 80);
}

async function loadPackages(): Promise<Packages | undefined> {
  try {
    // In this order: the backend registers itself by its own lights if it finds a GPU in `navigator`.
    const { WebGPUBackend } = await import('@tensorflow/tfjs-backend-webgpu');
    const { create, globals } = await import('webgpu');
    return { create, globals, WebGPUBackend } as unknown as Packages;
  } catch (error) {
    const { code } = error as { code?: unknown };
    // The second: no binary for this platform, or one that its C library does not suit.
    const missing = ['ERR_MODULE_NOT_FOUND', 'MODULE_NOT_FOUND', 'ERR_DLOPEN_FAILED'];
    if (missing.includes(String(code))) return undefined;
    throw error;
  }
}

async function openDevice(adapter: Adapter): Promise<Device> {
  try {
    return await adapter.requestDevice({
      requiredFeatures: FEATURES.filter((feature) => adapter.features.has(feature)),
      requiredLimits: Object.fromEntries(LIMITS.map((name) => [name, adapter.limits[name] ?? 0])),
    });
  } catch (error) {
    throw new GpuError(`${nameOf(adapter.info)} gives no device: ${(error as Error).message}`);
  }
}

function register(packages: Packages, gpu: Gpu, device: Device, info: AdapterInfo): void {
  // What WebGPU calls GPUBuffer, GPUMapMode and so on; the backend looks for them here, and for `gpu` there.
  Object.assign(globalThis, packages.globals);
  Object.defineProperty(globalThis.navigator, 'gpu', { value: gpu, configurable: true });
  tf.env().set('WEBGPU_DEFERRED_SUBMIT_BATCH_SIZE', KERNELS_AT_ONCE);
  const Guarded = guarded(packages.WebGPUBackend, device, nameOf(info));
  tf.registerBackend('webgpu', () => new Guarded(device, info), 3);
}

/**
 * A backend that answers no more once its device has failed. WebGPU reports what goes wrong (no memory left, a
 * driver that was reset) beside the calls, which go on and compute with zeros.
 */
function guarded(
  WebGPUBackend: Packages['WebGPUBackend'],
  device: Device,
  name: string,
): Packages['WebGPUBackend'] {
  let failure: GpuError | undefined;
  device.addEventListener('uncapturederror', ({ error }) => {
    failure ??= new GpuError(`${name} failed: ${error.message}`);
  });
  void device.lost.then(({ reason, message }) => {
    if (reason !== 'destroyed') failure ??= new GpuError(`${name} is lost: ${message}`);
  });
  return class extends WebGPUBackend {
    override async read(dataId: object): Promise<tf.backend_util.BackendValues> {
      try {
        const values = await super.read(dataId);
        if (failure === undefined) return values;
      } catch (error) {
        throw failure ?? error;
      }
      throw failure;
    }

    override readSync(dataId: object): tf.backend_util.BackendValues {
      const tensors = this as unknown as {
        tensorMap: { get(id: object): { values?: tf.backend_util.BackendValues | null } };
      };
      // Numbers that never were on the GPU.
      const { values } = tensors.tensorMap.get(dataId);
      if (values !== undefined && values !== null) return values;
      throw new Error('bug: a tensor on the GPU was read synchronously, which WebGPU cannot do');
    }
  };
}
